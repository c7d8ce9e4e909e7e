from django.dispatch import receiver

from refunds.tasks import refund_payment
from timp_orders.signals import cancellation_confirmed


@receiver(cancellation_confirmed)
def enqueue_refund(cancellation, **kwargs):
    """Enqueue inside the transaction that confirms; see the docstring of this package."""
    refund_payment.enqueue(str(cancellation.uuid))
