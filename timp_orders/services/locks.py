"""The statements that lock items and their cancellations, and read facts about them."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F

from timp_orders.models import Cancellation
from timp_orders.models.querysets import Among, locked
from timp_orders.services.caller import Caller
from timp_orders.services.reads import keep, reading_of
from timp_orders.services.rules import Facts, Latest
from timp_orders.states import Side

__all__ = ["locked_facts", "refresh_under_locks"]


def locked_facts(caller: Caller, acting: Mapping[Any, Side]) -> dict[Any, Facts]:
    """Lock items and their cancellations, and only then read what a verdict depends on.

    Both are locked in the order of their primary keys, items first.

    :param acting: primary keys, each with the side that is to act on the item. Whoever is on that
        side is not looked for on the other, since no verdict depends on it.
    :returns: facts by primary key, in its order; those of vanished items are missing.
    """
    model = caller.model
    held = locked(caller.items().filter(Among(F("pk"), list(acting))), caller.using)
    rows = list(held.values_list("pk", model.UUID_FIELD, model.STATUS_FIELD))
    # Statements of their own, since the one above does not see what was committed while it waited.
    on = _sides_of(caller, {pk: acting[pk] for pk, _, _ in rows})
    latest = _locked_latest(caller, [pk for pk, _, _ in rows])
    return {
        pk: Facts(
            pk=pk,
            uuid=uuid,
            status=status,
            on_supplier_side=on[Side.SUPPLIER].get(pk),
            on_retailer_side=on[Side.RETAILER].get(pk),
            latest=latest.get(pk),
        )
        for pk, uuid, status in rows
    }


def _locked_latest(caller: Caller, pks: list[Any]) -> dict[Any, Latest]:
    # A locking read, since under REPEATABLE READ a plain one does not see what was committed.
    trail = Cancellation.objects.filter(Among(F("order_item"), pks))
    rows = locked(trail, caller.using).values_list("order_item_id", "pk", "uuid", "status")
    # In the order of their keys: the last one stays.
    return {item: Latest(pk, uuid, status) for item, pk, uuid, status in rows}


def _sides_of(caller: Caller, acting: Mapping[Any, Side]) -> dict[Side, dict[Any, bool]]:
    """Read on whose side the caller is: first as they act, then what is left from the other side.

    Organizations are joined once for many items; to ask for each row took half of a call.
    """
    first = {
        side: _asked(caller, [pk for pk, acts in acting.items() if acts == side], side)
        for side in Side
    }
    return {
        side: first[side]
        | _asked(caller, [pk for pk, is_on in first[side.opposite].items() if not is_on], side)
        for side in Side
    }


def _asked(caller: Caller, pks: list[Any], side: Side) -> dict[Any, bool]:
    if caller.standing.either_side or not pks:
        return dict.fromkeys(pks, True)
    found = caller.on_side(caller.items().filter(Among(F("pk"), pks)), side).order_by()
    on = set(found.values_list("pk", flat=True))
    return {pk: pk in on for pk in pks}


def refresh_under_locks(item: Any, caller: Caller) -> None:
    """Give an item of :func:`items_with_facts` the status and cancellation that its locks return.

    For a transaction that somebody else began: under REPEATABLE READ, MariaDB's plain reads still
    show what was there when it began, not what was committed while the lock was waited for.
    """
    rows = locked(caller.items().filter(pk=item.pk), caller.using)
    for status in rows.values_list(item.STATUS_FIELD, flat=True):
        setattr(item, item.STATUS_FIELD, status)
    latest = locked(Cancellation.objects.filter(order_item=item.pk), caller.using).last()
    item.timp_cancellation = latest
    if latest is not None:
        latest.order_item = item
    reading: Any = reading_of(item)
    facts = reading.facts._replace(
        status=getattr(item, item.STATUS_FIELD),
        latest=Latest(latest.pk, latest.uuid, latest.status) if latest else None,
    )
    keep(item, caller, facts)
