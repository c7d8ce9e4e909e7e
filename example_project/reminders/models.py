from django.db import models
from django.utils import timezone


class Reminder(models.Model):
    """E-mails sent; at most one for each cancellation, which the database enforces."""

    cancellation_uuid = models.UUIDField(unique=True)
    sent_at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return str(self.cancellation_uuid)
