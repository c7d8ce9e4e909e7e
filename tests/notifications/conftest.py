"""Fixtures of the tests of notifications: receivers, an endpoint that listens, a worker."""

import pytest
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult
from freezegun import freeze_time
from notifications import receivers
from notifications.models import Endpoint, MailPreference, Message

from tests.notifications.receiver import endpoint
from tests.test_refunds import database, empty_sqlite, redis_url, tasks  # noqa: F401
from timp_orders import services
from timp_orders.services import SYSTEM
from timp_orders.testing import CancellationFactory

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
    """Carry out what is due, as the worker does, but inside the transaction of a test."""
    worker = Worker(
        queue_names=["*"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id="tests",
        excluded_queue_names=[],
    )
    while task := DBTaskResult.objects.ready().first():
        task.claim(worker.worker_id)
        worker.run_task(task)


def tell(organization, count=1):
    """Confirm cancellations of a supplier's, so that its endpoints have something to be told."""
    for _ in range(count):
        cancellation = CancellationFactory(order_item__supplier=organization)
        services.confirm_cancellation(cancellation.order_item, by=SYSTEM).raise_if_refused()


@pytest.fixture
def told(supplier, listen):
    """A message that is not sent yet."""
    listen(supplier)
    tell(supplier)
    return Message.objects.get()


@pytest.fixture
def clock():
    """Stand still, but for what a test adds: how long a machine takes is no matter then."""
    with freeze_time(timezone.now()) as clock:
        yield clock
