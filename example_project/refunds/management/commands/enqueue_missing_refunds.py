from datetime import timedelta

from django.core.management import BaseCommand
from django.db.models import Exists, OuterRef
from django.utils import timezone

from refunds.models import Refund
from refunds.tasks import refund_payment
from timp_orders.models import Cancellation
from timp_orders.states import CancellationStatus


class Command(BaseCommand):
    help = (
        "Enqueues a refund for each confirmed cancellation that has none: of workers that were "
        "killed, tasks that failed, and what a queue lost. A task that is still queued as well "
        "does no harm."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--older-than",
            type=int,
            default=300,
            metavar="SECONDS",
            help="leave younger decisions to the queue (default: %(default)s)",
        )

    def handle(self, *, older_than, **options):
        refunds = Refund.objects.filter(cancellation_uuid=OuterRef("uuid"))
        missing = Cancellation.objects.filter(
            ~Exists(refunds),
            status=CancellationStatus.CONFIRMED,
            decided_at__lte=timezone.now() - timedelta(seconds=older_than),
        )
        uuids = list(missing.order_by("pk").values_list("uuid", flat=True))
        for uuid in uuids:
            refund_payment.enqueue(str(uuid))
        self.stdout.write(f"{len(uuids)} enqueued")
