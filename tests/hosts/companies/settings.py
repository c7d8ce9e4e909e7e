"""A host with lines, orders and companies of its own: the app's are never asked."""

from tests.hosts.base import *  # noqa: F403
from tests.hosts.base import INSTALLED_APPS, use_test_database

INSTALLED_APPS = [*INSTALLED_APPS, "tests.hosts.companies"]
TIMP_ORDERS_ORDER_ITEM_MODEL = "companies.Line"
TIMP_ORDERS = {"POLICY": "tests.hosts.companies.policy.CompanyPolicy"}

use_test_database("companies")
