"""What the settings of the hosts share."""

from example.settings import *  # noqa: F403
from example.settings import DATABASES, INSTALLED_APPS

# The example's own, and what only they need.
OTHERS = ("example", "refunds", "reminders", "notifications", "django_tasks_db")
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in OTHERS]
ROOT_URLCONF = "tests.hosts.urls"
TIMP_ORDERS: dict[str, object] = {}


def use_test_database(name: str) -> None:
    """Take a test database of the host's own, since hosts are tested beside each other."""
    default = DATABASES["default"]
    if default["ENGINE"] != "django.db.backends.sqlite3":
        default["TEST"] = {"NAME": f"test_{default['NAME']}_{name}"}
