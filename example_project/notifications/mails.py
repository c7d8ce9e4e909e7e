"""E-mails to members of organizations."""

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone

from notifications.events import PREFIX
from notifications.models import Mail
from timp_orders.models import Cancellation, Organization

LONGEST_DIGEST = 200
"""Lines; of the others the number is told."""


def send(found):
    """Send what one member is to be told, as one e-mail, and mark it as sent.

    :param found: rows of one user's, locked.
    :returns: how many e-mails were sent: none if nothing is left to be told.
    """
    told = _still_members(found)
    Mail.objects.filter(pk__in=[mail.pk for mail in found]).update(sent_at=timezone.now())
    if not told:
        return 0
    lines = _lines(told[:LONGEST_DIGEST])
    text = render_to_string(
        "notifications/mail.txt", {"lines": lines, "left_out": len(told) - len(lines)}
    )
    several = f"{len(told)} changes of cancellations"
    subject = lines[0]["subject"] if len(told) == 1 else several
    EmailMessage(subject, text, to=[told[0].user.email]).send()
    return 1


def _still_members(found):
    """Keep what is about organizations that the user is still a member of."""
    if not found or not found[0].user.is_active or not found[0].user.email:
        return []
    own = set(Organization.objects.filter(members=found[0].user_id).values_list("pk", flat=True))
    return [mail for mail in found if mail.organization_id in own]


def _lines(mails):
    uuids = {mail.cancellation_uuid for mail in mails}
    cancellations = Cancellation.objects.filter(uuid__in=uuids)
    by_uuid = {c.uuid: c for c in cancellations.select_related("order_item__order")}
    lines = []
    for mail in mails:
        cancellation = by_uuid[mail.cancellation_uuid]
        item, event = cancellation.order_item, mail.type.removeprefix(PREFIX)
        subject = f"Cancellation {event}: {item.sku_id} in {item.order.po_number}"
        line = {"mail": mail, "event": event, "c": cancellation, "item": item}
        lines.append({**line, "subject": " ".join(subject.split())})  # no line breaks in a header
    return lines
