"""A virtual environment with a theme, and the example project that runs in it."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

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


@contextmanager
def served(theme, python, folder):
    """Run the example project's demo with the theme; give its base URL.

    :param folder: where its database is.
    """
    more = {
        "THEME": theme.name,
        "DJANGO_SETTINGS_MODULE": "tests.themes.settings",
        "DATABASE_URL": f"sqlite:///{Path(folder) / theme.name}.sqlite3",
    }
    with demo(python=python, **more) as base:
        yield base
