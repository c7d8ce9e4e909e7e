"""The example project's settings, its usual middleware included, with the contenders' apps."""

import os
from datetime import timedelta
from importlib.util import find_spec

from example.settings import *  # noqa: F403
from example.settings import DATABASES, INSTALLED_APPS

DEBUG = False
SECRET_KEY = "for the benchmarks only"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.benchmarks.urls"
# With parts of quantities, or, as by default, without.
TIMP_ORDERS = {"PARTIAL_QUANTITIES": "BENCHMARK_PARTS" in os.environ}
if "BENCHMARK_DEADLINES" in os.environ:
    TIMP_ORDERS |= {"RESPOND_WITHIN": timedelta(hours=48), "ON_DEADLINE": "confirm"}
# As in production; without it every request would connect anew, which also hides differences.
DATABASES["default"]["CONN_MAX_AGE"] = None

# The workers of gunicorn serve the database that the benchmark has made.
DATABASES["default"]["NAME"] = os.environ.get("BENCHMARK_DATABASE", DATABASES["default"]["NAME"])

POSTGRESQL = DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"
if POSTGRESQL:  # as docs/databases.rst has it for a role, which these databases have not
    options = DATABASES["default"].setdefault("OPTIONS", {})  # DATABASE_URL may have some, too
    options.setdefault("options", "-c max_parallel_workers_per_gather=0")
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, since that is what a host has; and the workers of gunicorn share it.
    DATABASES["default"]["TEST"] = {"NAME": "benchmarks.sqlite3"}

# Without the example's side effect of a confirmation, which no other contender has.
WITHOUT = {"example", "refunds", "reminders", "django_tasks_db"}
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in WITHOUT]
INSTALLED_APPS += ["tests.benchmarks.tutorial"]
if find_spec("django_fsm") and find_spec("simple_history"):  # the extra "benchmark"
    INSTALLED_APPS += ["simple_history", "tests.benchmarks.assembled"]
if POSTGRESQL:
    INSTALLED_APPS += ["tests.benchmarks.floor"]


class FromModels:
    """All tables made from the models: those of the contenders have no migrations."""

    def __contains__(self, app):
        return True

    def __getitem__(self, app):
        return None


MIGRATION_MODULES = FromModels()
