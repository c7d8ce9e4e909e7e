"""The example project's reminders: one e-mail to each member, whatever is run again."""

from datetime import timedelta
from smtplib import SMTPException

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from reminders.models import Reminder
from reminders.receivers import enqueue_reminder
from reminders.tasks import send_reminder

from tests.test_refunds import run_worker
from timp_orders import errors, services
from timp_orders.models import Cancellation
from timp_orders.services import SYSTEM
from timp_orders.signals import cancellation_due
from timp_orders.testing import CancellationFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _connected(settings):
    settings.TIMP_ORDERS = {"REMIND_BEFORE": timedelta(hours=6)}
    cancellation_due.connect(enqueue_reminder)
    yield
    cancellation_due.disconnect(enqueue_reminder)


@pytest.fixture
def due(item):
    return CancellationFactory(
        order_item=item, respond_by=timezone.now() + timedelta(hours=1), note="Please."
    )


def test_each_member_gets_one_that_says_until_when(due, supplier):
    supplier.members.add(UserFactory(email=""), UserFactory(is_active=False), UserFactory())
    for _ in range(2):
        call_command("enforce_deadlines", verbosity=0)
        run_worker()
    members = supplier.members.filter(is_active=True).exclude(email="")
    assert [message.to for message in mail.outbox] == [[user.email] for user in members]
    assert len(mail.outbox) == 2
    message = mail.outbox[0]
    item = due.order_item
    assert (
        message.subject == f"Please answer: cancellation of {item.sku_id} in {item.order.po_number}"
    )
    assert f"until {due.respond_by:%Y-%m-%d %H:%M} UTC" in message.body
    for told in ("Note:     Please.", str(due.uuid)):
        assert told in message.body


def test_it_is_enqueued_exactly_if_the_mark_is_committed(due):
    with transaction.atomic():
        services.enforce_deadlines()
        assert DBTaskResult.objects.count() == 1
        transaction.set_rollback(True)
    assert not DBTaskResult.objects.exists()

    def veto(**kwargs):
        raise errors.Veto

    cancellation_due.connect(veto)
    try:
        services.enforce_deadlines()
    finally:
        cancellation_due.disconnect(veto)
    assert not DBTaskResult.objects.exists()
    services.enforce_deadlines()
    assert DBTaskResult.objects.count() == 1
    assert Cancellation.objects.get().reminded_at


def test_one_that_was_answered_meanwhile_is_not_written_about(due):
    services.enforce_deadlines()
    services.reject_cancellation(due.order_item, by=SYSTEM)
    run_worker()
    assert not mail.outbox


def test_a_task_that_runs_again_sends_nothing_more(due):
    assert send_reminder.call(str(due.uuid)) == "1 sent"
    assert send_reminder.call(str(due.uuid)) == "sent already"
    assert len(mail.outbox) == 1


def test_one_that_cannot_be_sent_is_not_taken_for_sent(due, monkeypatch):
    def fail(*args):
        raise SMTPException("No route to the host.")

    monkeypatch.setattr("reminders.tasks._send", fail)
    with pytest.raises(SMTPException):
        send_reminder.call(str(due.uuid))
    assert not Reminder.objects.exists()
