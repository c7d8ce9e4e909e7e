"""The settings of the races, with what a deployment adds by its environment."""

import json
import os

from tests.races.settings import *  # noqa: F403
from tests.races.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, *os.environ.get("DEPLOYMENT_APPS", "").split()]
DATABASES["default"] |= json.loads(os.environ.get("DEPLOYMENT_DATABASE", "{}"))
ROOT_URLCONF = "tests.deployments.urls"
globals().update(json.loads(os.environ.get("DEPLOYMENT_SETTINGS", "{}")))
