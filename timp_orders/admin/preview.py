"""What an action will do to each item, by the same rule that the engine uses."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from timp_orders import errors
from timp_orders.admin.cancellation_texts import quantity_asked, reason_label
from timp_orders.admin.columns import joined, shown, standing_on
from timp_orders.admin.deadlines import time_left_of
from timp_orders.admin.selection import LISTED, Announced, Selection
from timp_orders.admin.wording import REFUSED, WORDINGS, counted
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.reads import (
    attach,
    facts_of,
    items_with_facts,
    reading_of,
    visible_item,
)
from timp_orders.services.rules import possible, quantity_to_confirm
from timp_orders.states import Action, Side

__all__ = ["Group", "announced", "at_most", "error_of", "groups"]

_ERRORS: dict[str, type[errors.CancellationError]] = {
    error.code: error for error in (getattr(errors, name) for name in errors.__all__)
}


@dataclass
class Group:
    """Items of a selection that an action treats alike."""

    kind: str
    """``"change"``, ``"replay"`` or ``"refused"``."""
    heading: str
    count: int
    items: list[Any]
    """The first of them, each with ``timp_cancellation`` and what the page shows of it."""
    refusals: list[tuple[int, str]]
    """How often each error refuses."""

    @property
    def unlisted(self) -> int:
        return self.count - len(self.items)


def error_of(code: str) -> errors.CancellationError:
    """Return the error with this code."""
    return _ERRORS[code]()


def announced(
    caller: Caller, action: Action, querysets: Iterable[QuerySet[Any]]
) -> list[Announced]:
    """Rule on all items of some query sets, in a statement for each of their chunks."""
    rows = []
    for items in querysets:
        for facts in facts_of(caller, items):
            found = possible(action, facts, caller)
            code = found if isinstance(found, str) else found.code
            latest = facts.latest
            key, is_open = (latest.pk, latest.is_open) if latest else (None, False)
            rows.append(Announced(facts.pk, key, code, is_open))
    return rows


def groups(caller: Caller, action: Action, rows: Iterable[Announced]) -> list[Group]:
    """Group items by what will become of them, and read those to be listed, in one statement."""
    wording = WORDINGS[action]
    headings = {"change": wording.will, "replay": wording.already, "refused": REFUSED}
    sorted_rows: dict[str, list[Announced]] = {kind: [] for kind in headings}
    for row in rows:
        sorted_rows.get(row.verdict, sorted_rows["refused"]).append(row)
    items = _read(caller, [row for found in sorted_rows.values() for row in found[:LISTED]])
    return [
        Group(
            kind,
            counted(headings[kind], len(found)),
            len(found),
            [items[row.pk] for row in found[:LISTED] if row.pk in items],
            _refusals(found) if kind == "refused" else [],
        )
        for kind, found in sorted_rows.items()
        if found
    ]


def at_most(caller: Caller, selection: Selection) -> int | None:
    """Return how many of the one item that changes; ``None`` if a page is not to ask for it."""
    action = selection.action
    changing = [row.pk for row in selection.changing]
    if len(changing) != 1 or not caller.counts_parts or not (action.opens or action.cancels):
        return None
    item = visible_item(caller, pk=changing[0])
    facts = None if item is None else reading_of(item).facts
    return facts and quantity_to_confirm(Command(action), facts, caller.lifecycle)


def _refusals(rows: Iterable[Announced]) -> list[tuple[int, str]]:
    codes = Counter(row.verdict for row in rows)
    return [(count, str(error_of(code))) for code, count in codes.most_common()]


def _read(caller: Caller, rows: Iterable[Announced]) -> dict[Any, Any]:
    verdicts = {row.pk: row.verdict for row in rows if row.verdict != errors.NotFound.code}
    items = items_with_facts(caller, many=True).filter(pk__in=list(verdicts))
    found = {}
    for item in joined(items):
        facts = attach(item, caller)
        latest = item.timp_cancellation
        item.timp_reason = reason_label(latest.reason) if latest else ""
        item.timp_quantity = (
            quantity_asked(latest.quantity, latest.quantity_available) if latest else ""
        )
        item.timp_time_left = time_left_of(latest) if latest else ""
        item.timp_left = facts.quantity_left(caller.lifecycle)
        item.timp_asked = facts.quantity_asked(caller.lifecycle)
        item.timp_texts = {name: shown(item, path) for name, path in item.paths().items()}
        for side in Side:
            is_too = caller.standing.sees_all or bool(facts.on_side(side))
            item.timp_texts[side.value] = standing_on(side, item, reader_is_too=is_too)
        verdict = verdicts[item.pk]
        item.timp_refusal = "" if verdict in ("change", "replay") else str(error_of(verdict))
        found[item.pk] = item
    return found
