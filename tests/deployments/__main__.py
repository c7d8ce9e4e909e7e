"""``python -m tests.deployments``: see the docstring of this package."""

import argparse
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "example_project"))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.deployments.settings"
SCRATCH = tempfile.TemporaryDirectory(prefix="timp-orders-deployments-")
os.environ["RACES_SQLITE"] = str(Path(SCRATCH.name) / "none.sqlite3")

import django  # noqa: E402

django.setup()

from tests import deployments  # noqa: E402
from tests.deployments.table import Table  # noqa: E402


def found():
    """Return the modules of this package that are deployments, by name."""
    names = [module.name for module in iter_modules(deployments.__path__)]
    modules = {
        name: import_module(f"tests.deployments.{name}") for name in names if name != "__main__"
    }
    return {name: module for name, module in modules.items() if hasattr(module, "TITLE")}


def parse(modules):
    lines = [f"  {name:16} {module.TITLE}" for name, module in modules.items()]
    parser = argparse.ArgumentParser(
        prog="python -m tests.deployments",
        epilog="\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="all of them by default")
    parser.add_argument("--short", action="store_true", help="what CI runs")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(modules):
        parser.error(f"there is no deployment {', '.join(sorted(unknown))}")
    return arguments


def main():
    modules = found()
    arguments = parse(modules)
    table = Table()
    for name in arguments.names or modules:
        table.begin(name, modules[name].TITLE)
        table.run("set up and stopped", modules[name].run, table, short=arguments.short)
    print(table.text())
    return 1 if table.broken else 0


if __name__ == "__main__":
    sys.exit(main())
