from datetime import timedelta

from django.core.management import BaseCommand
from django.utils import timezone

from notifications.models import GIVE_UP_AFTER, Mail, Message
from notifications.tasks import deliver, enqueue, send_mail


class Command(BaseCommand):
    help = (
        "Enqueues what should have been sent by now and was not: of workers that were killed, "
        "tasks that failed, and what a queue lost. A task that is still queued as well does no "
        "harm."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--older-than",
            type=int,
            default=300,
            metavar="SECONDS",
            help="leave what is due since less to the queue (default: %(default)s)",
        )

    def handle(self, *, older_than, **options):
        now = timezone.now()
        before = now - timedelta(seconds=older_than)
        missing = Message.objects.filter(state=Message.State.PENDING, next_attempt_at__lte=before)
        messages = list(missing.order_by("created_at").values_list("pk", flat=True))
        for uuid in messages:
            # Written, so that the next run leaves it alone for as long again.
            if missing.filter(pk=uuid).update(next_attempt_at=now):
                enqueue(deliver, uuid)
        mails = list(
            Mail.objects.filter(
                sent_at=None,
                is_for_digest=False,
                created_at__lte=before,
                created_at__gt=now - GIVE_UP_AFTER,
            ).values_list("pk", flat=True)
        )
        for uuid in mails:
            enqueue(send_mail, uuid)
        self.stdout.write(f"{len(messages)} messages and {len(mails)} e-mails enqueued")
