"""What silence decides: overdue cancellations are confirmed, or rejected."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, Q
from django.utils.translation import gettext as _

from timp_orders import errors
from timp_orders.conf import settings
from timp_orders.models.lookups import Among
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.deadlines.due import (
    Due,
    Enforced,
    asked,
    by_item,
    decided_at_once,
    unmarked,
)
from timp_orders.services.engine import perform_many
from timp_orders.services.reads import facts_of
from timp_orders.services.rules import verdict
from timp_orders.services.targets import Targets
from timp_orders.services.transactions import in_transaction
from timp_orders.services.writes import overdue, undecided
from timp_orders.states import Action, OnDeadline

__all__ = ["CONFIRM", "REJECT", "foreseen"]

_DECIDED_BY_OTHERS = (
    errors.AlreadyConfirmed,
    errors.AlreadyRejected,
    errors.AlreadyWithdrawn,
    errors.Superseded,
)


class _Decision(NamedTuple):
    """A step that decides overdue cancellations, through the service for everybody's decisions.

    :ivar counted: returns how many it decided.
    """

    action: Action
    counted: Callable[[int], Enforced]

    def __str__(self) -> str:
        return self.action.value

    def due(self, now: datetime) -> Q:
        told = Q(respond_by__lte=now, on_deadline=self.action.value)
        return told | unmarked(now) if decided_at_once() == self.action else told

    def take(self, caller: Caller, batch: list[Due], now: datetime) -> Enforced:
        """Decide the cancellations of a batch that nobody has decided, in one transaction.

        :raises timp_orders.errors.Busy: none of them is decided.
        """
        commands = self._commands(caller, batch)
        in_order = sorted(batch, key=lambda one: one.item)
        targets = Targets({one.item: one.item_uuid for one in in_order})
        outcome = perform_many(caller, targets, commands.__getitem__, around_vetoes=True)
        done = self.counted(len(outcome.changed))
        changed = set(outcome.changed)
        marked = [one for one in batch if one.item_uuid in changed]
        instead: dict[str, list[Due]] = {}
        for one in batch:
            error = outcome.refused.get(one.item_uuid)
            if error is None or isinstance(error, _DECIDED_BY_OTHERS):
                continue
            answer = self._answer_after(error)
            if answer != self.action or one.overdue_at is None:
                instead.setdefault(answer, []).append(one)
            if not isinstance(error, errors.AlreadyShipped):
                done.refused[one.item_uuid] = error
        for answer, some in instead.items():
            if _say(caller, [one.pk for one in some], answer, now):
                marked += some
        done.overdue = sum(one.overdue_at is None for one in marked)
        return done

    def _answer_after(self, error: errors.CancellationError) -> str:
        """Say what is to become, from now on, of a cancellation that was refused."""
        if isinstance(error, errors.AlreadyShipped):
            return OnDeadline.REJECT.value  # else it would stay open for ever
        return self.action.value if isinstance(error, errors.Veto) else ""

    def _commands(self, caller: Caller, batch: Iterable[Due]) -> dict[UUID, Command]:
        """Return the commands by the items' UUIDs."""
        note = _("There was no answer in time.")[: settings.NOTE_MAX_LENGTH]
        shipped = errors.AlreadyShipped.code
        tells = self.action == Action.REJECT and shipped in settings.REJECTION_REASONS
        commands = {}
        for one in batch:
            reason = shipped if tells and one.item_status in caller.lifecycle.shipped else ""
            commands[one.item_uuid] = Command(self.action, note, reason, named=one.uuid)
        return commands


CONFIRM = _Decision(Action.CONFIRM, lambda count: Enforced(confirmed=count))
REJECT = _Decision(Action.REJECT, lambda count: Enforced(rejected=count))


def _say(caller: Caller, keys: list[int], on_deadline: str, now: datetime) -> int:
    """Write what is to become of overdue cancellations, unless somebody decided them.

    :returns: how many there were.
    """
    rows = undecided(caller.using).filter(Among(F("pk"), keys))
    try:
        return in_transaction(partial(rows.update, **overdue(on_deadline, now)), caller.using)
    except errors.Busy:
        return 0  # then the next run is refused the same, and writes it


def foreseen(caller: Caller, batch: Sequence[Due]) -> Enforced:
    """Say what these steps would do to cancellations that are overdue, or become it now."""
    items = caller.items().filter(Among(F("pk"), [one.item for one in batch]))
    facts = {found.pk: found for found in facts_of(caller, items)}
    done = Enforced()
    for cancellation in by_item(caller, [one.pk for one in batch]):
        on_deadline = cancellation.on_deadline or asked(caller, cancellation)
        if on_deadline == OnDeadline.NOTHING:
            continue
        step = CONFIRM if on_deadline == OnDeadline.CONFIRM else REJECT
        found = facts[cancellation.order_item_id]
        ruled = verdict(Command(step.action, named=cancellation.uuid), found, caller)
        if ruled == "change":
            done += step.counted(1)
        elif ruled is errors.AlreadyShipped:
            done += REJECT.counted(1)
        elif not isinstance(ruled, str) and ruled not in _DECIDED_BY_OTHERS:
            done.refused[found.uuid] = ruled(order_item_uuid=found.uuid)
    return done
