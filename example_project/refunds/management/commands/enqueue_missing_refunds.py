from django.core.management import BaseCommand

from refunds.missing import missing_refunds
from refunds.tasks import refund_payment


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
        uuids = missing_refunds(older_than=older_than)
        for uuid in uuids:
            refund_payment.enqueue(uuid)
        self.stdout.write(f"{len(uuids)} enqueued")
