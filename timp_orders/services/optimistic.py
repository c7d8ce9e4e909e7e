"""Write the decision on one item that was read without a lock, by statements that compare it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.db.models import QuerySet

from timp_orders.models import Cancellation
from timp_orders.models.querysets import OrderItemQuerySet, locked
from timp_orders.parameter import Parameter, bound
from timp_orders.services.caller import Caller
from timp_orders.services.planned import Planned
from timp_orders.services.writes import (
    ConcurrentUpdate,
    decision_of,
    item_values,
    undecided,
    update,
)

__all__ = ["decide_one"]


def decide_one(caller: Caller, planned: Planned, item: Any) -> None:
    """Write the decision on an item, if nothing changed since it was read.

    The first statement locks the item's row and compares it with what was read of it, after waiting
    for others. The item and its ``timp_cancellation`` are brought up to date.

    :raises ConcurrentUpdate: somebody else was faster.
    """
    action = planned.command.action
    column = caller.side_column(action.side)
    same, parameters = _item_row(caller, column, cancels=action.cancels)
    with bound({found: getattr(item, name) for name, found in parameters.items()}):
        if action.cancels:
            update(same, item_values(caller, planned.item_status), 1)
            setattr(item, item.STATUS_FIELD, planned.item_status)
        else:
            # Whatever it is by now, to reject and to withdraw it is nothing.
            status = _locked_status(same, caller)
            setattr(item, item.STATUS_FIELD, status)
            planned = planned._replace(facts=planned.facts._replace(status=status))
    if not (column or caller.standing.either_side or caller.is_on_side(item.pk, action.side)):
        raise ConcurrentUpdate
    cancellation = item.timp_cancellation
    decision = {**decision_of(caller, action), **planned.decision_columns()}
    rows, key = _undecided_row(caller.using)
    with bound({key: cancellation.pk}):
        update(rows, decision, 1)
    for name, value in decision.items():
        setattr(cancellation, name, value)
    cancellation.open = None


def _locked_status(items: QuerySet[Any], caller: Caller) -> Any:
    """Lock the one item, and return its status."""
    for status in locked(items, caller.using).values_list(caller.model.STATUS_FIELD, flat=True):
        return status
    raise ConcurrentUpdate


# The query sets of one row are kept, since to make them costs as much as their statements.


@cache
def _undecided_row(using: str) -> tuple[QuerySet[Cancellation], Parameter]:
    key = Parameter(Cancellation._meta.pk)
    return undecided(using).filter(pk=key), key


def _item_row(
    caller: Caller, column: str | None, *, cancels: bool
) -> tuple[QuerySet[Any], Mapping[str, Parameter]]:
    """Return what finds an item as long as it is as it was read, and what it compares.

    :param column: the one that says whose item it is, if one alone does.
    :param cancels: compare the status too, and the quantity where parts of it are cancelled.
    """
    model = caller.model
    compared: tuple[str, ...] = (model.STATUS_FIELD,) if cancels else ()
    if cancels and caller.counts_parts:
        compared += (model.QUANTITY_FIELD,)
    return _row(model, caller.using, (*compared, column) if column else compared)


@cache
def _row(
    model: type[Any], using: str, compared: tuple[str, ...]
) -> tuple[QuerySet[Any], Mapping[str, Parameter]]:
    parameters = {}
    for name in ("pk", *compared):
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        parameters[name] = Parameter(field.target_field if field.is_relation else field)
    items: QuerySet[Any] = OrderItemQuerySet(model, using=using)
    return items.filter(**parameters), parameters
