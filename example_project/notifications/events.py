"""What is told of a cancellation, and to whom."""

from timp_orders.models import get_order_item_model
from timp_orders.states import Side

PREFIX = "order_item.cancellation."
"""Types are ``order_item.cancellation.requested``, and so on."""

_MOMENTS = {"requested": "requested_at", "due": "reminded_at", "overdue": "overdue_at"}


def moment_of(cancellation, event):
    return getattr(cancellation, _MOMENTS.get(event, "decided_at"))


def payload(cancellation, event, side):
    """Return what an organization on one side is told.

    Thin, by the Standard Webhooks specification: never a name or a note, whoever made the URL. The
    list of cancellations has the rest, for those who may see it.
    """
    item = cancellation.order_item
    paths = item.paths()
    status = event if event not in ("due", "overdue") else "requested"
    return {
        "type": PREFIX + event,
        "timestamp": moment_of(cancellation, event).isoformat(),
        "data": {
            "order_uuid": _text(paths["order_uuid"] and item.value_of(paths["order_uuid"])),
            "order_item_uuid": str(item.value_of(paths["uuid"])),
            "cancellation_uuid": str(cancellation.uuid),
            "your_side": str(side),
            "status": status,
            "item_status": item.status_name(item.value_of(paths["status"])),
            "quantity": cancellation.quantity,
            "quantity_confirmed": cancellation.quantity_confirmed,
            "quantity_left": cancellation.quantity_left,
            "requested_by": cancellation.requested_party,
            "decided_by": cancellation.decided_party,
            "respond_by": cancellation.respond_by and cancellation.respond_by.isoformat(),
        },
    }


def _text(value):
    return str(value) if value else None


def organizations_of(cancellations):
    """Read which organizations are on the sides of the items, by one statement.

    The policy says it of users; as its own ``on_side()`` has it, it is their organization that
    stands at the item's path, and is of the side's type. Where yours has other rules, change this.

    :returns: pairs of a side and an organization's key, by the item's key.
    """
    model = get_order_item_model()
    paths = model.paths()
    keys = [cancellation.order_item_id for cancellation in cancellations]
    wanted = [f"{paths[side]}{end}" for side in Side for end in ("", "__org_type")]
    found = {}
    for pk, *values in model._base_manager.filter(pk__in=keys).values_list("pk", *wanted):
        pairs = zip(Side, values[::2], values[1::2], strict=True)
        found[pk] = [(side, key) for side, key, org_type in pairs if org_type == side]
    return found
