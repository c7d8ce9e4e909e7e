"""A host with nothing of its own."""

from tests.hosts.base import *  # noqa: F403
from tests.hosts.base import use_test_database

use_test_database("plain")
