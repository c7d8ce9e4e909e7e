"""How commands are carried out: optimistic for one item, under locks for many."""

import logging
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connections

from timp_orders import errors
from timp_orders.services import locks, reads, receivers, writes
from timp_orders.services.batches import CommandOf, NotAll, enter, perform_locked
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.facts import Facts, Known
from timp_orders.services.optimistic import decide_one, item_with_one_cancellation
from timp_orders.services.outcome import Outcome
from timp_orders.services.planned import Planned, plan
from timp_orders.services.rules import Verdict, verdict
from timp_orders.services.targets import Target, Targets
from timp_orders.services.transactions import in_transaction
from timp_orders.states import Action

__all__ = ["Ruled", "perform_many", "perform_one"]

logger = logging.getLogger("timp_orders")


class Ruled(NamedTuple):
    """An item as it was read, and the verdict on it."""

    item: Any
    facts: Facts
    verdict: Verdict


def perform_one(caller: Caller, target: Target, command: Command) -> Outcome:
    """Carry a command out on one item, which is read without a lock.

    So it costs the fewest statements, and who may not see the item, or replays, never waits for
    it. A decision is written by statements that compare the rows with what was read. If somebody
    else was faster, or what may open a cancellation needs the lock to see that it is the only one,
    the item is locked and ruled on again.
    """
    outcome = Outcome()
    if (read := _read(caller, target, command)) is None:
        outcome.refused[target.uuid] = errors.NotFound(order_item_uuid=target.uuid)
    elif read.verdict == "change":
        outcome = _change_one(caller, command, read.item, read.facts)
    else:
        outcome.item = None if read.verdict is errors.NotFound else read.item
        enter(caller, outcome, read.facts, read.verdict)
    _log(caller, outcome, lambda uuid: command)
    return outcome


def perform_many(
    caller: Caller,
    targets: Targets,
    command_of: CommandOf,
    *,
    around_vetoes: bool = False,
    all_or_nothing: bool = False,
) -> Outcome:
    """Carry commands out on items, all in one transaction and under locks.

    :param command_of: says what is asked of an item, by its UUID.
    :param around_vetoes: refuse what a receiver vetoes, and go on with all else; by default its
        veto is raised, and undoes all.
    :param all_or_nothing: write nothing if anything is refused, or vetoed.
    """
    perform = partial(
        perform_locked,
        caller,
        targets,
        command_of,
        around_vetoes=around_vetoes,
        all_or_nothing=all_or_nothing,
    )
    try:
        outcome = (
            in_transaction(perform, caller.using, again=writes.ConcurrentUpdate)
            if targets.uuids
            else perform()
        )
    except NotAll as stopped:
        outcome = stopped.outcome
    _log(caller, outcome, command_of)
    return outcome


def _read(caller: Caller, target: Target, command: Command) -> Ruled | None:
    """Read an item and rule on it, in the leanest statement that will do."""
    if command.action == Action.CONFIRM:
        # The most frequent call, when all is as it should be. After it nothing is left to do to
        # either side, so the lean statement need not ask whether the caller is on the other.
        item = item_with_one_cancellation(caller, command.action.side, **target.lookup)
        if item is not None:
            facts = reads.reading_of(item).facts
            ruled = verdict(command, facts, caller)
            if ruled in ("change", "replay"):
                return Ruled(item, facts, ruled)
    items = reads.items_with_facts(caller).filter(**target.lookup)
    for item in items.with_confirmed() if command.asks_for_confirmed else items:
        facts = reads.attach(item, caller)
        if command.named and command.action.opens:
            facts = facts._replace(named=_known(caller, command.named, facts))
        return Ruled(item, facts, verdict(command, facts, caller))
    return None


def _known(caller: Caller, uuid: UUID, facts: Facts) -> Known | None:
    """Return the cancellation that has a UUID already, whatever item it is about."""
    if facts.latest and facts.latest.uuid == uuid:
        return facts.latest
    return reads.named([uuid], caller.using).get(uuid)


def _change_one(caller: Caller, command: Command, item: Any, facts: Facts) -> Outcome:
    if not command.action.opens:
        try:
            return in_transaction(partial(_decide, caller, command, item, facts), caller.using)
        except writes.ConcurrentUpdate:
            pass  # ruled on again, as things are now
    return in_transaction(
        partial(_lock_one, caller, command, facts),
        caller.using,
        again=writes.ConcurrentUpdate,
    )


def _decide(caller: Caller, command: Command, item: Any, facts: Facts) -> Outcome:
    planned = plan(caller, command, facts)
    decide_one(caller, planned, item)
    reads.keep(item, caller, _after(item, planned))
    outcome = Outcome(changed=[facts.uuid], item=item)
    if receivers.has_receivers(command.action):
        written = writes.decided(caller, [planned])
        receivers.send_signals(caller, [planned], written, [item.timp_cancellation])
        return _with_item(caller, facts, outcome)
    return outcome


def _after(item: Any, planned: Planned) -> Facts:
    """Return the facts about an item once a decision is written."""
    facts = planned.facts
    return facts._replace(
        status=getattr(item, item.STATUS_FIELD),
        latest=reads.known(item.timp_cancellation),
        was_confirmed=facts.was_confirmed or planned.command.action.cancels,
        cancelled=facts.cancelled + (planned.confirmed or 0),
    )


def _lock_one(caller: Caller, command: Command, facts: Facts) -> Outcome:
    outcome = perform_locked(caller, Targets({facts.pk: facts.uuid}), lambda uuid: command)
    return _with_item(caller, facts, outcome)


def _with_item(caller: Caller, facts: Facts, outcome: Outcome) -> Outcome:
    """Read the item again, after the call and the receivers of its signals."""
    outcome.item = None
    for item in reads.items_with_facts(caller).filter(pk=facts.pk):
        reads.attach(item, caller)
        if connections[caller.using].savepoint_ids:  # within somebody else's transaction
            locks.refresh_under_locks(item, caller)
        if not isinstance(outcome.refused.get(facts.uuid), errors.NotFound):
            outcome.item = item
    return outcome


def _log(caller: Caller, outcome: Outcome, command_of: CommandOf) -> None:
    if not logger.isEnabledFor(logging.INFO):
        return
    for uuid, result in outcome.results().items():
        action = command_of(uuid).action
        side = caller.party(action)
        logger.info("%s item=%s side=%s via=%s: %s", action, uuid, side, caller.via, result)
