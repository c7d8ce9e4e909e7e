"""What is sent once for a cancellation: the reminder, and that it is overdue."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db.models import F, Q
from django.dispatch import Signal

from timp_orders.conf import settings
from timp_orders.models import Cancellation
from timp_orders.models.lookups import Among
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.deadlines.due import (
    Due,
    Enforced,
    asked,
    asks_host,
    by_item,
    decided_at_once,
    unmarked,
)
from timp_orders.services.locks import locked_facts
from timp_orders.services.receivers import around_vetoes, send_each
from timp_orders.services.transactions import in_transaction
from timp_orders.services.writes import ConcurrentUpdate, update, varying
from timp_orders.signals import cancellation_due, cancellation_overdue
from timp_orders.states import Action

__all__ = ["OVERDUE", "REMINDED"]


class _Mark(NamedTuple):
    """A step that writes a moment into cancellations, and sends a signal for each.

    :ivar column: where the moment is written, once.
    :ivar due: returns what the cancellations that it is time for have in common.
    :ivar says: returns what else is written.
    :ivar counted: returns how many it happened to.
    """

    column: str
    signal: Signal
    due: Callable[[datetime], Q]
    says: Callable[[Caller, Cancellation], dict[str, Any]]
    counted: Callable[[int], Enforced]

    def __str__(self) -> str:
        return self.column

    def take(self, caller: Caller, batch: list[Due], now: datetime) -> Enforced:
        """Mark the cancellations of a batch that still wait for it, in one transaction.

        :raises timp_orders.errors.Busy: none of them is marked.
        """
        work = partial(self._locked, caller, batch, now)
        return in_transaction(work, caller.using, again=ConcurrentUpdate)

    def _locked(self, caller: Caller, batch: list[Due], now: datetime) -> Enforced:
        # As for a decision, which a receiver may take: items first, so that nobody waits in a
        # circle.
        commands = {one.item: Command(Action.CONFIRM, named=one.uuid) for one in batch}
        facts = locked_facts(caller, commands)
        latest = {
            found.latest.pk for found in facts.values() if found.latest and found.latest.is_open
        }
        is_shown = self.signal.has_listeners(Cancellation) or asks_host()
        waiting = [one.pk for one in batch if one.pk in latest]
        rows = by_item(caller, waiting, is_shown=is_shown)
        found = list(rows.filter(**{self.column: None}))
        values = {one.pk: {self.column: now, **self.says(caller, one)} for one in found}

        def write(some: list[Cancellation]) -> None:
            keys = [one.pk for one in some]
            rows = Cancellation.unguarded.using(caller.using).filter(Among(F("pk"), keys))
            unmarked = rows.filter(**{self.column: None})
            update(unmarked, varying({key: values[key] for key in keys}), len(keys))
            if not self.signal.has_listeners(Cancellation):
                return
            for one in some:
                one.__dict__ |= values[one.pk]
            send_each(caller, self.signal, some, facts, rows.exclude(**{self.column: None}))

        vetoes = around_vetoes(caller, write, found, lambda one: facts[one.order_item_id].uuid)
        done = self.counted(len(found) - len(vetoes))
        done.refused |= vetoes
        return done


def _nearly(now: datetime) -> Q:
    before = settings.REMIND_BEFORE
    if before is None:
        return Q(pk__in=())
    unsaid = Q(reminded_at=None, overdue_at=None)
    return unsaid & Q(respond_by__gt=now, respond_by__lte=now + before)


def _overdue(now: datetime) -> Q:
    return Q(pk__in=()) if decided_at_once() else unmarked(now)


REMINDED = _Mark(
    "reminded_at",
    cancellation_due,
    _nearly,
    lambda caller, one: {},
    lambda count: Enforced(reminded=count),
)
OVERDUE = _Mark(
    "overdue_at",
    cancellation_overdue,
    _overdue,
    lambda caller, one: {"on_deadline": asked(caller, one)},
    lambda count: Enforced(overdue=count),
)
