from django.db import transaction

from refunds.models import Refund
from timp_orders.models import Cancellation
from timp_orders.states import CancellationStatus

try:
    from django.tasks import task
except ImportError:  # Django 5.2
    from django_tasks import task


@task()
def refund_payment(cancellation_uuid):
    """Give the money back, once, however often this is run."""
    with transaction.atomic():
        # On Redis this may start before the decision is committed: the lock waits for that. By its
        # UUID alone, since a condition on the status would be checked before the wait.
        cancellation = (
            Cancellation.objects.select_for_update().filter(uuid=cancellation_uuid).first()
        )
    if cancellation is None or cancellation.status != CancellationStatus.CONFIRMED:
        return "nothing to refund"  # the decision was rolled back
    # Here a host calls its payment provider, with the UUID as the idempotency key: if the worker
    # is killed after that, the next run calls again and the provider recognizes it.
    _, created = Refund.objects.get_or_create(cancellation_uuid=cancellation.uuid)
    return "refunded" if created else "already refunded"
