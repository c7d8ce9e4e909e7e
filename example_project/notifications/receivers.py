import json
from collections import defaultdict

from notifications.events import PREFIX, moment_of, organizations_of, payload
from notifications.models import Endpoint, Mail, MailPreference, Message
from notifications.tasks import deliver, enqueue, send_mail
from timp_orders.models import Organization
from timp_orders.signals import cancellation_due, cancellation_overdue, cancellations_changed


def tell_of_changes(action, cancellations, **kwargs):
    tell(str(action.result), cancellations)


def tell_of_due(cancellation, **kwargs):
    tell("due", [cancellation])


def tell_of_overdue(cancellation, **kwargs):
    tell("overdue", [cancellation])


RECEIVERS = [
    (cancellations_changed, tell_of_changes),
    (cancellation_due, tell_of_due),
    (cancellation_overdue, tell_of_overdue),
]


def connect():
    for signal, receiver in RECEIVERS:
        signal.connect(receiver)


def disconnect():
    for signal, receiver in RECEIVERS:
        signal.disconnect(receiver)


def tell(event, cancellations):
    """Write what both sides are told, inside the transaction in which it happens."""
    hearers = organizations_of(cancellations)
    told = [
        (cancellation, side, organization)
        for cancellation in cancellations
        for side, organization in hearers.get(cancellation.order_item_id, ())
    ]
    organizations = {organization for *_, organization in told}
    messages = _messages(event, told, organizations)
    mails = _mails(event, told, organizations)
    Message.objects.bulk_create(messages, batch_size=1000)
    Mail.objects.bulk_create(mails, batch_size=1000)
    for message in messages:
        enqueue(deliver, message.pk)
    for mail in mails:
        if not mail.is_for_digest:
            enqueue(send_mail, mail.pk)


def _messages(event, told, organizations):
    endpoints = defaultdict(list)
    for endpoint in Endpoint.objects.filter(is_active=True, organization__in=organizations):
        endpoints[endpoint.organization_id].append(endpoint)
    return [
        Message(
            endpoint=endpoint,
            type=PREFIX + event,
            body=json.dumps(payload(cancellation, event, side), separators=(",", ":")),
        )
        for cancellation, side, organization in told
        for endpoint in endpoints[organization]
    ]


def _mails(event, told, organizations):
    preferences = MailPreference.objects.filter(organization__in=organizations)
    frequencies = dict(preferences.values_list("organization", "frequency"))
    members = defaultdict(list)
    memberships = Organization.members.through.objects.filter(
        organization__in=frequencies, user__is_active=True
    ).exclude(user__email="")
    for organization, user in memberships.values_list("organization", "user"):
        members[organization].append(user)
    return [
        Mail(
            user_id=user,
            organization_id=organization,
            cancellation_uuid=cancellation.uuid,
            type=PREFIX + event,
            happened_at=moment_of(cancellation, event),
            is_for_digest=frequencies[organization] == MailPreference.Frequency.DAILY,
        )
        for cancellation, side, organization in told
        for user in members[organization]
    ]
