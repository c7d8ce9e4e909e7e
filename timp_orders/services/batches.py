"""Carry commands out under locks, a batch of items at a time."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from timp_orders import errors
from timp_orders.models import Cancellation
from timp_orders.services import locks, receivers, writes
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.facts import Facts
from timp_orders.services.outcome import Outcome
from timp_orders.services.planned import Planned, plan
from timp_orders.services.rules import Verdict, is_set_back, refusal, verdict
from timp_orders.services.targets import Targets
from timp_orders.states import Action

__all__ = ["BATCH_SIZE", "CommandOf", "NotAll", "enter", "perform_locked"]

BATCH_SIZE = 1000
"""Items locked and written at a time; SQLite takes 32,766 parameters in a statement."""

CommandOf = Callable[[UUID], Command]

logger = logging.getLogger("timp_orders")


class NotAll(Exception):
    """Something was refused of what was all or nothing; the transaction must be rolled back."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__()


def perform_locked(
    caller: Caller,
    targets: Targets,
    command_of: CommandOf,
    *,
    around_vetoes: bool = False,
    all_or_nothing: bool = False,
) -> Outcome:
    """Lock, rule and write in batches: statements grow with these, not with the items.

    :param command_of: says what is asked of an item, by its UUID.
    :param around_vetoes: refuse what a receiver vetoes, and go on with all else; by default its
        veto is raised.
    :raises NotAll: something was refused of what is all or nothing.
    """
    outcome = Outcome()
    remaining = iter(targets.uuids.items())
    while batch := dict(islice(remaining, BATCH_SIZE)):
        for plans in _planned(caller, batch, command_of, outcome):
            if all_or_nothing and (targets.missing or outcome.refused):
                _enter_changed(caller, plans, outcome)  # only to say what else is refused
            elif around_vetoes and receivers.has_receivers(plans[0].command.action):
                write = partial(_write, caller, outcome)
                outcome.refused |= receivers.around_vetoes(caller, write, plans, _item_of)
            else:
                _write(caller, outcome, plans)
    outcome.refused |= {uuid: _not_found(uuid) for uuid in targets.missing}
    if all_or_nothing and outcome.refused:
        undone = {uuid: errors.AllOrNothing(order_item_uuid=uuid) for uuid in outcome.changed}
        raise NotAll(Outcome(unchanged=outcome.unchanged, refused=outcome.refused | undone))
    return outcome


def enter(caller: Caller, outcome: Outcome, facts: Facts, ruled: Verdict) -> None:
    """Enter the verdict on an item into the outcome."""
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


def _enter_changed(caller: Caller, plans: Iterable[Planned], outcome: Outcome) -> None:
    for planned in plans:
        enter(caller, outcome, planned.facts, "change")


def _not_found(uuid: UUID) -> errors.NotFound:
    return errors.NotFound(order_item_uuid=uuid)


def _planned(
    caller: Caller, batch: Mapping[Any, UUID], command_of: CommandOf, outcome: Outcome
) -> Collection[list[Planned]]:
    """Lock items and rule on their commands.

    :param batch: the items' UUIDs by primary key, in the order of the keys.
    :returns: what is to be written, by action; the rest is entered into the outcome.
    """
    commands = {pk: command_of(uuid) for pk, uuid in batch.items()}
    found = locks.locked_facts(caller, commands)
    by_action: dict[Action, list[Planned]] = {}
    for pk, command in commands.items():
        facts = found.get(pk)
        if facts is None:
            outcome.refused[batch[pk]] = _not_found(batch[pk])
            continue
        ruled = verdict(command, facts, caller)
        if ruled == "change":
            by_action.setdefault(command.action, []).append(plan(caller, command, facts))
        else:
            enter(caller, outcome, facts, ruled)
    return by_action.values()


def _item_of(planned: Planned) -> UUID:
    return planned.facts.uuid


def _write(caller: Caller, outcome: Outcome, plans: list[Planned]) -> None:
    """Write plans of one action, and send their signals."""
    for write, some in _writes(caller, plans):
        written = write(caller, some)
        if receivers.has_receivers(some[0].command.action):
            receivers.send_signals(caller, some, written)
    _enter_changed(caller, plans, outcome)


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
    opened, rest = [], []
    for planned in plans:
        if not planned.has_open:
            rest.append(planned)
            continue
        opened.append(planned)
        if planned.leaves_rest:
            rest.append(plan(caller, planned.command, planned.facts_after()))
    if opened:
        yield writes.decide, opened
    if rest:
        yield writes.cancel_outright, rest
