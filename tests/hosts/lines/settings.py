"""A host with order lines of its own, which belong to the app's orders and organizations."""

from tests.hosts.base import *  # noqa: F403
from tests.hosts.base import INSTALLED_APPS, use_test_database

INSTALLED_APPS = [*INSTALLED_APPS, "tests.hosts.lines"]
TIMP_ORDERS_ORDER_ITEM_MODEL = "lines.OrderLine"

use_test_database("lines")
