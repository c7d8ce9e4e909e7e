"""How a service call is carried out: read, rule, write, tell."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connections, router, transaction
from django.db.models import QuerySet
from django.utils import timezone

from timp_orders import errors
from timp_orders.conf import settings
from timp_orders.contention import in_transaction
from timp_orders.facts import Facts, attach, described, locked_facts, ruling
from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.names import Names
from timp_orders.outcome import Outcome
from timp_orders.querysets import OrderItemQuerySet
from timp_orders.signals import BY_ACTION
from timp_orders.states import Action, CancellationStatus, Ruling

if TYPE_CHECKING:
    from timp_orders.policy import User

__all__ = ["BATCH_SIZE", "Call"]

BATCH_SIZE = 900
"""Items locked and written at a time: fewer than the parameters that any SQLite takes (999)."""

logger = logging.getLogger("timp_orders")


class _Changed(errors.Busy):
    """A compare-and-set met other rows than those that were ruled on."""


@dataclass
class Call:
    """One call of a service function; its arguments are documented there."""

    action: Action
    by: "User | None"
    via: str
    note: str = ""
    reason: str = ""
    expected: Mapping[UUID, UUID] | None = None

    def __post_init__(self) -> None:
        self.model = get_order_item_model()
        self.using = router.db_for_write(self.model)
        self.lifecycle = self.model.lifecycle()
        self.standing = settings.policy.standing(self.by)
        if len(self.note) > settings.NOTE_MAX_LENGTH:
            raise ValueError(f"A note has at most {settings.NOTE_MAX_LENGTH} characters.")
        if "\0" in self.note:
            raise ValueError("A note cannot hold NUL characters.")
        self.note.encode()  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
        if self.reason and self.reason not in settings.REASONS:
            raise ValueError("The reason is not one of TIMP_ORDERS['REASONS'].")

    def perform(self, items: QuerySet[Any]) -> Outcome:
        """Carry the call out on the items that the query set names, and log it."""
        names = Names(items, self.model, self.using)
        if (item := names.only(described(self.by, self.standing, self.using))) is not None:
            outcome = self._perform_one(item)
        else:
            uuids = names.uuids()
            outcome = in_transaction(lambda: self._perform_locked(uuids), self.using)
        self._log(outcome)
        return outcome

    # How it is done

    def _perform_one(self, item: Any) -> Outcome:
        """Rule on what was read without a lock: an UPDATE is lock and comparison at once.

        So one item costs the fewest statements, and who may not see it, or replays, never waits
        for it. If somebody else was faster, or a request needs the lock to see that it is the only
        one, the item is locked and ruled on again.
        """
        facts = attach(item)
        verdict = self._ruling(facts)
        if verdict != "change":
            outcome = Outcome(item=None if verdict is errors.NotFound else item)
            self._sort(outcome, facts, verdict)
            return outcome
        if self.action != Action.REQUEST:
            try:
                return in_transaction(lambda: self._decide_one(item), self.using)
            except _Changed:
                pass
        return in_transaction(lambda: self._perform_one_locked(facts), self.using)

    def _decide_one(self, item: Any) -> Outcome:
        facts = item.facts
        decision = self._write([facts])
        if self.action == Action.CONFIRM:
            setattr(item, item.STATUS_FIELD, self.lifecycle.cancelled)
        for name, value in decision.items():
            setattr(item.cancellation, name, value)
        item.cancellation.open = None
        self._tell([facts], [item.cancellation])
        item.facts = facts._replace(
            status=getattr(item, item.STATUS_FIELD), cancellation_status=self.action.result
        )
        return Outcome(changed=[facts.uuid], item=item)

    def _perform_one_locked(self, facts: Facts) -> Outcome:
        outcome = self._perform_locked({facts.pk: facts.uuid})
        items = described(self.by, self.standing, self.using)
        for outcome.item in items.filter(pk=facts.pk):
            attach(outcome.item)
        return outcome

    def _perform_locked(self, names: Mapping[Any, UUID]) -> Outcome:
        """Lock, rule and write in batches: statements grow with these, not with the items."""
        outcome = Outcome()
        pks = list(names)
        for start in range(0, len(pks), BATCH_SIZE):
            batch = pks[start : start + BATCH_SIZE]
            found = locked_facts(batch, self.by, self.standing, self.using)
            changing = []
            for pk in batch:
                facts = found.get(pk)
                verdict = self._ruling(facts) if facts else errors.NotFound
                if facts and verdict == "change":
                    changing.append(facts)
                self._sort(outcome, facts or Facts(pk, names[pk], None, False, False), verdict)
            if changing:
                self._write(changing)
                self._tell(changing, self._written(changing))
        return outcome

    def _ruling(self, facts: Facts) -> Ruling | type[errors.CancellationError]:
        expected = self.expected.get(facts.uuid) if self.expected else None
        return ruling(self.action, facts, self.standing, self.lifecycle, expected)

    def _sort(
        self, outcome: Outcome, facts: Facts, verdict: Ruling | type[errors.CancellationError]
    ) -> None:
        if verdict == "change":
            outcome.changed.append(facts.uuid)
        elif verdict == "replay":
            outcome.unchanged.append(facts.uuid)
        elif issubclass(verdict, errors.NotPossible):
            outcome.refused[facts.uuid] = verdict(
                order_item_uuid=facts.uuid,
                item_status=facts.status,
                cancellation_status=facts.cancellation_status,
            )
        else:
            outcome.refused[facts.uuid] = verdict(order_item_uuid=facts.uuid)

    # What is written

    def _write(self, changing: Sequence[Facts]) -> dict[str, Any]:
        """Write what was ruled, if it is still so.

        :returns: what was set on each decided cancellation.
        :raises _Changed: it is not; the transaction must be rolled back.
        """
        now = timezone.now()
        name = self.by.get_username() if self.by else ""
        by_id = self.by.pk if self.by else None
        if self.action == Action.REQUEST:
            Cancellation.objects.using(self.using).bulk_create(
                Cancellation(
                    order_item_id=facts.pk,
                    reason=self.reason,
                    note=self.note,
                    requested_at=now,
                    requested_by_id=by_id,
                    requested_by_name=name,
                    requested_via=self.via,
                )
                for facts in changing
            )
            return {}
        if self.action == Action.CONFIRM:
            status = self.model.STATUS_FIELD
            items = OrderItemQuerySet(self.model, using=self.using).filter(
                **{"pk__in": [f.pk for f in changing], f"{status}__in": self.lifecycle.cancellable}
            )
            if items.update(**{status: self.lifecycle.cancelled}) != len(changing):
                raise _Changed
        decision = {
            "status": self.action.result,
            "decision_note": self.note,
            "decided_at": now,
            "decided_by_id": by_id,
            "decided_by_name": name,
            "decided_via": self.via,
        }
        cancellations = Cancellation.objects.using(self.using).filter(
            pk__in=[facts.cancellation_pk for facts in changing],
            status=CancellationStatus.REQUESTED,
        )
        if cancellations.update(**decision) != len(changing):
            raise _Changed
        return decision

    def _written(self, changing: Sequence[Facts]) -> QuerySet[Cancellation]:
        """The cancellations just written."""
        written = Cancellation.objects.using(self.using).order_by("order_item_id")
        if self.action == Action.REQUEST:
            return written.filter(
                order_item__in=[facts.pk for facts in changing], status=self.action.result
            )
        return written.filter(
            pk__in=[facts.cancellation_pk for facts in changing], status=self.action.result
        )

    def _tell(self, changing: Sequence[Facts], cancellations: Iterable[Cancellation]) -> None:
        """Send the signal for each, and make sure that no receiver broke the transaction."""
        signal = BY_ACTION[self.action]
        if not signal.has_listeners(Cancellation):
            return
        if isinstance(cancellations, QuerySet):
            cancellations = cancellations.select_related("order_item")
        before = {facts.pk: facts for facts in changing}
        for cancellation in cancellations:
            try:
                signal.send(
                    sender=Cancellation, cancellation=cancellation, by=self.by, via=self.via
                )
            except errors.Veto as veto:
                facts = before[cancellation.order_item_id]
                veto.order_item_uuid = facts.uuid
                veto.item_status = facts.status
                veto.cancellation_status = facts.cancellation_status
                raise
        # A receiver that swallowed a database error leaves a transaction which Django, PostgreSQL
        # or (after a deadlock) MariaDB would roll back in silence.
        if connections[self.using].needs_rollback or (
            self._written(changing).count() != len(changing)
        ):
            raise transaction.TransactionManagementError(
                "A receiver of a cancellation signal swallowed a database error: "
                "nothing was written."
            )

    def _log(self, outcome: Outcome) -> None:
        if not logger.isEnabledFor(logging.INFO):
            return
        side = "system" if self.by is None else self.action.side.value
        results = [(uuid, "changed") for uuid in outcome.changed]
        results += [(uuid, "unchanged") for uuid in outcome.unchanged]
        results += [(uuid, error.code) for uuid, error in outcome.refused.items()]
        for uuid, result in results:
            logger.info("%s item=%s side=%s via=%s: %s", self.action, uuid, side, self.via, result)
