"""The steps of "Uninstalling" in ``docs/hosts.rst``: the host works on without the app."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent
HOST = ROOT / "tests" / "hosts" / "companies"

SETTINGS = """
from tests.hosts.base import *

INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in ("timp_orders", "django_filters")]
INSTALLED_APPS += {apps}
ROOT_URLCONF = "after_urls"
"""
URLS = """
from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
"""
# What is taken out of the code, and what takes its place.
MODELS = [
    ("from timp_orders.models import AbstractOrderItem\n", ""),
    (
        "class Line(AbstractOrderItem):",
        "class Line(models.Model):\n"
        "    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)",
    ),
]
ADMIN = [
    (
        "from timp_orders.admin import (\n"
        "    AwaitingDecisionFilter,\n"
        "    CancellationActionsMixin,\n"
        "    OpenReasonFilter,\n"
        "    OrderItemInlineMixin,\n"
        ")\n",
        "",
    ),
    ("CancellationActionsMixin, ", ""),
    ("OrderItemInlineMixin, ", ""),
    ("AwaitingDecisionFilter, OpenReasonFilter, ", ""),
    ("tests.hosts.companies", "companies"),
]
MIGRATION = [('    run_before = [("timp_orders", "0002_order_items")]\n', "")]


@pytest.fixture
def manage(tmp_path):
    """Run a command of the project, on a database of its own."""

    def manage(settings, *command):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "django", *command, "--settings", settings],
            cwd=tmp_path,
            env=os.environ
            | {
                "DATABASE_URL": f"sqlite:///{tmp_path / 'host.sqlite3'}",
                "PYTHONPATH": os.pathsep.join(
                    [str(tmp_path), str(ROOT), str(ROOT / "example_project")]
                ),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return manage


def replaced(path, changes):
    text = path.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text)


def write_host_without_the_app(directory, host):
    """Step 4: take the app out of the code."""
    if host == "companies":
        package = directory / "companies"
        shutil.copytree(HOST, package, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("policy.py", "settings.py", "world.py"):
            (package / name).unlink()
        replaced(package / "models.py", MODELS)
        replaced(package / "admin.py", ADMIN)
        replaced(package / "migrations" / "0002_lines.py", MIGRATION)
    apps = ["companies"] if host == "companies" else []
    (directory / "after.py").write_text(SETTINGS.format(apps=apps))
    (directory / "after_urls.py").write_text(URLS)


@pytest.mark.parametrize("host", ["plain", "companies"])
def test_a_host_works_on_without_the_app(manage, tmp_path, host):
    before = f"tests.hosts.{host}.settings"
    manage(before, "migrate")
    plan = manage(before, "migrate", "timp_orders", "zero", "--plan")
    named = [line.split(".")[0] for line in plan.splitlines()[1:] if not line.startswith(" ")]
    assert set(named) == {"timp_orders"}
    manage(before, "migrate", "timp_orders", "zero")

    write_host_without_the_app(tmp_path, host)
    manage("after", "check")
    if host == "companies":
        manage("after", "makemigrations", "companies", "--name", "without_timp_orders")
        assert "(no-op)" in manage("after", "sqlmigrate", "companies", "0006")
    manage("after", "migrate")
    manage("after", "remove_stale_contenttypes", "--include-stale-apps", "--no-input")
    left = manage(
        "after",
        "shell",
        "--no-imports",
        "--command",
        "from django.db import connection as c; from django.contrib.auth.models import Permission;"
        "print([n for n in c.introspection.table_names() if n.startswith('timp')],"
        "Permission.objects.filter(content_type__app_label='timp_orders').count())",
    )
    assert left.strip() == "[] 0"
