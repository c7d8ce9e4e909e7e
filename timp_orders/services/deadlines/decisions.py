"""What silence decides: overdue cancellations are confirmed, or rejected."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db.models import F, Q
from django.utils.translation import gettext as _

from timp_orders import errors
from timp_orders.conf import settings
from timp_orders.models.lookups import Among
from timp_orders.services.batches import Addressed
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.deadlines.due import Due, Enforced, asked, by_item
from timp_orders.services.engine import perform_many
from timp_orders.services.reads import facts_of
from timp_orders.services.rules import verdict
from timp_orders.services.transactions import in_transaction
from timp_orders.services.writes import undecided
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
        return Q(respond_by__lte=now, on_deadline=self.action.value)

    def take(self, caller: Caller, batch: list[Due], now: datetime) -> Enforced:
        """Decide the cancellations of a batch that nobody has decided, in one transaction.

        :raises timp_orders.errors.Busy: none of them is decided.
        """
        outcome = perform_many(caller, self._addressed(caller, batch), around_vetoes=True)
        done = self.counted(len(outcome.changed))
        shipped, given_up = [], []
        for one in batch:
            error = outcome.refused.get(one.item_uuid)
            if error is None or isinstance(error, _DECIDED_BY_OTHERS):
                continue
            if isinstance(error, errors.AlreadyShipped):
                shipped.append(one.pk)
                continue
            done.refused[one.item_uuid] = error
            if not isinstance(error, errors.Veto):
                given_up.append(one.pk)
        # What has shipped can only be rejected; unconfirmed it would stay open for ever.
        _say(caller, shipped, OnDeadline.REJECT.value)
        _say(caller, given_up, "")
        return done

    def _addressed(self, caller: Caller, batch: Iterable[Due]) -> dict[Any, Addressed]:
        """Return the commands by the items' primary keys, in their order."""
        note = _("There was no answer in time.")[: settings.NOTE_MAX_LENGTH]
        shipped = errors.AlreadyShipped.code
        tells = self.action == Action.REJECT and shipped in settings.REJECTION_REASONS
        commands = {}
        for one in sorted(batch, key=lambda one: one.item):
            reason = shipped if tells and one.item_status in caller.lifecycle.shipped else ""
            command = Command(self.action, note, reason, named=one.uuid)
            commands[one.item] = Addressed(one.item_uuid, command)
        return commands


CONFIRM = _Decision(Action.CONFIRM, lambda count: Enforced(confirmed=count))
REJECT = _Decision(Action.REJECT, lambda count: Enforced(rejected=count))


def _say(caller: Caller, keys: list[int], on_deadline: str) -> None:
    """Write what is to become of cancellations from now on, unless somebody decided them."""
    if not keys:
        return
    rows = undecided(caller.using).filter(Among(F("pk"), keys))
    with suppress(errors.Busy):  # then the next run is refused the same, and writes it
        in_transaction(partial(rows.update, on_deadline=on_deadline), caller.using)


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
