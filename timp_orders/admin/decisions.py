"""Carrying out what a page announced, in batches, and telling what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import F, QuerySet

from timp_orders import errors, services
from timp_orders.admin.columns import joined
from timp_orders.admin.preview import error_of
from timp_orders.admin.selection import Announced, Selection
from timp_orders.admin.wording import WORDINGS
from timp_orders.models import Cancellation
from timp_orders.models.querysets import Among, OrderItemQuerySet
from timp_orders.services.command import Call
from timp_orders.services.engine import BATCH_SIZE
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
    """What became of the selection; small, however many items it had."""

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
    """Hands to the service what the page said would change, and nothing else.

    So nothing happens that was not announced: an item that was already so, or could not be, is
    reported as the page said it.

    :param note: kept with each cancellation.
    :param reason: for a request.
    """

    def __init__(self, selection: Selection, user: Any, note: str, reason: str = "") -> None:
        self.selection = selection
        self.call = Call(selection.action, user, Via.ADMIN, note=note, reason=reason)
        self.tally = Tally()

    def carry_out(self) -> Tally:
        rows = self.selection.rows
        changing = [row for row in rows if row.verdict == "change"]
        for start in range(0, len(changing), BATCH_SIZE):
            self._batch(changing[start : start + BATCH_SIZE])
        self._report_announced([row for row in rows if row.verdict != "change"])
        return self.tally

    def _items(self, pks: Sequence[Any]) -> QuerySet[Any]:
        return OrderItemQuerySet(self.call.model, using=self.call.using).filter(Among(F("pk"), pks))

    def _uuids(self, rows: Sequence[Announced]) -> dict[Any, UUID]:
        items = self._items([row.pk for row in rows])
        return dict(items.values_list("pk", self.call.model.UUID_FIELD))

    def _batch(self, rows: Sequence[Announced]) -> None:
        uuids = self._uuids(rows)
        for row in rows:
            if row.pk not in uuids:
                self.tally.refuse(errors.NotFound(), None)
        if self.call.action == Action.REQUEST:
            expected = {}
            uuids = self._not_superseded(rows, uuids)
        else:
            expected = self._expected(rows, uuids)
        if uuids:
            self._attempt(uuids, expected)

    def _expected(self, rows: Sequence[Announced], uuids: dict[Any, UUID]) -> dict[UUID, UUID]:
        shown = self._cancellations().filter(Among(F("pk"), [row.cancellation_pk for row in rows]))
        return {
            uuids[item_pk]: uuid
            for item_pk, uuid in shown.values_list("order_item_id", "uuid")
            if item_pk in uuids
        }

    def _not_superseded(self, rows: Sequence[Announced], uuids: dict[Any, UUID]) -> dict[Any, UUID]:
        """Leave out items whose cancellation was requested and decided since the page."""
        shown = {row.pk: row.cancellation_pk or 0 for row in rows}
        decided = self._cancellations().exclude(status=CancellationStatus.REQUESTED)
        found = decided.filter(Among(F("order_item"), list(uuids)), pk__gt=min(shown.values()))
        newer = {item for item, pk in found.values_list("order_item_id", "pk") if pk > shown[item]}
        for item_pk in newer:
            self.tally.refuse(errors.Superseded(), uuids[item_pk])
        return {pk: uuid for pk, uuid in uuids.items() if pk not in newer}

    def _cancellations(self) -> QuerySet[Cancellation]:
        return Cancellation.objects.using(self.call.using)

    def _attempt(self, uuids: dict[Any, UUID], expected: dict[UUID, UUID]) -> None:
        call = self.call
        items = self._items(list(uuids))
        is_request = call.action == Action.REQUEST
        words: dict[str, Any] = {"reason": call.reason} if is_request else {"expected": expected}
        try:
            outcome = services.BY_ACTION[call.action](
                items, by=call.by, via=call.via, note=call.note, **words
            )
        except errors.Veto as veto:
            self._after_veto(veto, uuids, expected)
        except errors.Busy as busy:
            for uuid in uuids.values():
                self.tally.refuse(busy, uuid)
        else:
            self.tally.add(outcome)
            self._log(outcome)

    def _after_veto(
        self, veto: errors.Veto, uuids: dict[Any, UUID], expected: dict[UUID, UUID]
    ) -> None:
        # A veto undoes its whole call. Halving finds whom it meant: it costs its own item only.
        if len(uuids) == 1:
            self.tally.refuse(veto, *uuids.values())
            return
        named = list(uuids.items())
        middle = len(named) // 2
        for half in (named[:middle], named[middle:]):
            self._attempt(dict(half), expected)

    def _log(self, outcome: Outcome) -> None:
        """Tell Django's own history, after the commit: the trail itself is already written."""
        model = self.call.model
        items: OrderItemQuerySet[Any] = OrderItemQuerySet(model, using=self.call.using)
        changed = items.filter(**{f"{model.UUID_FIELD}__in": outcome.changed})
        LogEntry.objects.log_actions(
            self.call.by_id,
            joined(changed),
            CHANGE,
            str(WORDINGS[self.call.action].logged),
        )

    def _report_announced(self, rows: Sequence[Announced]) -> None:
        """Report what the page already said: the rest of the selection."""
        by_code: dict[str, list[Announced]] = {}
        for row in rows:
            by_code.setdefault(row.verdict, []).append(row)
        self.tally.unchanged += len(by_code.pop("replay", []))
        named = [row for found in by_code.values() for row in found[:EXAMPLES]]
        uuids = self._uuids(named) if named else {}
        for code, found in by_code.items():
            for row in found:
                self.tally.refuse(error_of(code), uuids.get(row.pk))
