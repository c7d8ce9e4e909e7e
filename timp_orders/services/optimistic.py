"""One item, read without a lock; and the decision on it, by statements that compare what was read.

These statements are compiled once for a model and a database: see ``timp_orders.statements``.
"""

from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from timp_orders.models import Cancellation
from timp_orders.models.querysets import OrderItemQuerySet, locked
from timp_orders.policy import may_be_on_a_side, of_members
from timp_orders.services.caller import Caller
from timp_orders.services.planned import Planned
from timp_orders.services.reads import attach, with_relations
from timp_orders.services.writes import (
    ConcurrentUpdate,
    decision_of,
    item_values,
    require_written,
    undecided,
)
from timp_orders.statements import Parameter, Selection, Update
from timp_orders.states import Side

__all__ = ["decide_one", "item_with_one_cancellation"]


def item_with_one_cancellation(caller: Caller, side: Side, **lookup: Any) -> Any | None:
    """Read an item by a leaner statement than that of ``reads.items_with_facts()``.

    It does not ask about the other side, nor which cancellation is the latest.

    :param side: the only one that is asked about.
    :returns: ``None`` if there is no such item, the caller is not on that side of it, or it has
        not exactly one cancellation (or a policy returns it twice).
    """
    rows = _with_each_cancellation(caller, side, lookup)
    if len(rows) != 1:
        return None
    attach(rows[0], caller, side=side)
    return rows[0]


def _with_each_cancellation(caller: Caller, side: Side, lookup: dict[str, Any]) -> list[Any]:
    """Read an item on whose side the caller is, once for each cancellation, at most twice."""
    model, using, names = caller.model, caller.using, tuple(lookup)
    if not caller.policy.goes_by_members:  # a host's may ask anything of the user
        items = _each_cancellation(model, using).filter(**lookup)
        return list(caller.on_side(items, side)[:2])
    if caller.standing.either_side:
        return _item(model, using, names, None)(**lookup)
    if not may_be_on_a_side(caller.by):
        return []
    return _item(model, using, names, side)(**lookup, user=caller.by.pk)


def decide_one(caller: Caller, planned: Planned, item: Any) -> None:
    """Write the decision on an item, if nothing changed since it was read.

    The first statement locks the item's row and compares it with what was read of it, after waiting
    for others. The item and its ``timp_cancellation`` are brought up to date.

    :raises ConcurrentUpdate: somebody else was faster.
    """
    action = planned.command.action
    column = caller.side_column(action.side)
    compared = {"pk": item.pk} | ({column: getattr(item, column)} if column else {})
    if action.cancels:
        _cancel(caller, planned, compared)
        status = planned.item_status
    else:
        # Whatever it is by now, to reject and to withdraw it is nothing.
        status = _locked_status(caller, compared)
        planned = planned._replace(facts=planned.facts._replace(status=status))
    setattr(item, item.STATUS_FIELD, status)
    if not (column or caller.standing.either_side or caller.is_on_side(item.pk, action.side)):
        raise ConcurrentUpdate
    cancellation = item.timp_cancellation
    decision = {**decision_of(caller, action), **planned.decision_columns()}
    write = _decision(caller.using, tuple(decision))
    require_written(write(pk=cancellation.pk, **decision), 1)
    for name, value in decision.items():
        setattr(cancellation, name, value)
    cancellation.open = None


def _cancel(caller: Caller, planned: Planned, compared: dict[str, Any]) -> None:
    """Write the item's status, if it is what was ruled on; and the quantity, where parts count."""
    model, facts = caller.model, planned.facts
    # Of the facts, not of the item: a first try, which was undone, may have changed that.
    compared = {**compared, model.STATUS_FIELD: facts.status}
    if caller.counts_parts:
        compared[model.QUANTITY_FIELD] = facts.ordered
    write = _status(model, caller.using, tuple(compared))
    require_written(write(becomes=planned.item_status, **compared), 1)


def _locked_status(caller: Caller, compared: dict[str, Any]) -> Any:
    """Lock the item, if it is still the caller's, and return its status."""
    for status in _lock(caller.model, caller.using, tuple(compared))(**compared):
        return status
    raise ConcurrentUpdate


@cache
def _item(model: Any, using: str, lookup: tuple[str, ...], side: Side | None) -> Selection:
    """Make the statement of an item with each of its cancellations.

    :param side: leave open which user is on it.
    """
    found = {name: Parameter(name, model.field_at(name)) for name in lookup}
    items = _each_cancellation(model, using).filter(**found)
    if side is not None:
        items = of_members(items, Parameter("user", get_user_model()._meta.pk), side)
    return Selection(items[:2])


def _each_cancellation(model: type[Any], using: str) -> QuerySet[Any]:
    items: OrderItemQuerySet[Any] = OrderItemQuerySet(model, using=using)
    return with_relations(items.with_every_cancellation())


@cache
def _status(model: type[Any], using: str, compared: tuple[str, ...]) -> Update:
    becomes = Parameter("becomes", model._meta.get_field(model.STATUS_FIELD))
    return Update(_row(model, using, compared), item_values(model, becomes))


@cache
def _lock(model: type[Any], using: str, compared: tuple[str, ...]) -> Selection:
    rows = locked(_row(model, using, compared), using)
    return Selection(rows.values_list(model.STATUS_FIELD, flat=True))


def _row(model: type[Any], using: str, compared: tuple[str, ...]) -> QuerySet[Any]:
    """Find an item by its key, as long as the other columns have the values that were read."""
    fields = {name: model._meta.get_field(name) for name in compared if name != "pk"}
    fields["pk"] = model._meta.pk
    items: QuerySet[Any] = OrderItemQuerySet(model, using=using)
    return items.filter(**{name: Parameter(name, field) for name, field in fields.items()})


@cache
def _decision(using: str, columns: tuple[str, ...]) -> Update:
    fields = Cancellation._meta
    rows = undecided(using).filter(pk=Parameter("pk", fields.pk))
    return Update(rows, {name: Parameter(name, fields.get_field(name)) for name in columns})
