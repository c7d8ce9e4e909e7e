import random
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django_tasks_db.backend import DatabaseBackend

from notifications import mails
from notifications.models import Attempt, Endpoint, Mail, Message, in_three_days
from notifications.sending import post, signed_headers

try:
    from django.tasks import task
except ImportError:  # Django 5.2
    from django_tasks import task

PAUSES = [
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
]
"""After the first failure, the second, and so on; the last goes on until a message is given up."""
LEASE = timedelta(minutes=2)
"""Longer than a call takes. A worker that is killed has had its message for so long."""


def enqueue(task, key, run_after=None):
    """Enqueue a task on a row that this transaction writes.

    Where the queue is a table of the same database the task is written by the transaction too.
    Elsewhere it is sent once that is committed, or the worker might look too early; what is lost
    meanwhile ``manage.py enqueue_missing_notifications`` enqueues.
    """
    sending = task.using(run_after=run_after)
    if isinstance(task.get_backend(), DatabaseBackend):
        sending.enqueue(str(key))
    else:
        # No partial: of an error Django logs the function's name, and a partial has none.
        transaction.on_commit(lambda: sending.enqueue(str(key)), robust=True)


@task()
def deliver(message_uuid):
    """Send a message if it is due; see to it that a failed one is tried again."""
    now = timezone.now()
    pending = Message.objects.filter(pk=message_uuid, state=Message.State.PENDING)
    message = pending.select_related("endpoint").first()
    if message is None:
        return "nothing to deliver"
    endpoint = message.endpoint
    if not endpoint.is_active or message.give_up_at <= now:
        pending.update(state=Message.State.GIVEN_UP)
        return "given up"
    # Compared as it is written, so that of several tasks on a message one has it.
    due = pending.filter(next_attempt_at__lte=now)
    if endpoint.paused_until and endpoint.paused_until > now:
        return _again(due, message, endpoint.paused_until)
    if not due.update(next_attempt_at=now + LEASE, attempts=F("attempts") + 1):
        return "not due"
    # Outside of any transaction: a call takes long.
    answer = post(endpoint.url, message.body, signed_headers(message, endpoint.secrets()))
    with transaction.atomic():
        return _record(pending, message, answer)


def _record(pending, message, answer):
    # Its row first: the attempt's foreign key would lock it only to share it, and two tasks that
    # both want to write it then wait for each other.
    if not list(Message.objects.select_for_update().filter(pk=message.pk).values_list("pk")):
        return "deleted meanwhile"
    Attempt.objects.create(
        message=message,
        status=answer.status,
        error=answer.error,
        milliseconds=answer.milliseconds,
    )
    endpoint = Endpoint.objects.filter(pk=message.endpoint_id)
    if answer.is_success:
        endpoint.exclude(failures=0).update(failures=0, paused_until=None)
        pending.update(state=Message.State.DELIVERED)
        return "delivered"
    if answer.status == 410:
        because = f"It answered 410 Gone on {timezone.now():%Y-%m-%d at %H:%M} UTC."
        endpoint.update(is_active=False, switched_off_because=because)
        pending.update(state=Message.State.GIVEN_UP)
        return "gone"
    endpoint.update(failures=F("failures") + 1)
    failures = endpoint.values_list("failures", flat=True).get()
    paused_until = timezone.now() + max(_pause(failures), answer.retry_after)
    endpoint.update(paused_until=paused_until)
    own = timezone.now() + _pause(message.attempts + 1)
    # After those that wait for the endpoint: it may be this one that it does not understand.
    return _again(pending, message, max(paused_until, own) + timedelta(seconds=1))


def _pause(failures):
    pause = PAUSES[min(failures, len(PAUSES)) - 1]
    return pause * random.uniform(1, 1.2)  # nosec B311


def _again(pending, message, at):
    at = min(at, max(message.give_up_at, timezone.now()))
    with transaction.atomic():
        if not pending.update(next_attempt_at=at):
            return "not due"
        enqueue(deliver, message.pk, run_after=at)
    return f"again at {at:%Y-%m-%d %H:%M:%S}"


def send_again(messages):
    """Try messages at once, and for another three days, whatever became of them."""
    with transaction.atomic():
        for message in sorted(messages, key=lambda message: message.pk):
            Message.objects.filter(pk=message.pk).update(
                state=Message.State.PENDING,
                next_attempt_at=timezone.now(),
                give_up_at=in_three_days(),
            )
            enqueue(deliver, message.pk)
        # After the messages, as answers lock them.
        endpoints = {message.endpoint_id for message in messages}
        Endpoint.objects.filter(pk__in=endpoints).update(paused_until=None)


@task()
def send_mail(mail_uuid):
    """Write to one member about one cancellation, once, however often this is run.

    Killed between sending and committing, it writes again: no transaction spans an e-mail.
    """
    with transaction.atomic():
        found = Mail.objects.select_for_update().filter(pk=mail_uuid, sent_at=None)
        return f"{mails.send(list(found))} sent"
