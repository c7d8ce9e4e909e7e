"""Deadlines: suppliers are reminded, cancellations become overdue, and silence decides them.

What a step did to a cancellation is a column of it, committed a batch at a time with what receivers
wrote. So the next run goes on with what a killed one left, two runs at a time do nothing twice, and
of a run and a person that decide at the same time exactly one wins.
"""

import logging
from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone

from timp_orders import errors
from timp_orders.policy import SYSTEM
from timp_orders.services.caller import Caller
from timp_orders.services.deadlines.decisions import CONFIRM, REJECT, foreseen
from timp_orders.services.deadlines.due import Enforced, batches, unmarked
from timp_orders.services.deadlines.marks import OVERDUE, REMINDED
from timp_orders.states import Via

__all__ = ["Enforced", "enforce_deadlines", "enforced_by_batches"]

logger = logging.getLogger("timp_orders")

_STEPS = (REMINDED, OVERDUE, CONFIRM, REJECT)


def enforce_deadlines(
    *, now: datetime | None = None, limit: int | None = None, dry_run: bool = False
) -> Enforced:
    """Remind suppliers, mark what became overdue, and decide what silence decides.

    Idempotent, and safe to run on several machines at once, while people decide. A batch of at most
    1,000 is a transaction with the items locked; if its database was busy, it is left to the next
    run. Signals are sent inside: ``cancellation_due``, ``cancellation_overdue``, and those of the
    decisions (``by=SYSTEM``, ``via="deadline"``).

    :param now: the moment that deadlines are compared with; by default the present.
    :param limit: how many cancellations at most each step takes: to remind, to mark, to confirm and
        to reject.
    :param dry_run: only say what would be done, if no receiver vetoed it.
    :raises ValueError: the limit is below 1, or the policy's ``on_deadline()`` says what is none of
        its answers.
    """
    enforced = Enforced()
    for batch in enforced_by_batches(now, limit, dry_run=dry_run):
        enforced += batch
    return enforced


def enforced_by_batches(
    now: datetime | None, limit: int | None, *, dry_run: bool
) -> Iterator[Enforced]:
    """Do what :func:`enforce_deadlines` does, and yield what became of each batch."""
    if limit is not None and limit < 1:
        raise ValueError("limit must be at least 1.")
    caller = Caller.of(SYSTEM, via=Via.DEADLINE)
    run = _foresee if dry_run else _enforce
    return run(caller, now or timezone.now(), limit)


def _enforce(caller: Caller, now: datetime, limit: int | None) -> Iterator[Enforced]:
    for step in _STEPS:
        for batch in batches(caller, step.due(now), limit):
            try:
                done = step.take(caller, batch, now)
            except errors.Busy as busy:
                done = Enforced(refused=dict.fromkeys((one.item_uuid for one in batch), busy))
            for uuid, error in done.refused.items():
                logger.warning("%s item=%s via=%s: %s", step, uuid, caller.via, error.code)
            yield done


def _foresee(caller: Caller, now: datetime, limit: int | None) -> Iterator[Enforced]:
    for mark, due in ((REMINDED, REMINDED.due(now)), (OVERDUE, unmarked(now))):
        for batch in batches(caller, due, limit):
            yield mark.counted(len(batch))
    to_decide = unmarked(now) | CONFIRM.due(now) | REJECT.due(now)
    for batch in batches(caller, to_decide, limit):
        yield foreseen(caller, batch)
