"""A shop on django-oscar adopts the app, by docs/hosts.rst alone.

``python -m tests.outside oscar``: a fresh environment with Django 5.2, Oscar's own models and
factories, tables that are filled before the app comes, on SQLite and PostgreSQL.
"""

import os
import re
import shutil
import subprocess
import venv
from pathlib import Path
from textwrap import dedent

from tests.servers import ROOT

HERE = Path(__file__).parent
PAGE = (ROOT / "docs" / "hosts.rst").read_text()
SECTION = PAGE.partition("An existing shop\n")[2].partition("What your own code must know\n")[0]
LINES = 60
"""Lines of code that a host writes at most."""

REQUIRED = ["django-oscar[sorl-thumbnail]>=4,<5", "Django~=5.2.0", "psycopg[binary]"]
URLS = """
from django.apps import apps
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
"""


def files():
    """Yield the files of the section, by their paths."""
    for name, code in re.findall(r"    :caption: (\S+)\n\n((?:    .*\n|\n)+)", SECTION):
        yield name, dedent(code)


def commands():
    """Return the commands of the section, each as it is typed."""
    forked = re.search(r"``python (manage\.py oscar_fork_app .*?)``", SECTION)[1]
    printed, migrated = re.findall(r"^    python (manage\.py .*)$", SECTION, re.M)
    return forked, printed, migrated


class Shop:
    """A shop in a folder of its own, on one database."""

    def __init__(self, folder, python, database):
        self.folder, self.python = folder, python
        self.environment = {
            **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
            "DATABASE_URL": database,
            "DJANGO_SETTINGS_MODULE": "shop.settings",
        }

    def run(self, *arguments, shell=None):
        command = f"{self.python} {shell}" if shell else [str(self.python), *arguments]
        print("$", shell or " ".join(map(str, arguments)), flush=True)
        subprocess.run(
            command, cwd=self.folder, env=self.environment, check=True, shell=bool(shell)
        )

    def act(self, name):
        shutil.copy(HERE / name, self.folder)
        self.run(name)

    def open(self):
        """Start the shop, and let it sell."""
        self.folder.mkdir()
        self.run("-m", "django", "startproject", "shop", ".")
        with (self.folder / "shop" / "settings.py").open("a") as settings:
            settings.write("\n" + (HERE / "oscar_settings.py").read_text())
        (self.folder / "shop" / "urls.py").write_text(URLS)
        self.run("manage.py", "migrate", "-v0")
        self.act("oscar_orders.py")

    def adopt(self):
        """Take the steps of the documentation."""
        forked, printed, migrated = commands()
        self.run(shell=forked)
        for name, code in files():
            path = self.folder / name
            is_added = name in ("shop/settings.py", "shop/urls.py")
            path.write_text((path.read_text() if is_added else "") + "\n" + code)
        self.run(shell=printed)
        self.run(shell=migrated.replace("&& python", f"&& {self.python}"))
        self.run("manage.py", "makemigrations", "order", "timp_orders", "--check", "--dry-run")


def count():
    """Count the lines of code that the host writes."""
    lines = [line.strip() for _, code in files() for line in code.splitlines()]
    return sum(bool(line) and not line.startswith("#") for line in lines)


def fresh_postgresql():
    """Make an empty database; return its URL."""
    server = "postgres://postgres@127.0.0.1:5432"
    import psycopg

    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS timp_orders_oscar WITH (FORCE)")
        connection.execute("CREATE DATABASE timp_orders_oscar")
    return f"{server}/timp_orders_oscar"


def adopted(folder):
    """Adopt Oscar on both databases, and let customers, partners and staff act."""
    assert count() <= LINES, f"{count()} lines are too many"
    python = folder / "venv" / "bin" / "python"
    venv.create(folder / "venv", with_pip=True)
    install = [python, "-m", "pip", "install", "-q", *REQUIRED, "dj-database-url", "factory-boy"]
    subprocess.run([*install, str(ROOT)], check=True)
    databases = {"sqlite": f"sqlite:///{folder}/shop.sqlite3", "postgresql": fresh_postgresql()}
    for name, database in databases.items():
        shop = Shop(folder / name, python, database)
        shop.open()
        shop.adopt()
        shop.act("oscar_acts.py")
    print(f"django-oscar: adopted with {count()} lines, on {' and '.join(databases)}")
    return 0
