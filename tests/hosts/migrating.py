"""The migrations of a host with the app: complete, and there and back. Run by ``test_hosts.py``."""

from importlib import import_module

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

host = import_module(f"{settings.SETTINGS_MODULE.rpartition('.')[0]}.world")


def tables():
    return {
        name
        for name in connection.introspection.table_names()
        if name.startswith(tuple(f"{app}_" for app in host.APPS))
    }


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run")


@pytest.mark.django_db(transaction=True)
def test_they_run_forward_back_to_nothing_and_forward_again():
    latest = tables()
    assert "timp_orders_cancellation" in latest
    for app in host.APPS:
        call_command("migrate", app, "zero", verbosity=0)
    assert tables() == set()
    call_command("migrate", verbosity=0)
    assert tables() == latest
