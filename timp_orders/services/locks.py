"""The statements that lock items and their cancellations, and read facts about them."""

from collections.abc import Container, Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, QuerySet

from timp_orders.models import Cancellation
from timp_orders.models.lookups import Among
from timp_orders.models.querysets import LATEST, WAS_CONFIRMED, locked, only_confirmed
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.facts import Facts, Known
from timp_orders.services.reads import KNOWN, keep, known, named, reading_of
from timp_orders.states import Side

__all__ = ["locked_facts", "refresh_under_locks"]


class _Latest(NamedTuple):
    """The key of an item's latest cancellation, if it has one."""

    key: int | None
    was_confirmed: bool | None
    """Whether any of the item's was; ``None`` if that was not asked."""


class _Trail(NamedTuple):
    """The :class:`~timp_orders.services.facts.Facts` that depend on an item's cancellations."""

    latest: Known | None = None
    was_confirmed: bool | None = None
    cancelled: int = 0


_NO_TRAIL = _Trail()


def locked_facts(caller: Caller, commands: Mapping[Any, Command]) -> dict[Any, Facts]:
    """Lock items, and their latest cancellations, and read what a verdict depends on.

    The items come first, in the order of their primary keys, so that no two calls wait for each
    other; all else is read once they are locked.

    :param commands: by the items' primary keys. Whoever is on the side that acts on an item is not
        looked for on the other, since no verdict depends on it.
    :returns: facts by primary key, in its order; those of vanished items are missing.
    """
    model = caller.model
    held = locked(caller.items().filter(Among(F("pk"), list(commands))), caller.using)
    counted = (model.QUANTITY_FIELD,) if caller.counts_parts else ()
    rows = list(held.values_list("pk", model.UUID_FIELD, model.STATUS_FIELD, *counted))
    acting: dict[Side, list[Any]] = {}
    for row in rows:
        acting.setdefault(commands[row[0]].action.side, []).append(row[0])
    # Statements of their own, since the one above does not see what was committed while it waited.
    asks = any(command.asks_for_confirmed for command in commands.values())
    latest = _latest_as_they_act(caller, acting, asks_for_confirmed=asks)
    on = _sides_of(caller, acting, latest)
    trails = _locked_trails(caller, latest)
    names = _named(caller, commands.values(), trails)
    return {
        pk: Facts(
            pk=pk,
            uuid=uuid,
            status=status,
            on_supplier_side=on[Side.SUPPLIER].get(pk),
            on_retailer_side=on[Side.RETAILER].get(pk),
            latest=trail.latest,
            was_confirmed=trail.was_confirmed,
            cancelled=trail.cancelled,
            ordered=ordered[0] if ordered else None,
            named=names.get(name) if (name := commands[pk].named) else None,
        )
        for pk, uuid, status, *ordered in rows
        for trail in [trails.get(pk, _NO_TRAIL)]
    }


def _latest_as_they_act(
    caller: Caller, acting: Mapping[Side, list[Any]], *, asks_for_confirmed: bool
) -> dict[Any, _Latest]:
    """Read the latest cancellations of the items that the caller acts on from their own side.

    Organizations are joined once for many items; to ask for each row took half of a call.

    :returns: by the items' primary keys.
    """
    if caller.standing.either_side:  # who is not asked twice
        acting = {Side.SUPPLIER: [pk for pks in acting.values() for pk in pks]}
    asks = asks_for_confirmed and not caller.counts_parts
    found: dict[Any, _Latest] = {}
    for side, pks in acting.items():
        items = (
            caller.items().filter(Among(F("pk"), pks)).with_locked_latest(asks_for_confirmed=asks)
        )
        found |= _latest_of(caller.on_side(items, side).order_by())
    return found


def _latest_of(items: QuerySet[Any]) -> dict[Any, _Latest]:
    """Read what ``with_locked_latest()`` annotates, by primary key."""
    return {pk: _Latest(*read) for pk, *read in items.values_list("pk", LATEST, WAS_CONFIRMED)}


