from django.dispatch import receiver

from reminders.tasks import send_reminder
from timp_orders.signals import cancellation_due


@receiver(cancellation_due)
def enqueue_reminder(cancellation, **kwargs):
    """Enqueue inside the transaction that says that the supplier was reminded."""
    send_reminder.enqueue(str(cancellation.uuid))
