"""What an action will do, item by item, by the very rule that the writers use."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from timp_orders import errors
from timp_orders.admin.columns import joined, reason_label, shown
from timp_orders.admin.selection import Announced
from timp_orders.admin.wording import REFUSED, WORDINGS, counted
from timp_orders.models.querysets import LATEST
from timp_orders.services.command import Call
from timp_orders.services.reads import Facts, attach, described

__all__ = ["LISTED", "Group", "error_of", "groups", "ruled"]

LISTED = 100
"""Items that a page lists of each group; the counts are of all."""

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
    """The first of them, each with ``cancellation`` and what the page tells of it."""
    refusals: list[tuple[int, str]]
    """How often each error refuses."""

    @property
    def unlisted(self) -> int:
        return self.count - len(self.items)


def error_of(code: str) -> errors.CancellationError:
    """Return the error with this code."""
    return _ERRORS[code]()


def ruled(call: Call, querysets: Iterable[QuerySet[Any]]) -> list[Announced]:
    """Rule on all the items that the query sets name, one statement for each query set."""
    columns = ("pk", call.model.UUID_FIELD, call.model.STATUS_FIELD)
    sides = ("on_supplier_side", "on_retailer_side")
    latest = (f"{LATEST}__id", f"{LATEST}__uuid", f"{LATEST}__status")
    announced = []
    for named in querysets:
        pks = named.using(call.using).order_by().values("pk")
        rows = described(call.by, call.standing, call.using).filter(pk__in=pks).order_by("pk")
        for row in rows.values_list(*columns, *sides, *latest).iterator(chunk_size=2000):
            facts = Facts(call.standing, *row)
            verdict = call.ruling(facts)
            code = verdict if isinstance(verdict, str) else verdict.code
            announced.append(Announced(facts.pk, facts.cancellation_pk, code))
    return announced


def groups(call: Call, announced: Iterable[Announced]) -> list[Group]:
    """Group what was ruled on, and read the items that are to be listed, in one statement."""
    wording = WORDINGS[call.action]
    headings = {"change": wording.will, "replay": wording.already, "refused": REFUSED}
    sorted_rows: dict[str, list[Announced]] = {kind: [] for kind in headings}
    for row in announced:
        sorted_rows.get(row.verdict, sorted_rows["refused"]).append(row)
    items = _read(call, [row for rows in sorted_rows.values() for row in rows[:LISTED]])
    return [
        Group(
            kind,
            counted(headings[kind], len(rows)),
            len(rows),
            [items[row.pk] for row in rows[:LISTED] if row.pk in items],
            _refusals(rows) if kind == "refused" else [],
        )
        for kind, rows in sorted_rows.items()
        if rows
    ]


def _refusals(rows: Iterable[Announced]) -> list[tuple[int, str]]:
    codes = Counter(row.verdict for row in rows)
    return [(count, str(error_of(code))) for code, count in codes.most_common()]


def _read(call: Call, rows: Iterable[Announced]) -> dict[Any, Any]:
    verdicts = {row.pk: row.verdict for row in rows if row.verdict != errors.NotFound.code}
    items = described(call.by, call.standing, call.using).filter(pk__in=list(verdicts))
    found = {}
    for item in joined(items):
        attach(item, call.standing)
        item.reason_label = reason_label(item.cancellation.reason) if item.cancellation else ""
        item.texts = {
            name: shown(item, getattr(item, f"{name.upper()}_FIELD"))
            for name in (
                "uuid",
                "po_number",
                "retailer",
                "supplier",
                "sku_id",
                "sku_name",
                "status",
            )
        }
        verdict = verdicts[item.pk]
        item.refusal = "" if verdict in ("change", "replay") else str(error_of(verdict))
        found[item.pk] = item
    return found
