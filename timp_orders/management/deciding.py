"""Decisions on many cancellations from a terminal, and rows that tell of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError
from django.db.models import F, QuerySet

from timp_orders import errors
from timp_orders.management.written import Meant, Row
from timp_orders.models import Cancellation
from timp_orders.models.lookups import Among
from timp_orders.models.querysets import by_pages
from timp_orders.services import Change, apply_changes
from timp_orders.services.batches import BATCH_SIZE
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.reads import attach, items_with_facts
from timp_orders.services.rules import is_visible, verdict

__all__ = [
    "batches",
    "carry_out",
    "foresee",
    "meant_by",
    "row",
    "rows_of",
]

_WORDS = {"change": "would change", "replay": "unchanged"}


def meant_by(cancellations: QuerySet[Cancellation], uuid_field: str) -> Iterator[Meant]:
    """Name each cancellation with its item, in the order of their keys."""
    columns = ("pk", f"order_item__{uuid_field}", "uuid")
    for page in by_pages(cancellations, BATCH_SIZE, columns):
        yield from (Meant(item, uuid) for _, item, uuid in page)


def batches(meant: Iterable[Meant]) -> Iterator[list[Meant]]:
    """Cut into lists of as many items as are locked at a time.

    :raises django.core.management.CommandError: an item comes twice in one.
    """
    remaining = iter(meant)
    while batch := list(islice(remaining, BATCH_SIZE)):
        if len({one.order_item_uuid for one in batch}) < len(batch):
            raise CommandError("An item comes twice.")
        yield batch


def carry_out(caller: Caller, command: Command, batch: Sequence[Meant]) -> dict[UUID, str]:
    """Decide, in one transaction.

    :returns: what became of each item: ``"changed"``, ``"unchanged"`` or the code of its refusal.
    """
    changes = [
        Change(
            one.order_item_uuid,
            command.action,
            note=command.note,
            reason=command.reason,
            cancellation_uuid=one.cancellation_uuid,
        )
        for one in batch
    ]
    results = apply_changes(changes, by=caller.by, via=caller.via).results()
    return {one.order_item_uuid: results[one.order_item_uuid] for one in batch}


def foresee(caller: Caller, command: Command, batch: Sequence[Meant]) -> dict[UUID, str]:
    """Say what :func:`carry_out` would do, if no receiver vetoed it; nothing is written."""
    named = {one.order_item_uuid: one.cancellation_uuid for one in batch}
    results = dict.fromkeys(named, errors.NotFound.code)
    for item in _items(caller, list(named)):
        facts = attach(item, caller)
        found = verdict(replace(command, named=named[facts.uuid]), facts, caller)
        results[facts.uuid] = _WORDS[found] if isinstance(found, str) else found.code
    return results


def rows_of(caller: Caller, results: dict[UUID, str]) -> Iterator[Row]:
    """Tell the result of each item, with its latest cancellation as it is now."""
    found = {}
    for item in _items(caller, list(results)):
        facts = attach(item, caller)
        if is_visible(facts, caller):
            found[facts.uuid] = row(item, item.timp_cancellation)
    for uuid, result in results.items():
        yield {"order_item_uuid": uuid, **found.get(uuid, {}), "result": result}


def row(item: Any, cancellation: Cancellation | None) -> dict[str, Any]:
    """Tell of a cancellation and its item."""
    paths = item.paths()
    told = {
        "order_item_uuid": item.value_of(paths["uuid"]),
        "item_status": item.status_name(item.value_of(paths["status"])),
        "po_number": item.value_of(paths["po_number"]),
        "sku_id": item.value_of(paths["sku_id"]),
    }
    if cancellation is None:
        return told
    names = ("status", "quantity", "requested_at", "decided_at", "reason", "note")
    own = {name: getattr(cancellation, name) for name in names}
    return {**told, **own, "cancellation_uuid": cancellation.uuid}


def _items(caller: Caller, uuids: list[UUID]) -> QuerySet[Any]:
    return items_with_facts(caller, many=True).filter(Among(F(caller.model.UUID_FIELD), uuids))
