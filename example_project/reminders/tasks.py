from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string

from reminders.models import Reminder
from timp_orders.models import Cancellation
from timp_orders.states import CancellationStatus

try:
    from django.tasks import task
except ImportError:  # Django 5.2
    from django_tasks import task


@task()
def send_reminder(cancellation_uuid):
    """Write to the supplier's members, once, however often this is run.

    Killed between sending and committing, it writes again: no transaction spans an e-mail.
    """
    cancellation = (
        Cancellation.objects.select_related("order_item__order", "order_item__supplier")
        .filter(uuid=cancellation_uuid, status=CancellationStatus.REQUESTED)
        .first()
    )
    if cancellation is None:
        return "answered meanwhile"
    with transaction.atomic():
        _, created = Reminder.objects.get_or_create(cancellation_uuid=cancellation.uuid)
        if not created:
            return "sent already"
        return f"{len(_send(cancellation))} sent"


def _send(cancellation):
    item = cancellation.order_item
    text = render_to_string("reminders/reminder.txt", {"c": cancellation, "item": item})
    members = item.supplier.members.filter(is_active=True).exclude(email="").order_by("pk")
    messages = [  # one each: colleagues may not know each other's addresses
        EmailMessage(
            f"Please answer: cancellation of {item.sku_id} in {item.order.po_number}",
            text,
            to=[member.email],
        )
        for member in members
    ]
    for message in messages:
        message.send()
    return messages
