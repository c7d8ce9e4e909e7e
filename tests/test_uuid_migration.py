"""The migration that ``manage.py uuid_migration`` writes, on a table that has rows."""

import os
import subprocess
import sys
from io import StringIO
from textwrap import dedent

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from tests.servers import ROOT

MODELS = """
import uuid

from django.db import models

from timp_orders.models import AbstractOrderItem


class Basket(models.Model):
    name = models.CharField(max_length=20)
    {basket}


class Line({base}):
    basket = models.ForeignKey(Basket, on_delete=models.CASCADE)
    {line}
"""
BEFORE = {"base": "models.Model", "basket": "", "line": "status = models.CharField(max_length=9)"}
AFTER = {
    "base": "AbstractOrderItem",
    "basket": "token = models.UUIDField('a token', unique=True, default=uuid.uuid4)",
    "line": """status = models.CharField(max_length=9)
    CANCELLABLE_STATUSES = SHIPPED_STATUSES = []
    CANCELLED_STATUS = "void"
""",
}
SETTINGS = """
SECRET_KEY = "tests"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "timp_orders", "shelf"]
DATABASES = {databases!r}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIMP_ORDERS_ORDER_ITEM_MODEL = "shelf.Line"
USE_TZ = True
"""


class Project:
    """A project with an app ``shelf``, on a database of its own."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "shelf").mkdir()
        (folder / "shelf" / "__init__.py").touch()
        wanted = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")
        database = {name: str(connection.settings_dict[name]) for name in wanted}
        self.name = f"{database['NAME']}_shelf"
        database["NAME"] = self.name
        if connection.vendor == "sqlite":
            database["NAME"] = str(folder / "shelf.sqlite3")
        self.on_the_server("DROP DATABASE IF EXISTS")
        self.on_the_server("CREATE DATABASE")
        text = SETTINGS.format(databases={"default": database})
        (folder / "shelf_settings.py").write_text(text)

    def on_the_server(self, statement):
        if connection.vendor != "sqlite":
            with connection._nodb_cursor() as cursor:
                cursor.execute(f"{statement} {connection.ops.quote_name(self.name)}")

    def models(self, parts):
        (self.folder / "shelf" / "models.py").write_text(MODELS.format(**parts))

    def manage(self, *arguments):
        done = subprocess.run(
            [sys.executable, "-m", "django", *arguments, "--settings=shelf_settings"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(self.folder), str(ROOT)])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def project(tmp_path, db):
    project = Project(tmp_path)
    yield project
    project.on_the_server("DROP DATABASE")


def test_rows_that_exist_get_a_uuid_each(project):
    project.models(BEFORE)
    project.manage("makemigrations", "shelf", "--skip-checks")
    project.manage("migrate", "shelf", "--skip-checks")
    project.manage(
        "shell",
        "-c",
        dedent("""
            from django.db import connection
            with connection.cursor() as cursor:
                for name in "abc":
                    cursor.execute("INSERT INTO shelf_basket (name) VALUES (%s)", [name])
                cursor.execute(
                    "INSERT INTO shelf_line (status, basket_id) SELECT 'open', id FROM shelf_basket"
                )
        """),
    )
    project.models(AFTER)
    written = project.manage("uuid_migration", "shelf.Line", "shelf.Basket").strip()
    assert written.endswith("/shelf/migrations/0002_uuids.py")
    text = (project.folder / "shelf" / "migrations" / "0002_uuids.py").read_text()
    printed = project.manage("uuid_migration", "shelf.Line", "shelf.Basket", "--dry-run")
    assert printed.replace("0002_uuids", "0001_initial") == text
    assert 'run_before = [("timp_orders", "0002_order_items")]' in text
    project.manage("migrate", "shelf", "--skip-checks")
    project.manage("makemigrations", "shelf", "--check", "--dry-run", "--skip-checks")
    counted = project.manage(
        "shell",
        "-v0",
        "-c",
        "from shelf.models import *\n"
        "print([m.objects.values(f).distinct().count() for m, f in"
        " ((Line, 'uuid'), (Basket, 'token'))])",
    )
    assert counted.strip() == "[3, 3]"


@pytest.mark.parametrize(
    ("models", "message"),
    [
        (["nonsense"], "There is no model nonsense"),
        (["timp_orders.Nothing"], "There is no model"),
        (["auth.User"], "auth.User has no unique UUIDField"),
        (["timp_orders.Order", "auth.User"], "Models of one app at a time"),
    ],
)
def test_what_it_cannot_write_is_told(models, message):
    with pytest.raises(CommandError, match=message):
        call_command("uuid_migration", *models)


def test_an_app_without_migrations_is_told(monkeypatch):
    monkeypatch.setattr(settings, "MIGRATION_MODULES", {"timp_orders": None}, raising=False)
    with pytest.raises(CommandError, match="timp_orders must have migrations"):
        call_command("uuid_migration", "timp_orders.Order", stdout=StringIO())


def test_only_the_item_model_comes_before_the_apps_own_migrations():
    output = StringIO()
    call_command("uuid_migration", "timp_orders.Order", "--dry-run", stdout=output)
    assert "run_before = []" in output.getvalue()
    compile(output.getvalue(), "0007_uuids.py", "exec")
