"""The audit trail of an item's cancellations, as its page shows it."""

from typing import Any, NamedTuple

from timp_orders.admin.columns import decided_by, reason_label, requested_by
from timp_orders.models import Cancellation
from timp_orders.services.caller import Caller
from timp_orders.services.reads import reading_for

__all__ = ["Entry", "trail"]


class Entry(NamedTuple):
    cancellation: Cancellation
    reason: str
    requested_by: str
    decided_by: str


def trail(item: Any, caller: Caller) -> list[Entry]:
    """Read the item's cancellations, newest first, with the names that the user may know.

    :param item: one that was read for this caller.
    """
    facts = reading_for(item, caller.by).facts
    on_retailer_side = caller.standing.sees_all or bool(facts.on_retailer_side)
    on_supplier_side = caller.standing.sees_all or bool(facts.on_supplier_side)
    return [
        Entry(
            cancellation,
            reason_label(cancellation.reason),
            requested_by(cancellation, on_retailer_side=on_retailer_side),
            decided_by(
                cancellation,
                on_retailer_side=on_retailer_side,
                on_supplier_side=on_supplier_side,
            ),
        )
        for cancellation in Cancellation.objects.filter(order_item=item.pk).order_by("-pk")
    ]
