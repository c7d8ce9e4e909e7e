from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from refunds.models import Refund
from timp_orders.models import Cancellation
from timp_orders.states import CancellationStatus

try:
    from django.tasks import task
except ImportError:  # Django 5.2
    from django_tasks import task

LOOK_AGAIN_AFTER = (1, 5, 30, 120)
"""Seconds after which a task looks again for the decision that it was enqueued by."""
NOT_DECIDED = "not decided yet"


@task()
def refund_payment(cancellation_uuid, looked=0):
    """Give the money back, once, however often this is run.

    :param looked: how often it looked for the decision in vain.
    """
    said = pay_back(cancellation_uuid)
    if said != NOT_DECIDED:
        return said
    if looked == len(LOOK_AGAIN_AFTER):
        return "nothing to refund"  # the decision was surely rolled back
    later = timezone.now() + timedelta(seconds=LOOK_AGAIN_AFTER[looked])
    refund_payment.using(run_after=later).enqueue(cancellation_uuid, looked + 1)
    return said


def pay_back(cancellation_uuid):
    """Give the money back, once, if the decision is there; return what was done, as a text.

    The lock waits for no commit on another node of a cluster, and for none of a row that is new, as
    that of an item which is cancelled outright: then it is not decided yet.
    """
    with transaction.atomic():
        # On Redis this may start before the decision is committed: the lock waits for that. By its
        # UUID alone, since a condition on the status would be checked before the wait.
        cancellation = (
            Cancellation.objects.select_for_update().filter(uuid=cancellation_uuid).first()
        )
    if cancellation is None or cancellation.status == CancellationStatus.REQUESTED:
        return NOT_DECIDED
    if cancellation.status != CancellationStatus.CONFIRMED:
        return "nothing to refund"
    # Here a host calls its payment provider, with the UUID as the idempotency key: if the worker
    # is killed after that, the next run calls again and the provider recognizes it.
    _, created = Refund.objects.get_or_create(cancellation_uuid=cancellation.uuid)
    return "refunded" if created else "already refunded"
