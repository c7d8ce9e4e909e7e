"""A host whose router puts the app, and nothing else, on a database of its own."""

from copy import deepcopy

from tests.hosts.base import *  # noqa: F403
from tests.hosts.base import DATABASES, use_test_database

use_test_database("own_database")
DATABASES["trail"] = deepcopy(DATABASES["default"])
if "TEST" in DATABASES["trail"]:
    DATABASES["trail"]["TEST"]["NAME"] += "_trail"
DATABASE_ROUTERS = ["tests.hosts.own_database.router.OwnDatabaseRouter"]
