"""A virtual environment with a theme, and the example project that runs in it."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from tests.servers import ROOT, demo


def installed(theme, folder):
    """Make a virtual environment with the project and the theme, unless it is there already.

    :returns: its Python.
    """
    python = Path(folder) / theme.name / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)
        command = [str(python), "-m", "pip", "install", "-q", "-e", f"{ROOT}[example]"]
        subprocess.run([*command, *theme.requirements], check=True)
    return python


RECIPE = re.compile(
    r"^\.\. code-block:: \w+\n    :caption: (shop/\S+)\n\n((?:(?: {4}.*)?\n)+)", re.M
)


def write_recipe(folder):
    """Write the app ``shop`` as ``docs/admin.rst`` has it for themes."""
    text = (ROOT / "docs" / "admin.rst").read_text().partition("\nThemes\n---")[2]
    found = RECIPE.findall(text)
    assert found, "docs/admin.rst has no recipe."
    for name, code in [("shop/__init__.py", ""), *found]:
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(code))


@contextmanager
def served(theme, python, folder):
    """Run the example project's demo with the theme; give its base URL.

    :param folder: where its database is, and the recipe's app.
    """
    if theme.needs_recipe:
        write_recipe(folder)
    more = {
        "THEME": theme.name,
        "DJANGO_SETTINGS_MODULE": "tests.themes.settings",
        "DATABASE_URL": f"sqlite:///{Path(folder) / theme.name}.sqlite3",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "example_project", folder))),
    }
    with demo(python=python, **more) as base:
        yield base
