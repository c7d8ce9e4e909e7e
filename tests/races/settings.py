"""The example project, served as a host would, with a receiver that writes a row per decision."""

import os
from datetime import timedelta

from example.settings import *  # noqa: F403
from example.settings import DATABASES, INSTALLED_APPS

DEBUG = False
SECRET_KEY = "for the races only"
INSTALLED_APPS = [
    *(app for app in INSTALLED_APPS if app not in ("refunds", "reminders", "notifications")),
    "tests.races",
]
TIMP_ORDERS = {
    "PARTIAL_QUANTITIES": "RACES_PARTS" in os.environ,
    "RESPOND_WITHIN": timedelta(days=1),
    "REMIND_BEFORE": timedelta(hours=1),
    "ON_DEADLINE": "confirm",
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
WSGI_APPLICATION = "tests.races.wsgi.application"
DATABASES["default"] |= {
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # else in the memory of one process
    DATABASES["default"]["TEST"] = {"NAME": os.environ["RACES_SQLITE"]}
