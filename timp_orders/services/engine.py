"""How commands are carried out: optimistic for one item, under locks for many."""

import logging
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connections

from timp_orders import errors
from timp_orders.services import locks, reads, receivers, writes
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.outcome import Outcome
from timp_orders.services.rules import Facts, Verdict, is_set_back, refusal, verdict
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
            ruled = _rule(caller, command, facts)
            if ruled in ("change", "replay"):
                return Ruled(item, facts, ruled)
    for item in reads.items_with_facts(caller).filter(**target.lookup).order_by():
        facts = reads.attach(item, caller)
        return Ruled(item, facts, _rule(caller, command, facts))
    return None


def _rule(caller: Caller, command: Command, facts: Facts) -> Verdict:
    return verdict(command.action, facts, caller.standing, caller.lifecycle, command.expected)


def _change_one(caller: Caller, command: Command, item: Any, facts: Facts) -> Outcome:
    if command.action != Action.REQUEST:
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
    writes.decide_one(caller, command, item)
    latest = facts.latest and facts.latest._replace(status=command.action.result)
    reads.keep(item, caller, facts._replace(status=getattr(item, item.STATUS_FIELD), latest=latest))
    outcome = Outcome(changed=[facts.uuid], item=item)
    if receivers.has_receivers(command.action):
        written = writes.decided(caller, command, [facts])
        receivers.send_signals(caller, command, [facts], written, [item.timp_cancellation])
        return _with_item(caller, facts, outcome)
    return outcome


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
    found = locks.locked_facts(
        caller, {pk: change.command.action.side for pk, change in batch.items()}
    )
    # What has its action and its texts in common is written together.
    groups: dict[tuple[Action, str, str], tuple[Command, list[Facts]]] = {}
    for pk, (uuid, command) in batch.items():
        facts = found.get(pk)
        if facts is None:
            outcome.refused[uuid] = errors.NotFound(order_item_uuid=uuid)
            continue
        ruled = _rule(caller, command, facts)
        if ruled == "change":
            groups.setdefault(command.text, (command, []))[1].append(facts)
        _enter(caller, outcome, facts, ruled)
    for command, changing in groups.values():
        is_request = command.action == Action.REQUEST
        write = writes.open_cancellations if is_request else writes.decide
        written = write(caller, command, changing)
        if receivers.has_receivers(command.action):
            receivers.send_signals(caller, command, changing, written)


def _enter(caller: Caller, outcome: Outcome, facts: Facts, ruled: Verdict) -> None:
    latest = facts.latest
    if latest and is_set_back(facts.status, latest.status, caller.lifecycle):
        logger.warning(
            "item=%s is not cancelled, though its latest cancellation=%s is confirmed",
            facts.uuid,
            latest.uuid,
        )
    if ruled == "change":
        outcome.changed.append(facts.uuid)
    elif ruled == "replay":
        outcome.unchanged.append(facts.uuid)
    else:
        outcome.refused[facts.uuid] = refusal(ruled, facts)


def _log(caller: Caller, outcome: Outcome, changes: Iterable[Change]) -> None:
    if not logger.isEnabledFor(logging.INFO):
        return
    commands = dict(changes)
    results = [(uuid, "changed") for uuid in outcome.changed]
    results += [(uuid, "unchanged") for uuid in outcome.unchanged]
    results += [(uuid, error.code) for uuid, error in outcome.refused.items()]
    for uuid, result in results:
        action = commands[uuid].action
        side = "system" if caller.is_system else action.side.value
        logger.info("%s item=%s side=%s via=%s: %s", action, uuid, side, caller.via, result)
