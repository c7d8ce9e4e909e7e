"""Processes of the refund tests, each killed (SIGKILL) at one step or left to end.

``python -m tests.refund_steps STEP …``, with ``DATABASE_URL`` and ``TASKS``. The step ``state``
writes how things stand as a line of JSON.
"""

import json
import os
import signal
import sys
import time
from io import StringIO

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
if __name__ == "__main__":
    django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.db.models.signals import post_save
from refunds import tasks
from refunds.models import Refund
from refunds.receivers import enqueue_refund

from timp_orders import services
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import SYSTEM
from timp_orders.signals import cancellation_confirmed
from timp_orders.testing import CancellationFactory


def kill(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)


def make(count):
    CancellationFactory.create_batch(int(count))


def confirm():
    """Confirm every item by itself, as a client does who sends its calls again."""
    for item in OrderItem.objects.order_by("pk"):
        one = OrderItem.objects.filter(pk=item.pk)
        services.confirm_cancellation(one, by=SYSTEM).raise_if_refused()


def confirm_killed_before_the_commit():
    cancellation_confirmed.connect(kill)
    confirm()


def confirm_killed_after_the_commit():
    cancellation_confirmed.connect(lambda **kwargs: transaction.on_commit(kill), weak=False)
    confirm()


def enqueue_too_early():
    """Enqueue each refund, as if another node of a cluster had not committed its decision yet."""
    tasks.LOOK_AGAIN_AFTER = (1,)
    for cancellation in Cancellation.objects.order_by("pk"):
        tasks.refund_payment.enqueue(str(cancellation.uuid))


def confirm_elsewhere():
    """Confirm every item where nothing is enqueued."""
    cancellation_confirmed.disconnect(enqueue_refund)
    confirm()


def pause():
    time.sleep(2)  # until the tasks look again


def work():
    """Run the worker until nothing is queued."""
    if "django_rq" in settings.INSTALLED_APPS:
        call_command("rqworker", "default", burst=True, with_scheduler=True, verbosity=0)
    else:
        call_command("db_worker", batch=True, startup_delay=False, interval=0, verbosity=0)


def work_killed_before_its_work():
    tasks.Cancellation = type("Killer", (), {"objects": property(kill)})()
    work()


def work_killed_before_its_work_is_committed():
    post_save.connect(kill, sender=Refund)
    work()


def work_killed_before_it_is_marked_done():
    get_or_create = Refund.objects.get_or_create

    def then_die(**kwargs):
        get_or_create(**kwargs)
        kill()

    Refund.objects.get_or_create = then_die
    work()


def work_failing():
    def fail(**kwargs):
        raise ConnectionError("the payment provider is away")

    Refund.objects.get_or_create = fail
    work()


def sweep():
    call_command("enqueue_missing_refunds", older_than=0, stdout=StringIO())


def state():
    confirmed = Cancellation.objects.filter(status="confirmed").values_list("uuid", flat=True)
    stood = {
        "cancelled": OrderItem.objects.filter(status="Cancelled").count(),
        "confirmed": sorted(map(str, confirmed)),
        "refunded": sorted(map(str, Refund.objects.values_list("cancellation_uuid", flat=True))),
    }
    print("state:" + json.dumps(stood), flush=True)


if __name__ == "__main__":
    for step in sys.argv[1:]:
        name, _, argument = step.partition("=")
        globals()[name](*filter(None, [argument]))
