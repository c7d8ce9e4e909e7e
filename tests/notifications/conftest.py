"""Fixtures of the tests of notifications: receivers, an endpoint that listens, a worker."""

import pytest
from django.core.management import call_command
from notifications import receivers
from notifications.models import Endpoint, MailPreference

from tests.notifications.receiver import endpoint
from tests.test_refunds import database, empty_sqlite, redis_url, tasks  # noqa: F401

LOCAL = {"ALLOW_HTTP": True, "ALLOWED_NETWORKS": ["127.0.0.0/8"]}


@pytest.fixture
def connected(settings):
    settings.NOTIFICATIONS = LOCAL
    receivers.connect()
    yield
    receivers.disconnect()


@pytest.fixture
def inbox():
    with endpoint() as inbox:
        yield inbox


@pytest.fixture
def listen(inbox):
    """Let an organization be called at the inbox."""

    def listen(organization, path="/hook"):
        url = f"http://127.0.0.1:{inbox.port}{path}"
        made = Endpoint.objects.create(organization=organization, url=url)
        inbox.secrets.append(made.secret)
        return made

    return listen


@pytest.fixture
def write_to():
    return lambda organization, frequency: MailPreference.objects.create(
        organization=organization, frequency=frequency
    )


def work():
    """Run the worker until nothing is due."""
    call_command("db_worker", batch=True, startup_delay=False, interval=0, verbosity=0)
