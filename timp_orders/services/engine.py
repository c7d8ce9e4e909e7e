"""How commands are carried out: optimistic for one item, under locks for many."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connections
from django.db.models import QuerySet

from timp_orders import errors
from timp_orders.models import Cancellation
from timp_orders.services import locks, reads, receivers, writes
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.facts import Facts, Known
from timp_orders.services.optimistic import decide_one
from timp_orders.services.outcome import Outcome
from timp_orders.services.planned import Planned, plan
from timp_orders.services.rules import Verdict, is_set_back, refusal, verdict
from timp_orders.services.targets import Target
from timp_orders.services.transactions import in_transaction
from timp_orders.states import Action

__all__ = ["BATCH_SIZE", "Change", "Ruled", "perform_many", "perform_one"]

BATCH_SIZE = 1000
"""Items locked and written at a time; SQLite takes 32,766 parameters in a statement."""

logger = logging.getLogger("timp_orders")


class Change(NamedTuple):
    """A command, and the UUID of the item that it is for."""

    uuid: UUID
    command: Command


class Ruled(NamedTuple):
    """An item as it was read, and the verdict on it."""

    item: Any
    facts: Facts
    verdict: Verdict


def perform_one(caller: Caller, target: Target, command: Command) -> Outcome:
    """Carry a command out on one item, which is read without a lock.

    So it costs the fewest statements, and who may not see the item, or replays, never waits for
    it. A decision is written by statements that compare the rows with what was read. If somebody
    else was faster, or a request needs the lock to see that it is the only one, the item is locked
    and ruled on again.
    """
    outcome = Outcome()
    if (read := _read(caller, target, command)) is None:
        outcome.refused[target.uuid] = errors.NotFound(order_item_uuid=target.uuid)
    elif read.verdict == "change":
        outcome = _change_one(caller, command, read.item, read.facts)
    else:
        outcome.item = None if read.verdict is errors.NotFound else read.item
        _enter(caller, outcome, read.facts, read.verdict)
    _log(caller, outcome, [Change(target.uuid, command)])
    return outcome


def perform_many(caller: Caller, changes: Mapping[Any, Change]) -> Outcome:
    """Carry commands out on items, all in one transaction and under locks.

    :param changes: by the items' primary keys, in their order.
    """
    if not changes:
        return Outcome()
    outcome = in_transaction(
        partial(_perform_locked, caller, changes),
        caller.using,
        again=writes.ConcurrentUpdate,
    )
    _log(caller, outcome, changes.values())
    return outcome


def _read(caller: Caller, target: Target, command: Command) -> Ruled | None:
    """Read an item and rule on it, in the leanest statement that will do."""
    if command.action == Action.CONFIRM:
        # The most frequent call, when all is as it should be. After it nothing is left to do to
        # either side, so the lean statement need not ask whether the caller is on the other.
        item = reads.item_with_one_cancellation(caller, command.action.side, **target.lookup)
        if item is not None:
            facts = reads.reading_of(item).facts
            ruled = verdict(command, facts, caller)
            if ruled in ("change", "replay"):
                return Ruled(item, facts, ruled)
    for item in reads.items_with_facts(caller).filter(**target.lookup).order_by():
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
    outcome = _perform_locked(caller, {facts.pk: Change(facts.uuid, command)})
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


def _perform_locked(caller: Caller, changes: Mapping[Any, Change]) -> Outcome:
    """Lock, rule and write in batches: statements grow with these, not with the items."""
    outcome = Outcome()
    remaining = iter(changes.items())
    while batch := dict(islice(remaining, BATCH_SIZE)):
        _perform_batch(caller, batch, outcome)
    return outcome


def _perform_batch(caller: Caller, batch: Mapping[Any, Change], outcome: Outcome) -> None:
    found = locks.locked_facts(caller, {pk: change.command for pk, change in batch.items()})
    # What has its action and its texts in common is written together.
    groups: dict[tuple[Action, str, str], list[Planned]] = {}
    for pk, (uuid, command) in batch.items():
        facts = found.get(pk)
        if facts is None:
            outcome.refused[uuid] = errors.NotFound(order_item_uuid=uuid)
            continue
        ruled = verdict(command, facts, caller)
        if ruled == "change":
            groups.setdefault(command.text, []).append(plan(caller, command, facts))
        _enter(caller, outcome, facts, ruled)
    for plans in groups.values():
        for write, some in _writes(caller, plans):
            written = write(caller, some)
            if receivers.has_receivers(some[0].command.action):
                receivers.send_signals(caller, some, written)


def _writes(
    caller: Caller, plans: list[Planned]
) -> Iterator[tuple[Callable[[Caller, list[Planned]], QuerySet[Cancellation]], list[Planned]]]:
    """Yield how plans of one action are written, and which: first those with an open cancellation.

    An outright cancellation of all that is left confirms the open one, which may be about a part,
    and then writes another for the rest.
    """
    action = plans[0].command.action
    if action == Action.REQUEST:
        yield writes.open_cancellations, plans
        return
    if opened := [planned for planned in plans if planned.has_open]:
        yield writes.decide, opened
    rest = []
    for planned in plans:
        if not planned.has_open:
            rest.append(planned)
        elif planned.leaves_rest:
            rest.append(plan(caller, planned.command, planned.facts_after()))
    if rest:
        yield writes.cancel_outright, rest


def _enter(caller: Caller, outcome: Outcome, facts: Facts, ruled: Verdict) -> None:
    if facts.latest and is_set_back(facts, caller.lifecycle):
        logger.warning(
            "item=%s is not cancelled, though its latest cancellation=%s is confirmed",
            facts.uuid,
            facts.latest.uuid,
        )
    if ruled == "change":
        outcome.changed.append(facts.uuid)
    elif ruled == "replay":
        outcome.unchanged.append(facts.uuid)
    else:
        outcome.refused[facts.uuid] = refusal(ruled, facts, caller.lifecycle)


def _log(caller: Caller, outcome: Outcome, changes: Iterable[Change]) -> None:
    if not logger.isEnabledFor(logging.INFO):
        return
    commands = dict(changes)
    results = [(uuid, "changed") for uuid in outcome.changed]
    results += [(uuid, "unchanged") for uuid in outcome.unchanged]
    results += [(uuid, error.code) for uuid, error in outcome.refused.items()]
    for uuid, result in results:
        action = commands[uuid].action
        side = caller.party(action)
        logger.info("%s item=%s side=%s via=%s: %s", action, uuid, side, caller.via, result)