def _locked_trails(caller: Caller, latest: Mapping[Any, _Latest]) -> dict[Any, _Trail]:
    """Lock these cancellations, and read what verdicts depend on.

    :returns: by the items' primary keys; items that never had one are missing.
    """
    was_confirmed = {found.key: found.was_confirmed for found in latest.values() if found.key}
    # Locking reads, since under REPEATABLE READ a plain one does not see what was committed.
    rows = Cancellation.objects.filter(Among(F("pk"), list(was_confirmed)))
    trails = {
        found.item: _Trail(found, was_confirmed[found.pk])
        for found in map(Known._make, locked(rows, caller.using).values_list(*KNOWN))
    }
    return _with_parts(caller, trails)


def _with_parts(caller: Caller, trails: dict[Any, _Trail]) -> dict[Any, _Trail]:
    """Add what was confirmed in parts, where these count."""
    if not caller.counts_parts or not trails:
        return trails
    parts = _locked_parts(caller, list(trails))
    return {
        pk: trail._replace(was_confirmed=pk in parts, cancelled=parts.get(pk, 0))
        for pk, trail in trails.items()
    }


def _locked_parts(caller: Caller, pks: list[Any]) -> dict[Any, int]:
    """Lock the confirmed cancellations of items, and sum up what was confirmed in parts."""
    confirmed = only_confirmed(Cancellation.objects.filter(Among(F("order_item"), pks)))
    cancelled: dict[Any, int] = {}
    for found in map(Known._make, locked(confirmed, caller.using).values_list(*KNOWN)):
        # If the item is not cancelled after a whole one, the host has set it back.
        before = cancelled.get(found.item, 0)
        cancelled[found.item] = before + (found.confirmed or 0) if found.is_part else 0
    return cancelled


def _named(
    caller: Caller, commands: Iterable[Command], trails: Mapping[Any, _Trail]
) -> dict[UUID, Known]:
    """Find the cancellations whose UUIDs are given to new ones, of other items too."""
    wanted = {command.named for command in commands if command.named and command.action.opens}
    if not wanted:
        return {}
    own = {trail.latest.uuid: trail.latest for trail in trails.values() if trail.latest}
    missing = [uuid for uuid in wanted if uuid not in own]
    # Not locked, since locks on what does not exist would deadlock on MariaDB. What is inserted
    # meanwhile meets the unique constraint.
    return own | named(missing, caller.using) if missing else own


def _sides_of(
    caller: Caller, acting: Mapping[Side, list[Any]], as_they_act: Container[Any]
) -> dict[Side, dict[Any, bool]]:
    """Tell on whose side the caller is: as they act, or else perhaps on the other.

    :param as_they_act: the items on whose acting side they are.
    """
    on: dict[Side, dict[Any, bool]] = {side: {} for side in Side}
    for side, pks in acting.items():
        on[side] |= {pk: pk in as_they_act for pk in pks}
        if others := [pk for pk in pks if pk not in as_they_act]:
            found = caller.on_side(caller.items().filter(Among(F("pk"), others)), side.opposite)
            is_on = set(found.order_by().values_list("pk", flat=True))
            on[side.opposite] |= {pk: pk in is_on for pk in others}
    return on


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
    every = caller.items().filter(pk=item.pk).with_locked_latest(asks_for_confirmed=False)
    keys = [latest.key for latest in _latest_of(every).values() if latest.key]
    item.timp_cancellation = None
    trails = {}
    for cancellation in locked(Cancellation.objects.filter(pk__in=keys), caller.using):
        item.timp_cancellation = cancellation
        cancellation.order_item = item
        trails[item.pk] = _Trail(known(cancellation))
    trail = _with_parts(caller, trails).get(item.pk, _NO_TRAIL)
    reading: Any = reading_of(item)
    facts = reading.facts._replace(
        status=getattr(item, item.STATUS_FIELD),
        ordered=getattr(item, item.QUANTITY_FIELD) if caller.counts_parts else None,
        **trail._asdict(),
    )
    keep(item, caller, facts)
