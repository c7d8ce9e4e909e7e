"""The database that this process looks at, which is another for each deployment."""

import os
import subprocess
import sys

import dj_database_url
from django.core.management import call_command
from django.db import connections

from tests.servers import MANAGE


def use(url, *, migrate=False, **options):
    """Lead this process, and the servers that it starts, to another database.

    :param migrate: make its tables; their rows are the scenario's own.
    :param options: of this process's connections.
    """
    connections["default"].close()
    os.environ["DATABASE_URL"] = url
    connections.settings["default"] = {**dj_database_url.parse(url), "OPTIONS": options}
    connections.configure_settings(connections.settings)
    del connections["default"]
    if migrate:
        call_command("migrate", run_syncdb=True, verbosity=0)


def migrate_in(environment):
    """Make the tables of apps that this process does not have, but servers have."""
    command = [sys.executable, str(MANAGE), "migrate", "--verbosity=0"]
    subprocess.run(command, env=environment, check=True)
