"""Runs the fuzzer; see the package."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers import ROOT, demo

TOKENS = {"supplier": "1234567890", "retailer": "0987654321"}
CONFIG = Path(__file__).with_name("schemathesis.toml")


def fuzz(base: str, token: str, examples: str, folder: str) -> int:
    command = [
        Path(sys.executable).with_name("schemathesis"),
        f"--config-file={CONFIG}",
        "run",
        f"{base}/schema/openapi.yaml",
        f"--header=Authorization: Token {token}",
        "--checks=all",
        "--phases=examples,coverage,fuzzing,stateful",
        f"--max-examples={examples}",
        "--continue-on-failure",
        "--generation-deterministic",
        "--no-color",
    ]
    variables = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(command, check=False, cwd=folder, env=variables).returncode


def main() -> int:
    examples = sys.argv[1] if len(sys.argv) > 1 else "100"
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/fuzz.sqlite3"
        failed = []
        for caller, token in TOKENS.items():
            with demo() as base:
                print(f"As the {caller}:", flush=True)
                if fuzz(base, token, examples, folder):
                    failed.append(caller)
        return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
