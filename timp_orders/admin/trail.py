"""The audit trail of an item's cancellations, as its page shows it."""

from typing import Any, NamedTuple

from timp_orders.admin.cancellation_texts import (
    decided_by,
    decision_reason_label,
    quantity_asked,
    quantity_confirmed,
    reason_label,
    requested_by,
)
from timp_orders.admin.deadlines import time_left_of
from timp_orders.models import Cancellation
from timp_orders.services.caller import Caller
from timp_orders.services.reads import reading_for
from timp_orders.states import Side

__all__ = ["Entry", "trail"]


class Entry(NamedTuple):
    cancellation: Cancellation
    asked: str
    confirmed: str
    reason: str
    decision_reason: str
    requested_by: str
    decided_by: str
    time_left: str


def trail(item: Any, caller: Caller) -> list[Entry]:
    """Read the item's cancellations, newest first, with the names that the user may know.

    :param item: one that was read for this caller.
    """
    facts = reading_for(item, caller.by).facts
    sides = [side for side in Side if caller.standing.sees_all or facts.on_side(side)]
    return [
        Entry(
            cancellation,
            quantity_asked(cancellation.quantity, cancellation.quantity_available),
            quantity_confirmed(cancellation),
            reason_label(cancellation.reason),
            decision_reason_label(cancellation.decision_reason),
            requested_by(cancellation, sides),
            decided_by(cancellation, sides),
            time_left_of(cancellation),
        )
        for cancellation in Cancellation.objects.filter(order_item=item.pk).order_by("-pk")
    ]
