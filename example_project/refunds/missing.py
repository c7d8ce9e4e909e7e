from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from refunds.models import Refund
from timp_orders.models import Cancellation
from timp_orders.states import CancellationStatus


def missing_refunds(*, older_than):
    """Return the UUIDs of confirmed cancellations without a refund, oldest first, as texts.

    :param older_than: seconds; younger decisions are left to the queue.
    """
    refunds = Refund.objects.filter(cancellation_uuid=OuterRef("uuid"))
    missing = Cancellation.objects.filter(
        ~Exists(refunds),
        status=CancellationStatus.CONFIRMED,
        decided_at__lte=timezone.now() - timedelta(seconds=older_than),
    )
    return [str(uuid) for uuid in missing.order_by("pk").values_list("uuid", flat=True)]
