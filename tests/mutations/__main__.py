"""Runs the mutations; see the package."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutations.syntax import NotThere, mutated
from tests.mutations.table import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 900
NO_CODE = re.compile(r"^E +(TypeError|NameError|UnboundLocalError)\b", re.MULTILINE)


def vendor() -> str:
    scheme = os.environ.get("DATABASE_URL", "sqlite").partition(":")[0]
    return {"postgres": "postgresql", "mariadb": "mysql"}.get(scheme, scheme)


def run(mutation: Mutation | None, *pytest: str) -> subprocess.CompletedProcess:
    """Run tests on a copy of the package, mutated."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory)
        for name in ("tests", "example_project", "setup.cfg", "pyproject.toml"):
            (copy / name).symlink_to(ROOT / name)
        package = copy / "timp_orders"
        shutil.copytree(ROOT / "timp_orders", package, ignore=shutil.ignore_patterns("__pycache__"))
        if mutation:
            module = package / mutation.module
            module.write_text(mutated(module.read_text(), mutation.function, mutation.change))
        env = {**os.environ, "PYTHONPATH": directory, "PYTHONDONTWRITEBYTECODE": "1"}
        if "DATABASE_URL" in env:  # a database for each that runs at the same time
            env["DATABASE_URL"] += f"_{threading.get_native_id()}"
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *pytest],
            cwd=copy,
            env=env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )


def verdict(mutation: Mutation) -> str:
    if vendor() not in mutation.databases:
        return "only matters on " + ", ".join(mutation.databases)
    try:
        result = run(mutation, mutation.file, "-k", mutation.tests)
    except subprocess.TimeoutExpired:
        return "noticed (it hangs)"
    except NotThere as error:
        return f"BROKEN: {error}"
    if result.returncode == 0:
        return "SURVIVED"
    # Collection failed, or what is mutated cannot be run at all: that proves nothing.
    if result.returncode != 1 or NO_CODE.search(result.stdout):
        return "BROKEN\n" + result.stdout[-2000:]
    failed = [line for line in result.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return "noticed by " + failed[0].split("::", 1)[-1].split(" - ")[0]


def main() -> int:
    wanted = sys.argv[1:]
    chosen = [m for m in MUTATIONS if not wanted or any(word in m.name for word in wanted)]
    started = time.monotonic()
    bad = 0
    with ThreadPoolExecutor(2) as pool:
        unchanged = pool.submit(run, None, *sorted({mutation.file for mutation in chosen}))
        for mutation, said in zip(chosen, pool.map(verdict, chosen), strict=True):
            bad += said.startswith(("SURVIVED", "BROKEN"))
            print(f"{mutation.name:52} {said}", flush=True)
        result = unchanged.result()
    if result.returncode:
        print("The tests fail without any mutation.", result.stdout[-2000:])
        return 1
    seconds = time.monotonic() - started
    print(f"{len(chosen)} on {vendor()} in {seconds:.0f} s; {bad} survived or broken")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
