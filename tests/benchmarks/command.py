"""The command line: which parts are measured, and where the results go."""

import argparse
from importlib import import_module
from pathlib import Path

import django
from django.conf import settings
from django.test.utils import setup_databases, teardown_databases

PARTS = [
    "confirm",
    "bulk",
    "changes",
    "deadlines",
    "history",
    "whole",
    "hot",
    "server",
    "scale",
    "startup",
]


def main():
    options = _options()
    django.setup()
    assert not settings.DEBUG
    from tests.benchmarks.report import Results

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        results = Results(options.folder)
        for part in options.parts or PARTS:
            module = import_module(f"tests.benchmarks.{part}")
            results.add(part, module.__doc__, module.measure(options))
        results.draw()
    finally:
        teardown_databases(databases, verbosity=0)


def _options():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="What timp_orders costs beside other ways to do the same. Measures on the "
        "database of DATABASE_URL, in a test database beside it.",
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; or all")
    parser.add_argument("--short", action="store_true", help="small and quick, for CI")
    parser.add_argument("--rounds", type=int, default=3000, help="requests of each contender")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("benchmark-results"),
        help="for the JSON files and the chart (default: %(default)s)",
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return options
