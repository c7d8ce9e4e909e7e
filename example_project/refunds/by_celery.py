"""The refunds with Celery as their queue: for hosts that have it already.

The decision is committed first and sent to the broker then, with no row locked: a broker that
hangs costs its caller the time-outs of the settings, once for a whole batch, and one that is away
refuses nothing. What is not sent, or is lost by the broker, or fails, or is killed together with
its worker, is sent by ``send_missing_refunds``. It is not optional: let Celery beat run it.
"""

from celery import shared_task
from django.db import transaction
from django.dispatch import receiver

from refunds.missing import missing_refunds
from refunds.tasks import LOOK_AGAIN_AFTER, NOT_DECIDED, pay_back
from timp_orders.signals import cancellations_changed


@receiver(cancellations_changed)
def send_refunds(action, cancellations, **kwargs):
    """Send one task for each cancellation, once all of them are committed."""
    if action.cancels:
        uuids = [str(cancellation.uuid) for cancellation in cancellations]
        # Robust: what is raised after the commit is logged, and no answer of "failed". (No partial:
        # Django logs the name of the function, and a partial has none.)
        transaction.on_commit(lambda: _send(uuids), robust=True)


@shared_task(
    bind=True, acks_late=True, reject_on_worker_lost=True, ignore_result=True, time_limit=60
)
def refund(self, cancellation_uuid):
    """Give the money back, once, however often this is run: the UUID is the key."""
    looked = self.request.retries
    if pay_back(cancellation_uuid) == NOT_DECIDED and looked < len(LOOK_AGAIN_AFTER):
        # Committed, but not yet on the node of a cluster that this reads.
        raise self.retry(countdown=LOOK_AGAIN_AFTER[looked], max_retries=None)


@shared_task(ignore_result=True)
def send_missing_refunds(older_than, every):
    """Send what is confirmed and not refunded.

    :param older_than: seconds; younger decisions are left to their own task.
    :param every: seconds between two runs. What no worker has begun by the next is dropped, since
        that sends it again: otherwise each would add all that waits to what waits.
    """
    _send(missing_refunds(older_than=older_than), expires=every)


def _send(uuids, **options):
    # The first that cannot be sent ends it: the others would each wait for the broker too.
    for uuid in uuids:
        refund.apply_async([uuid], **options)
