"""Hosts of every kind, each a project of its own: the app's models, own lines, all of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent
# Each pair is a process. The workflow of the last host drops tables that migrations would miss.
RUNS = [
    ("plain", ["workflow", "migrating"]),
    ("lines", ["workflow", "migrating"]),
    ("companies", ["workflow"]),
    ("companies", ["migrating", "many_lines"]),
]


def run(host, specifications):
    """Run tests in a process of its own: settings name the models before any import."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *(f"tests/hosts/{name}.py" for name in specifications),
            f"--ds=tests.hosts.{host}.settings",
            "--quiet",
            "-n0",
            "-p",
            "no:cacheprovider",
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("host", "specifications"), RUNS)
def test_a_host_of_this_kind_works(host, specifications):
    done = run(host, specifications)
    assert done.returncode == 0, done.stdout + done.stderr
