"""How a service call is carried out: one item by compare-and-set, or items under their locks."""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import QuerySet

from timp_orders import errors
from timp_orders.services import writes as trail
from timp_orders.services.command import Call
from timp_orders.services.outcome import Outcome
from timp_orders.services.reads import Facts, attach, catch_up, confirmable, described, locked_facts
from timp_orders.services.targets import Names
from timp_orders.services.transactions import in_transaction
from timp_orders.states import Action, Ruling

__all__ = ["BATCH_SIZE", "perform"]

BATCH_SIZE = 1000
"""Items locked and written at a time; SQLite takes 32,766 parameters in a statement."""

logger = logging.getLogger("timp_orders")


def perform(call: Call, items: QuerySet[Any]) -> Outcome:
    """Carry the call out on the items that the query set names, and log it."""
    names = Names(items, call.model, call.using)
    if (item := _only(call, names)) is not None:
        outcome = _perform_one(call, item)
    elif uuids := names.uuids():
        outcome = in_transaction(
            lambda: _perform_locked(call, uuids), call.using, again=trail.Changed
        )
    else:
        outcome = Outcome()
    _log(call, outcome)
    return outcome


def _only(call: Call, names: Names) -> Any | None:
    """Read the item that is named, if it is just one, without a lock."""
    unique = names.unique()
    if unique and call.action == Action.CONFIRM:
        # The most frequent call, when all is as it should be. After it nothing is left to do to
        # either side, so the lean statement need not ask where the caller stands on the other.
        rows = confirmable(call.by, call.standing, call.using, **unique)
        # A host's policy may double a row; imported data may hold several cancellations.
        found = {attach(row, call.standing, side=call.action.side): row for row in rows}
        if len(found) == 1 and call.ruling(next(iter(found))) in ("change", "replay"):
            return next(iter(found.values()))
    item = names.only(described(call.by, call.standing, call.using))
    if item is not None:
        attach(item, call.standing)
    return item


def _perform_one(call: Call, item: Any) -> Outcome:
    """Rule on what was read without a lock: an UPDATE is lock and comparison at once.

    So one item costs the fewest statements, and who may not see it, or replays, never waits
    for it. If somebody else was faster, or a request needs the lock to see that it is the only
    one, the item is locked and ruled on again.
    """
    facts: Facts = item.facts
    verdict = call.ruling(facts)
    if verdict != "change":
        outcome = Outcome(item=None if verdict is errors.NotFound else item)
        _sort(outcome, facts, verdict)
        return outcome
    if call.action != Action.REQUEST:
        try:
            return in_transaction(lambda: _decide_one(call, item, facts), call.using)
        except trail.Changed:
            pass
    return in_transaction(lambda: _perform_one_locked(call, facts), call.using, again=trail.Changed)


def _decide_one(call: Call, item: Any, facts: Facts) -> Outcome:
    decision = trail.decision(call)
    trail.decide(call, [facts], decision)
    if call.action == Action.CONFIRM:
        setattr(item, item.STATUS_FIELD, call.lifecycle.cancelled)
    for name, value in decision.items():
        setattr(item.cancellation, name, value)
    item.cancellation.open = None
    item.facts = facts._replace(
        status=getattr(item, item.STATUS_FIELD), cancellation_status=call.action.result
    )
    told = trail.tell(call, [facts], [item.cancellation])
    outcome = Outcome(changed=[facts.uuid], item=item)
    return _with_item(call, facts, outcome) if told else outcome


def _perform_one_locked(call: Call, facts: Facts) -> Outcome:
    return _with_item(call, facts, _perform_locked(call, {facts.pk: facts.uuid}))


def _with_item(call: Call, facts: Facts, outcome: Outcome) -> Outcome:
    for item in described(call.by, call.standing, call.using).filter(pk=facts.pk):
        attach(item, call.standing)
        if connections[call.using].savepoint_ids:  # within somebody else's transaction
            catch_up(item, call.using)
        if not isinstance(outcome.refused.get(facts.uuid), errors.NotFound):
            outcome.item = item
    return outcome


def _perform_locked(call: Call, names: Mapping[Any, UUID]) -> Outcome:
    """Lock, rule and write in batches: statements grow with these, not with the items."""
    outcome = Outcome()
    pks = list(names)
    for start in range(0, len(pks), BATCH_SIZE):
        batch = pks[start : start + BATCH_SIZE]
        found = locked_facts(batch, call.by, call.standing, call.action.side, call.using)
        changing = []
        for pk in batch:
            facts = found.get(pk)
            if facts is None:
                outcome.refused[names[pk]] = errors.NotFound(order_item_uuid=names[pk])
                continue
            verdict = call.ruling(facts)
            if verdict == "change":
                changing.append(facts)
            _sort(outcome, facts, verdict)
        if changing:
            if call.action == Action.REQUEST:
                trail.open_cancellations(call, changing)
            else:
                trail.decide(call, changing, trail.decision(call))
            trail.tell(call, changing)
    return outcome


def _sort(outcome: Outcome, facts: Facts, verdict: Ruling | type[errors.CancellationError]) -> None:
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


def _log(call: Call, outcome: Outcome) -> None:
    if not logger.isEnabledFor(logging.INFO):
        return
    side = "system" if call.by is None else call.action.side.value
    results = [(uuid, "changed") for uuid in outcome.changed]
    results += [(uuid, "unchanged") for uuid in outcome.unchanged]
    results += [(uuid, error.code) for uuid, error in outcome.refused.items()]
    for uuid, result in results:
        logger.info("%s item=%s side=%s via=%s: %s", call.action, uuid, side, call.via, result)
