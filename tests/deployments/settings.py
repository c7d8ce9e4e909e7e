"""The settings of the races, with what a deployment adds by its environment."""

import json
import os

import dj_database_url

from tests.races.settings import *  # noqa: F403
from tests.races.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, *os.environ.get("DEPLOYMENT_APPS", "").split()]
DATABASES["default"] |= json.loads(os.environ.get("DEPLOYMENT_DATABASE", "{}"))
ROOT_URLCONF = "tests.deployments.urls"
# What a 500 was about is in the log of the server.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
}
if "DEPLOYMENT_REPLICA" in os.environ:
    DATABASES["replica"] = dj_database_url.parse(os.environ["DEPLOYMENT_REPLICA"])
    DATABASE_ROUTERS = ["tests.deployments.router.ReplicaRouter"]
globals().update(json.loads(os.environ.get("DEPLOYMENT_SETTINGS", "{}")))
