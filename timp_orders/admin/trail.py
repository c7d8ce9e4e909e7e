"""The audit trail of an item's cancellations, as its page shows it."""

from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.db.models.constants import LOOKUP_SEP

from timp_orders.admin.cancellation_texts import (
    decided_by,
    decision_reason_label,
    quantity_asked,
    quantity_confirmed,
    reason_label,
    requested_by,
)
from timp_orders.admin.columns import joined, shown, standing_on
from timp_orders.admin.deadlines import time_left_of
from timp_orders.models import AbstractOrderItem, Cancellation
from timp_orders.services.caller import Caller
from timp_orders.services.reads import reading_for
from timp_orders.states import CancellationStatus, Side

__all__ = ["Entry", "Order", "items_of", "next_awaiting", "order_of", "order_relation", "trail"]

_SHOWN = 50


class Entry(NamedTuple):
    cancellation: Cancellation
    asked: str
    confirmed: str
    reason: str
    decision_reason: str
    requested_by: str
    decided_by: str
    time_left: str


class Order(NamedTuple):
    """The order of an item, as the item's page shows it.

    :ivar items: the first others of its items that the user sees.
    :ivar unlisted: how many more there are.
    """

    po_number: Any
    retailer: Any
    supplier: Any
    items: list[Any]
    unlisted: int


def order_of(item: Any, caller: Caller) -> Order:
    """Read the order of an item: who it is between, and its other items.

    :param item: one that was read for this caller.
    """
    own = _sides(item, caller)
    retailer, supplier = (
        standing_on(side, item, reader_is_too=side in own)
        for side in (Side.RETAILER, Side.SUPPLIER)
    )
    items: list[Any] = []
    unlisted = 0
    if relation := order_relation(caller.model):
        items, unlisted = items_of(caller, item.value_of(relation), but=item.pk)
    return Order(shown(item, item.paths()["po_number"]), retailer, supplier, items, unlisted)


def order_relation(model: type[AbstractOrderItem]) -> str:
    """Return the path from an item to its order; "" where the item itself has the PO number."""
    return model.paths()["po_number"].rpartition(LOOKUP_SEP)[0]


def items_of(caller: Caller, order: Any, *, but: Any = None) -> tuple[list[Any], int]:
    """Read the items of an order that the user sees, with what a page shows of them.

    :param but: the key of one that is left out.
    :returns: the first of them, and how many more there are.
    """
    paths = caller.model.paths()
    visible = caller.visible_items().filter(**{order_relation(caller.model): order})
    items, unlisted = _first(joined(visible.exclude(pk=but)).order_by("pk"))
    told = {name: paths[name] for name in ("uuid", "sku_id", "sku_name", "quantity", "status")}
    for item in items:
        item.timp_texts = {name: shown(item, path) for name, path in told.items() if path}
    return items, unlisted


def _first(rows: QuerySet[Any]) -> tuple[list[Any], int]:
    """Read the first rows, and how many more there are."""
    found = list(rows[: _SHOWN + 1])
    return found[:_SHOWN], rows.count() - _SHOWN if len(found) > _SHOWN else 0


def next_awaiting(caller: Caller, but: Any) -> Any | None:
    """Return the key of the visible item that has been waiting longest for a decision.

    :param but: the key of another one.
    """
    waiting = caller.visible_items().filter(cancellations__status=CancellationStatus.REQUESTED)
    keys = waiting.exclude(pk=but).order_by("cancellations__pk").values_list("pk", flat=True)
    return keys.first()


def trail(item: Any, caller: Caller) -> tuple[list[Entry], int]:
    """Read the item's cancellations, newest first, with the names that the user may know.

    :param item: one that was read for this caller.
    :returns: the newest of them, and how many more there are.
    """
    sides = _sides(item, caller)
    cancellations = Cancellation.objects.using(caller.using).filter(order_item=item.pk)
    newest, unlisted = _first(cancellations.order_by("-pk"))
    entries = [
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
        for cancellation in newest
    ]
    return entries, unlisted


def _sides(item: Any, caller: Caller) -> list[Side]:
    """List the sides whose names the user may know."""
    facts = reading_for(item, caller.by).facts
    return [side for side in Side if caller.standing.sees_all or facts.on_side(side)]
