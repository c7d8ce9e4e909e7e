"""The statements that lock items and their cancellations, and read facts about them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import F

from timp_orders.models import Cancellation
from timp_orders.models.querysets import Among, locked
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.facts import Facts, Known
from timp_orders.services.reads import KNOWN, keep, known, named, reading_of
from timp_orders.states import Side

__all__ = ["locked_facts", "refresh_under_locks"]


def locked_facts(caller: Caller, commands: Mapping[Any, Command]) -> dict[Any, Facts]:
    """Lock items and their cancellations, and only then read what a verdict depends on.

    Both are locked in the order of their primary keys, items first.

    :param commands: by the items' primary keys. Whoever is on the side that acts on an item is not
        looked for on the other, since no verdict depends on it.
    :returns: facts by primary key, in its order; those of vanished items are missing.
    """
    model = caller.model
    held = locked(caller.items().filter(Among(F("pk"), list(commands))), caller.using)
    counted = (model.QUANTITY_FIELD,) if caller.counts_parts else ()
    rows = list(held.values_list("pk", model.UUID_FIELD, model.STATUS_FIELD, *counted))
    pks = [row[0] for row in rows]
    # Statements of their own, since the one above does not see what was committed while it waited.
    on = _sides_of(caller, {pk: commands[pk].action.side for pk in pks})
    trails = _locked_trails(caller, pks)
    names = _named(caller, [commands[pk] for pk in pks], trails)
    return {
        pk: Facts(
            pk=pk,
            uuid=uuid,
            status=status,
            on_supplier_side=on[Side.SUPPLIER].get(pk),
            on_retailer_side=on[Side.RETAILER].get(pk),
            **_summed(trails.get(pk, [])),
            ordered=ordered[0] if ordered else None,
            named=names.get(name) if (name := commands[pk].named) else None,
        )
        for pk, uuid, status, *ordered in rows
    }


def _locked_trails(caller: Caller, pks: list[Any]) -> dict[Any, list[Known]]:
    """Lock the items' cancellations, and return them in the order of their keys."""
    # A locking read, since under REPEATABLE READ a plain one does not see what was committed.
    cancellations = Cancellation.objects.filter(Among(F("order_item"), pks))
    trails: dict[Any, list[Known]] = {}
    for found in map(Known._make, locked(cancellations, caller.using).values_list(*KNOWN)):
        trails.setdefault(found.item, []).append(found)
    return trails


def _summed(trail: list[Known]) -> dict[str, Any]:
    cancelled = 0
    for found in trail:
        if found.is_confirmed:
            # If the item is not cancelled after a whole one, the host has set it back.
            cancelled = cancelled + (found.confirmed or 0) if found.is_part else 0
    return {
        "latest": trail[-1] if trail else None,
        "was_confirmed": any(found.is_confirmed for found in trail),
        "cancelled": cancelled,
    }


def _named(
    caller: Caller, commands: Iterable[Command], trails: Mapping[Any, list[Known]]
) -> dict[UUID, Known]:
    """Find the cancellations whose UUIDs are given to new ones, of other items too."""
    wanted = {command.named for command in commands if command.named and command.action.opens}
    if not wanted:
        return {}
    own = {found.uuid: found for trail in trails.values() for found in trail}
    missing = [uuid for uuid in wanted if uuid not in own]
    # Not locked, since locks on what does not exist would deadlock on MariaDB. What is inserted
    # meanwhile meets the unique constraint.
    return own | named(missing, caller.using) if missing else own


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
    columns = [item.STATUS_FIELD, *([item.QUANTITY_FIELD] if caller.counts_parts else [])]
    rows = locked(caller.items().filter(pk=item.pk), caller.using)
    for row in rows.values(*columns):
        for name, value in row.items():
            setattr(item, name, value)
    trail = list(locked(Cancellation.objects.filter(order_item=item.pk), caller.using))
    item.timp_cancellation = latest = trail[-1] if trail else None
    if latest is not None:
        latest.order_item = item
    reading: Any = reading_of(item)
    facts = reading.facts._replace(
        status=getattr(item, item.STATUS_FIELD),
        ordered=getattr(item, item.QUANTITY_FIELD) if caller.counts_parts else None,
        **_summed([known(found) for found in trail]),
    )
    keep(item, caller, facts)
