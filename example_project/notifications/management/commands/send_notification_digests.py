import logging

from django.core.management import BaseCommand
from django.db import transaction

from notifications import mails
from notifications.models import Mail

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Writes one e-mail to each member who wants a digest, about all since the last one."

    def handle(self, **options):
        waiting = Mail.objects.filter(sent_at=None, is_for_digest=True)
        sent = 0
        for user in list(waiting.order_by("user").values_list("user", flat=True).distinct()):
            try:
                with transaction.atomic():
                    sent += mails.send(list(waiting.select_for_update().filter(user=user)))
            except Exception:  # one address that is refused must not cost the others theirs
                logger.exception("No digest for the user %s; the next run tries again.", user)
        self.stdout.write(f"{sent} digests sent")
