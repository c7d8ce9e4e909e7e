"""Webhooks of the example project when endpoints fail, for hours, for good, or by malice."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from freezegun import freeze_time
from notifications import sending, tasks
from notifications.models import Attempt, Endpoint, Message
from notifications.tasks import PAUSES, deliver

from tests.notifications.conftest import tell, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connected")]


def log():
    return list(Attempt.objects.values_list("status", flat=True))


class TestFailures:
    def test_it_is_sent_again_until_it_is_taken_each_time_by_the_same_id(self, told, inbox, clock):
        inbox.answer, second = 500, timedelta(seconds=1)
        for number in range(1, len(PAUSES) + 1):
            work()
            assert len(inbox.calls) == number
            told.refresh_from_db()
            pause = told.next_attempt_at - timezone.now()
            assert timedelta() <= pause - PAUSES[number - 1] <= PAUSES[number - 1] / 5 + second
            work()
            assert len(inbox.calls) == number
            clock.tick(pause + second)
        inbox.answer = 200
        work()
        told.refresh_from_db()
        assert told.state == "delivered"
        assert log() == [500] * len(PAUSES) + [200]
        assert told.attempts == len(PAUSES) + 1
        assert Endpoint.objects.get().failures == 0
        # Each was signed anew, or the reference library would take it for a replay of an old one.
        assert {id: len(payloads) for id, payloads in inbox.verified.items()} == {
            told.webhook_id: len(PAUSES) + 1
        }
        assert len({body for *_, body in inbox.calls}) == 1
        clock.tick(timedelta(days=4))
        work()
        assert len(inbox.calls) == len(PAUSES) + 1

    def test_of_a_thousand_to_a_machine_that_is_down_one_tries(
        self, supplier, listen, inbox, clock
    ):
        listen(supplier)
        tell(supplier, 12)
        inbox.answer = 503
        began = timezone.now()
        while timezone.now() < began + timedelta(hours=20):
            work()
            clock.tick(timedelta(minutes=1))
        assert 8 < len(inbox.calls) < 15
        inbox.answer = 204
        clock.tick(PAUSES[-1] * 1.2)
        work()
        assert {str(each.webhook_id) for each in Message.objects.all()} == set(inbox.verified)
        assert len(inbox.told) == 12
        assert set(Message.objects.values_list("state", flat=True)) == {"delivered"}

    def test_after_three_days_it_is_given_up(self, told, inbox, clock):
        inbox.answer = 500
        began = timezone.now()
        while DBTaskResult.objects.filter(status="READY").exists():
            work()
            clock.tick(timedelta(minutes=10))
        assert timedelta(days=3) <= timezone.now() - began < timedelta(days=3, hours=1)
        told.refresh_from_db()
        assert told.state == "given up"
        assert 15 < len(inbox.calls) < 30

    def test_one_that_is_not_understood_does_not_hold_up_the_others(
        self, supplier, listen, inbox, clock
    ):
        listen(supplier)
        tell(supplier, 6)
        bad = Message.objects.order_by("created_at").first()

        def answer(handler):
            handler.send_response(500 if handler.headers["webhook-id"] == bad.webhook_id else 200)
            handler.end_headers()

        inbox.answer = answer
        for _ in range(4):
            work()
            clock.tick(timedelta(seconds=7))
        assert Message.objects.filter(state="delivered").count() == 5
        assert Message.objects.get(state="pending") == bad

    def test_the_endpoint_says_when(self, told, inbox, clock):
        inbox.answer, inbox.headers = 429, {"retry-after": "3600"}
        work()
        clock.tick(timedelta(minutes=59))
        work()
        assert len(inbox.calls) == 1
        inbox.answer, inbox.headers = 200, {}
        clock.tick(timedelta(minutes=2))
        work()
        assert log() == [429, 200]

    def test_one_that_is_gone_is_switched_off(self, supplier, listen, inbox):
        listen(supplier)
        tell(supplier, 3)
        inbox.answer = 410
        work()
        gone = Endpoint.objects.get()
        assert len(inbox.calls) == 1
        assert not gone.is_active
        assert gone.switched_off_because.startswith("It answered 410 Gone on ")
        assert set(Message.objects.values_list("state", flat=True)) == {"given up"}
        tell(supplier)
        assert Message.objects.count() == 3

    def test_nobody_listens(self, told, inbox, clock):
        Endpoint.objects.update(url="http://127.0.0.1:1/")
        work()
        assert Attempt.objects.get().error.startswith("ConnectionRefusedError")
        told.refresh_from_db()
        assert told.state == "pending"


class TestQueues:
    def test_a_task_that_runs_again_sends_nothing_more(self, told, inbox):
        assert deliver.call(str(told.pk)) == "delivered"
        assert deliver.call(str(told.pk)) == "nothing to deliver"
        assert len(inbox.calls) == 1

    def test_of_two_workers_one_sends(self, told, inbox, monkeypatch):
        others = []

        def while_another_looks(*args):
            others.append(deliver.call(str(told.pk)))
            return sending.post(*args)

        monkeypatch.setattr(tasks, "post", while_another_looks)
        assert deliver.call(str(told.pk)) == "delivered"
        assert others == ["not due"]
        assert len(inbox.calls) == 1

    def test_an_endpoint_that_is_deleted_during_a_call(self, told, inbox, monkeypatch):
        def while_it_is_deleted(*args):
            Endpoint.objects.all().delete()
            return sending.post(*args)

        monkeypatch.setattr(tasks, "post", while_it_is_deleted)
        assert deliver.call(str(told.pk)) == "deleted meanwhile"
        assert not Attempt.objects.exists()

    def test_of_two_tasks_on_a_message_that_waits_one_is_left(self, told, inbox, clock):
        told.endpoint.paused_until = timezone.now() + timedelta(hours=1)
        told.endpoint.save()
        said = [deliver.call(str(told.pk)) for _ in range(2)]
        assert said[0].startswith("again at ")
        assert said[1] == "not due"
        assert not inbox.calls

    def test_what_a_queue_lost_is_enqueued_once_it_is_old(self, told, inbox, clock, capsys):
        DBTaskResult.objects.all().delete()
        for wait, found in [(0, 0), (400, 1), (60, 0)]:
            clock.tick(timedelta(seconds=wait))
            call_command("enqueue_missing_notifications")
            assert capsys.readouterr().out == f"{found} messages and 0 e-mails enqueued\n"
        work()
        assert len(inbox.told) == 1
        clock.tick(timedelta(seconds=400))
        call_command("enqueue_missing_notifications")
        assert capsys.readouterr().out == "0 messages and 0 e-mails enqueued\n"

    def test_the_log_is_pruned_and_what_is_pending_stays(self, supplier, listen, inbox, capsys):
        listen(supplier)
        tell(supplier)
        work()
        with freeze_time(timezone.now() + timedelta(days=20)):
            tell(supplier)
        with freeze_time(timezone.now() + timedelta(days=31)):
            call_command("prune_notifications")
        assert capsys.readouterr().out == "1 messages and 0 e-mails deleted\n"
        assert Message.objects.get().state == "pending"
        assert not Attempt.objects.exists()
        with freeze_time(timezone.now() + timedelta(days=60)):
            call_command("prune_notifications")
        assert Message.objects.exists()


class TestSecrets:
    def test_both_sign_for_a_day_after_a_rotation(self, supplier, listen, inbox, clock):
        hook = listen(supplier)
        old = hook.secret
        new = hook.rotate_secret()
        assert new != old

        def verified(*secrets):
            inbox.secrets, before = secrets, len(inbox.told)
            tell(supplier)
            work()
            return len(inbox.told) - before

        assert verified(old) == verified(new) == 1
        clock.tick(timedelta(hours=25))
        assert verified(new) == 1
        assert verified(old) == 0
        assert inbox.forged == 1
        signatures = [headers["webhook-signature"].split() for _, headers, _ in inbox.calls]
        assert [len(each) for each in signatures] == [2, 2, 1, 1]
