from datetime import timedelta

from django.core.management import BaseCommand
from django.utils import timezone

from notifications.models import Mail, Message

BATCH = 1000


class Command(BaseCommand):
    help = "Deletes the delivery log, and what e-mails told, once it is old. What is pending stays."

    def add_arguments(self, parser):
        parser.add_argument(
            "--older-than",
            type=int,
            default=30,
            metavar="DAYS",
            help="keep what is younger (default: %(default)s)",
        )

    def handle(self, *, older_than, **options):
        old = timezone.now() - timedelta(days=older_than)
        messages = Message.objects.filter(created_at__lt=old).exclude(state=Message.State.PENDING)
        deleted = delete(messages), delete(Mail.objects.filter(created_at__lt=old))
        self.stdout.write("{} messages and {} e-mails deleted".format(*deleted))


def delete(rows):
    """Delete by batches, so that nobody waits long for a lock; return how many there were."""
    deleted = 0
    while keys := list(rows.order_by("created_at").values_list("pk", flat=True)[:BATCH]):
        rows.model.objects.filter(pk__in=keys).delete()
        deleted += len(keys)
    return deleted
