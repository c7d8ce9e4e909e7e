"""Lint the demonstration's schema, generate clients of it, and let them drive the demonstration.

``python -m tests.generated_clients [folder]`` needs npm and the extra ``clients``. What is
installed and generated lies in the folder, or in one that is removed at the end. The versions are
pinned: npm's in ``package.json`` and its lock, PyPI's in ``setup.cfg``.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers import MANAGE, demo, environment

HERE = Path(__file__).parent
PROGRAMS = Path(sys.executable).parent
SETTINGS = ["example.settings", "tests.generated_clients.openapi_31"]
"""With drf-spectacular's default version of OpenAPI, and with the one that a host may set."""

GENERATORS = [
    ["openapi-typescript", "openapi.yaml", "-o", "openapi_typescript/schema.ts"],
    ["openapi-ts", "-i", "openapi.yaml", "-o", "hey_api", "-c", "@hey-api/client-fetch"],
    [
        *["openapi-python-client", "generate", "--path=openapi.yaml", "--meta=none", "--overwrite"],
        *["--output-path=openapi_python_client_client", "--fail-on-warning"],
    ],
]
CLIENTS = [
    ["node", "built/with_openapi_fetch.js"],
    ["node", "built/with_hey_api.js"],
    [sys.executable, "with_openapi_python_client.py"],
]


def run(*command, cwd):
    print("$", *command, flush=True)
    path = os.pathsep.join([f"{cwd}/node_modules/.bin", str(PROGRAMS), os.environ["PATH"]])
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "true"}
    subprocess.run(command, cwd=cwd, check=True, env=environment(PATH=path, **quiet))


def install(folder):
    folder.mkdir(exist_ok=True)
    shutil.copytree(HERE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__*__*"))
    run("npm", "ci", cwd=folder)


def lint(folder, settings):
    """Write the schema as ``openapi.yaml``, and fail on any warning."""
    spectacular = [sys.executable, str(MANAGE), "spectacular", f"--settings={settings}"]
    run(*spectacular, "--file=openapi.yaml", "--validate", "--fail-on-warn", cwd=folder)
    run("redocly", "lint", "openapi.yaml", cwd=folder)
    run("spectral", "lint", "--fail-severity=warn", "openapi.yaml", cwd=folder)


def drive(folder):
    """Generate the clients; each drives a demonstration of its own."""
    for generator in GENERATORS:
        run(*generator, cwd=folder)
    run("tsc", cwd=folder)
    for client in CLIENTS:
        with (
            tempfile.TemporaryDirectory() as data,
            demo(DATABASE_URL=f"sqlite:///{data}/demo.sqlite3") as base,
        ):
            run(*client, base, cwd=folder)


def main(folder):
    install(folder)
    for settings in SETTINGS:
        lint(folder, settings)
        drive(folder)
    print(f"{len(CLIENTS) * len(SETTINGS)} passed, 0 failed")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(Path(sys.argv[1] if sys.argv[1:] else scratch).resolve())
