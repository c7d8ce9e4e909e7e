"""Processes of the tests of notifications, each killed (SIGKILL) at one step or left to end.

``python -m tests.notifications.steps STEP …``, with ``DATABASE_URL`` and ``TASKS``. The step
``state`` writes how things stand as a line of JSON.
"""

import http.client
import json
import os
import sys
from datetime import timedelta
from io import StringIO

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
if __name__ == "__main__":
    django.setup()

from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from notifications import tasks
from notifications.models import Endpoint, Message

from tests.refund_steps import confirm, kill, work
from timp_orders.models import Cancellation
from timp_orders.signals import cancellations_changed
from timp_orders.testing import CancellationFactory, OrganizationFactory

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS1zdXBwbGllcnM="


def make(port):
    """Make three open cancellations of a supplier's, which wants to be called at a port."""
    supplier = OrganizationFactory()
    CancellationFactory.create_batch(3, order_item__supplier=supplier)
    Endpoint.objects.create(organization=supplier, url=f"http://127.0.0.1:{port}/", secret=SECRET)


def confirm_killed_before_the_commit():
    cancellations_changed.connect(kill)
    confirm()


def confirm_killed_after_the_commit():
    cancellations_changed.connect(lambda **kwargs: transaction.on_commit(kill), weak=False)
    confirm()


def work_killed_before_it_has_a_message():
    tasks.Message = type("Killer", (), {"objects": property(kill)})()
    work()


def work_killed_before_it_calls():
    tasks.post = kill
    work()


def work_killed_before_it_has_an_answer():
    http.client.HTTPConnection.getresponse = kill
    work()


def work_killed_before_it_writes_the_answer_down():
    tasks.Attempt = type("Killer", (), {"objects": property(kill)})()
    work()


def an_hour_passes():
    hour = timedelta(hours=1)
    Message.objects.update(next_attempt_at=F("next_attempt_at") - hour)


def sweep():
    call_command("enqueue_missing_notifications", older_than=0, stdout=StringIO())


def state():
    confirmed = Cancellation.objects.filter(status="confirmed").values_list("uuid", flat=True)
    states = Message.objects.values_list("state", flat=True)
    stood = {"confirmed": sorted(map(str, confirmed)), "states": sorted(states)}
    print("state:" + json.dumps(stood), flush=True)


if __name__ == "__main__":
    for step in sys.argv[1:]:
        name, _, argument = step.partition("=")
        globals()[name](*filter(None, [argument]))
