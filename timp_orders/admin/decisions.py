"""Carry out a confirmed selection in batches, and count the results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import F, QuerySet
from django.utils.translation import override

from timp_orders import errors
from timp_orders.admin.columns import joined
from timp_orders.admin.preview import error_of
from timp_orders.admin.selection import Announced, Selection
from timp_orders.admin.wording import WORDINGS
from timp_orders.models import Cancellation
from timp_orders.models.lookups import Among
from timp_orders.services import Change, apply_changes
from timp_orders.services.batches import BATCH_SIZE
from timp_orders.services.caller import Caller
from timp_orders.services.outcome import Outcome
from timp_orders.states import Action, CancellationStatus, Via

__all__ = ["EXAMPLES", "Decision", "Refusals", "Tally"]

EXAMPLES = 5
"""Items that a message names for one reason."""


@dataclass
class Refusals:
    """Items refused for one reason: how many, and the first of them."""

    count: int = 0
    examples: list[UUID] = field(default_factory=list)

    def add(self, uuid: UUID | None) -> None:
        self.count += 1
        if uuid and len(self.examples) < EXAMPLES:
            self.examples.append(uuid)


@dataclass
class Tally:
    """Counts of the results; small, however many items were selected."""

    changed: int = 0
    unchanged: int = 0
    refused: dict[str, Refusals] = field(default_factory=dict)

    def refuse(self, error: errors.CancellationError, uuid: UUID | None) -> None:
        self.refused.setdefault(str(error), Refusals()).add(uuid)

    def add(self, outcome: Outcome) -> None:
        self.changed += len(outcome.changed)
        self.unchanged += len(outcome.unchanged)
        for uuid, error in outcome.refused.items():
            self.refuse(error, uuid)


class Decision:
    """Pass to the service what the confirmation page said would change, and nothing else.

    An item that was already so, or could not be changed, is reported as the page said it.

    :param arguments: what the form says, for each change.
    """

    def __init__(self, selection: Selection, user: Any, **arguments: Any) -> None:
        self.selection = selection
        self.caller = Caller.of(user, via=Via.ADMIN)
        self.arguments = arguments
        self.tally = Tally()

    def carry_out(self) -> Tally:
        rows, changing = self.selection.rows, self.selection.changing
        for start in range(0, len(changing), BATCH_SIZE):
            self._batch(changing[start : start + BATCH_SIZE])
        self._report_announced([row for row in rows if row.verdict != "change"])
        return self.tally

    def _uuids(self, rows: Sequence[Announced]) -> dict[Any, UUID]:
        items = self.caller.items().filter(Among(F("pk"), [row.pk for row in rows]))
        return dict(items.order_by("pk").values_list("pk", self.caller.model.UUID_FIELD))

    def _batch(self, rows: Sequence[Announced]) -> None:
        uuids = self._uuids(rows)
        for row in rows:
            if row.pk not in uuids:
                self.tally.refuse(errors.NotFound(), None)
        action = self.selection.action
        if action.opens:
            uuids = self._not_superseded([row for row in rows if not row.is_open], uuids)
        names = self._names(rows, uuids)
        changes = [
            Change(uuid, action, cancellation_uuid=names.get(uuid), **self.arguments)
            for uuid in uuids.values()
        ]
        try:
            outcome = apply_changes(changes, by=self.caller.by, via=self.caller.via)
        except errors.Busy as busy:
            outcome = Outcome(refused=dict.fromkeys(uuids.values(), busy))
        self.tally.add(outcome)
        if outcome.changed:
            self._log(outcome)

    def _expected(self, rows: Sequence[Announced], uuids: dict[Any, UUID]) -> dict[UUID, UUID]:
        shown = self._cancellations().filter(Among(F("pk"), [row.cancellation_pk for row in rows]))
        return {
            uuids[item_pk]: uuid
            for item_pk, uuid in shown.values_list("order_item_id", "uuid")
            if item_pk in uuids
        }

    def _names(self, rows: Sequence[Announced], uuids: dict[Any, UUID]) -> dict[UUID, UUID]:
        """Name the cancellations that the page showed, and those that are written outright."""
        if self.selection.action == Action.REQUEST:
            return {}
        if self.selection.action != Action.CANCEL:
            return self._expected(rows, uuids)
        new = {uuid: uuid5(self.selection.uuid, str(uuid)) for uuid in uuids.values()}
        return new | self._expected([row for row in rows if row.is_open], uuids)

    def _not_superseded(self, rows: Sequence[Announced], uuids: dict[Any, UUID]) -> dict[Any, UUID]:
        """Leave out items whose cancellation was requested and decided since the page."""
        shown = {row.pk: row.cancellation_pk or 0 for row in rows}
        decided = self._cancellations().exclude(status=CancellationStatus.REQUESTED)
        found = decided.filter(
            Among(F("order_item"), list(uuids)), pk__gt=min(shown.values(), default=0)
        )
        keys = found.values_list("order_item_id", "pk")
        newer = {item for item, pk in keys if item in shown and pk > shown[item]}
        for item_pk in newer:
            self.tally.refuse(errors.Superseded(), uuids[item_pk])
        return {pk: uuid for pk, uuid in uuids.items() if pk not in newer}

    def _cancellations(self) -> QuerySet[Cancellation]:
        return Cancellation.objects.using(self.caller.using)

    def _log(self, outcome: Outcome) -> None:
        """Write log entries of the admin after the commit; the audit trail is already written."""
        uuid = F(self.caller.model.UUID_FIELD)
        LogEntry.objects.log_actions(
            self.caller.user_id,
            joined(self.caller.items().filter(Among(uuid, outcome.changed))),
            CHANGE,
            _for_the_history(self.selection.action),
        )

    def _report_announced(self, rows: Sequence[Announced]) -> None:
        """Count the items that the confirmation page said would not change."""
        by_code: dict[str, list[Announced]] = {}
        for row in rows:
            by_code.setdefault(row.verdict, []).append(row)
        self.tally.unchanged += len(by_code.pop("replay", []))
        named = [row for found in by_code.values() for row in found[:EXAMPLES]]
        uuids = self._uuids(named) if named else {}
        for code, found in by_code.items():
            for row in found:
                self.tally.refuse(error_of(code), uuids.get(row.pk))


def _for_the_history(action: Action) -> list[dict[str, Any]]:
    """Return what Django's history translates when it is read, not when it is written."""
    with override(None):
        changed = str(WORDINGS[action].logged)
    return [{"changed": {"fields": [changed]}}]
