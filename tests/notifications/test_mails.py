"""E-mails of the example project about cancellations: at once, or once a day."""

from datetime import timedelta
from smtplib import SMTPException

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from freezegun import freeze_time
from notifications import mails
from notifications.models import Mail
from notifications.tasks import send_mail

from tests.notifications.conftest import work
from timp_orders import services
from timp_orders.services import SYSTEM
from timp_orders.testing import CancellationFactory, OrganizationFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connected")]


def confirm(*cancellations):
    for cancellation in cancellations:
        services.confirm_cancellation(cancellation.order_item, by=SYSTEM, note="Secret.")


def digests(capsys):
    call_command("send_notification_digests")
    return capsys.readouterr().out


def recipients():
    return sorted(address for message in mail.outbox for address in message.to)


class TestAtOnce:
    def test_each_member_is_written_to_by_themselves(self, cancellation, supplier, write_to):
        supplier.members.add(UserFactory(email=""), UserFactory(is_active=False), UserFactory())
        write_to(supplier, "immediately")
        write_to(OrganizationFactory(members=[UserFactory()]), "immediately")
        confirm(cancellation)
        work()
        members = supplier.members.filter(is_active=True).exclude(email="")
        assert recipients() == sorted(members.values_list("email", flat=True))
        assert [len(message.to) for message in mail.outbox] == [1, 1]
        item = cancellation.order_item
        message = mail.outbox[0]
        assert message.subject == (
            f"Cancellation confirmed: {item.sku_id} in {item.order.po_number}"
        )
        for told in (item.order.po_number, item.sku_id, str(cancellation.uuid)):
            assert told in message.body
        cancellation.refresh_from_db()
        assert f"{cancellation.decided_at:%Y-%m-%d %H:%M} UTC  confirmed" in message.body
        assert "Secret" not in message.body

    def test_whoever_is_in_both_organizations_is_told_by_each(self, cancellation, write_to):
        item, both = cancellation.order_item, UserFactory()
        for organization in (item.supplier, item.order.retailer):
            organization.members.set([both])
            write_to(organization, "immediately")
        confirm(cancellation)
        work()
        assert recipients() == [both.email] * 2

    def test_without_a_preference_nobody_is(self, cancellation):
        confirm(cancellation)
        assert not Mail.objects.exists()

    def test_what_is_rolled_back_is_not_written_about(self, cancellation, supplier, write_to):
        write_to(supplier, "immediately")
        with transaction.atomic():
            confirm(cancellation)
            assert DBTaskResult.objects.count() == 1
            transaction.set_rollback(True)
        work()
        assert not Mail.objects.exists()
        assert not mail.outbox

    @pytest.mark.parametrize("change", ["left", "deactivated", "without an address"])
    def test_who_is_no_member_any_more_is_not_told(self, cancellation, supplier, write_to, change):
        write_to(supplier, "immediately")
        confirm(cancellation)
        user = supplier.members.get()
        if change == "left":
            supplier.members.remove(user)
        else:
            user.is_active, user.email = change != "deactivated", ""
            user.save()
        work()
        assert not mail.outbox
        assert Mail.objects.get().sent_at

    def test_a_task_that_runs_again_sends_nothing_more(self, cancellation, supplier, write_to):
        write_to(supplier, "immediately")
        confirm(cancellation)
        pk = str(Mail.objects.get().pk)
        assert [send_mail.call(pk) for _ in range(2)] == ["1 sent", "0 sent"]
        assert len(mail.outbox) == 1

    def test_one_that_cannot_be_sent_is_tried_again(
        self, cancellation, supplier, write_to, monkeypatch, capsys
    ):
        write_to(supplier, "immediately")
        confirm(cancellation)

        def fail(self):
            raise SMTPException("No route to the host.")

        with monkeypatch.context() as patched:
            patched.setattr(mails.EmailMessage, "send", fail)
            work()
        assert Mail.objects.get().sent_at is None
        with freeze_time(timezone.now() + timedelta(minutes=10), tick=True):
            call_command("enqueue_missing_notifications")
            assert capsys.readouterr().out == "0 messages and 1 e-mails enqueued\n"
            work()
        assert len(mail.outbox) == 1

    def test_a_line_break_in_a_number_is_none_in_the_subject(self, supplier, write_to):
        write_to(supplier, "immediately")
        made = CancellationFactory(
            order_item__supplier=supplier, order_item__sku_id="a\r\nBcc: x@example.com"
        )
        confirm(made)
        work()
        assert mail.outbox[0].subject.startswith("Cancellation confirmed: a Bcc: x@example.com in")


class TestDigests:
    def test_once_a_day_all_in_one(self, supplier, write_to, capsys):
        write_to(supplier, "daily")
        made = CancellationFactory.create_batch(3, order_item__supplier=supplier)
        confirm(*made)
        work()
        assert not mail.outbox
        assert not DBTaskResult.objects.exists()
        assert digests(capsys) == "1 digests sent\n"
        assert digests(capsys) == "0 digests sent\n"
        (message,) = mail.outbox
        assert message.subject == "3 changes of cancellations"
        for cancellation in made:
            assert str(cancellation.uuid) in message.body
        confirm(CancellationFactory(order_item__supplier=supplier))
        assert digests(capsys) == "1 digests sent\n"
        assert mail.outbox[1].subject.startswith("Cancellation confirmed: ")

    def test_the_longest_says_how_many_it_leaves_out(self, supplier, write_to, capsys, monkeypatch):
        monkeypatch.setattr(mails, "LONGEST_DIGEST", 2)
        write_to(supplier, "daily")
        confirm(*CancellationFactory.create_batch(5, order_item__supplier=supplier))
        digests(capsys)
        assert "... and 3 more: see the list of cancellations." in mail.outbox[0].body
        assert mail.outbox[0].body.count("Order:") == 2

    def test_an_address_that_is_refused_does_not_cost_the_others_theirs(
        self, cancellation, supplier, write_to, capsys, monkeypatch, caplog
    ):
        supplier.members.add(UserFactory(email="refused@example.com"))
        write_to(supplier, "daily")
        confirm(cancellation)
        send = mails.EmailMessage.send

        def refuse_one(message):
            if message.to == ["refused@example.com"]:
                raise SMTPException("No such mailbox.")
            return send(message)

        with monkeypatch.context() as patched:
            patched.setattr(mails.EmailMessage, "send", refuse_one)
            assert digests(capsys) == "1 digests sent\n"
        assert "No digest for the user" in caplog.text
        assert digests(capsys) == "1 digests sent\n"
        assert "refused@example.com" in recipients()

    def test_they_are_pruned(self, cancellation, supplier, write_to, capsys):
        write_to(supplier, "daily")
        confirm(cancellation)
        with freeze_time(timezone.now() + timedelta(days=31)):
            call_command("prune_notifications")
        assert capsys.readouterr().out == "0 messages and 1 e-mails deleted\n"
