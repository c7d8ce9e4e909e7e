"""Results as tables on stdout, as JSON, and as a chart."""

import json
import os
import platform
from datetime import date
from importlib.metadata import version

from django.db import connection

PACKAGES = ["Django", "djangorestframework", "django-fsm-2", "django-simple-history"]


class Results:
    """What was measured on one database.

    :param folder: has a JSON file for each database; parts that are not measured anew stay.
    """

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._path = folder / f"{database().split()[0].lower()}.json"
        self._parts = {}
        if self._path.exists():
            self._parts = json.loads(self._path.read_text())["parts"]

    def add(self, part, about, rows):
        """Print the rows and keep them."""
        self._parts[part] = {"about": about, "measured": date.today().isoformat(), "rows": rows}
        print(f"\n{about}\n\n{table(rows)}\n", flush=True)
        content = {"machine": machine(), "database": database(), "parts": self._parts}
        self._path.write_text(json.dumps(content, indent=1) + "\n")

    def draw(self):
        """Draw how the contenders compare, on every database that was measured so far."""
        try:
            from tests.benchmarks.chart import draw
        except ImportError as error:
            print(f"No chart: {error}. (The extra 'benchmark' has what it needs.)")
            return
        measured = [json.loads(path.read_text()) for path in sorted(self._folder.glob("*.json"))]
        draw(measured, self._folder / "benchmark.svg")


def table(rows):
    """Lay rows out as a simple table of reStructuredText; their keys are its heading."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [columns, *([str(row.get(name, "")) for name in columns] for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    rule = "  ".join("=" * width for width in widths)
    texts = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([rule, texts[0], rule, *texts[1:], rule])


def database():
    """Name the database and its version."""
    connection.ensure_connection()
    name = "MariaDB" if getattr(connection, "mysql_is_mariadb", False) else connection.display_name
    return f"{name} {'.'.join(map(str, connection.get_database_version()))}"


def machine():
    """Describe what the figures depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": os.cpu_count(),
        "memory": f"{memory:.0f} GiB",
        "processor": _processor(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "Python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def _processor():
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(": ")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()
