"""Write cancellations, and the status of items that become cancelled."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError
from django.db.models import F, QuerySet
from django.utils import timezone

from timp_orders.models import Cancellation
from timp_orders.models.querysets import Among, OrderItemQuerySet, locked
from timp_orders.parameter import Parameter
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.rules import Facts
from timp_orders.services.transactions import is_duplicate
from timp_orders.states import Action

__all__ = [
    "ConcurrentUpdate",
    "decide",
    "decide_one",
    "decided",
    "open_cancellations",
]


class ConcurrentUpdate(Exception):
    """The rows are no longer those that were read; the transaction must be rolled back."""


def open_cancellations(
    caller: Caller, command: Command, changing: Sequence[Facts]
) -> QuerySet[Cancellation]:
    """Open a cancellation for each item.

    :returns: what was written.
    :raises ConcurrentUpdate: an item has an open one already.
    """
    now = timezone.now()
    opened = [
        Cancellation(
            order_item_id=facts.pk,
            reason=command.reason,
            note=command.note,
            requested_at=now,
            requested_by_id=caller.existing_user_id,
            requested_by_name=caller.user_name,
            requested_via=caller.via,
        )
        for facts in changing
    ]
    try:
        Cancellation.objects.using(caller.using).bulk_create(opened)
    except IntegrityError as error:
        # PostgreSQL under REPEATABLE READ: while the lock was waited for, another call made one
        # that this transaction cannot see.
        if is_duplicate(error):
            raise ConcurrentUpdate from error
        raise
    # By their UUIDs: not every database returns the keys of rows that are created in bulk. And
    # whatever their status: a receiver may have decided one at once.
    return Cancellation.objects.using(caller.using).filter(
        Among(F("uuid"), [cancellation.uuid for cancellation in opened])
    )


def decide(caller: Caller, command: Command, changing: Sequence[Facts]) -> QuerySet[Cancellation]:
    """Write the decision on the open cancellation of each locked item, if it is still open.

    :returns: what was written.
    :raises ConcurrentUpdate: not all rows are as they were read.
    """
    if command.action == Action.CONFIRM:
        cancellable = caller.items().filter(
            Among(F("pk"), [facts.pk for facts in changing]), **_still_cancellable(caller)
        )
        _update(cancellable, _cancelled(caller), len(changing))
    by_status: dict[Hashable, list[int]] = {}
    for status, pk in [(facts.status, facts.latest.pk) for facts in changing if facts.latest]:
        by_status.setdefault(status, []).append(pk)
    for status, keys in by_status.items():
        undecided = _undecided(caller.using).filter(Among(F("pk"), keys))
        _update(undecided, _decision(caller, command, status), len(keys))
    return decided(caller, command, changing)


def decide_one(caller: Caller, command: Command, item: Any) -> None:
    """Write the decision on an item that was read without a lock, if nothing changed meanwhile.

    The first statement locks the item's row and compares it with what was read of it, after waiting
    for others. The item and its ``timp_cancellation`` are brought up to date.

    :raises ConcurrentUpdate: somebody else was faster.
    """
    side = command.action.side
    column = caller.side_column(side)
    before = getattr(item, item.STATUS_FIELD)
    with _as_read(caller, item, column, command.action) as same:
        if command.action == Action.CONFIRM:
            _update(same, _cancelled(caller), 1)
            setattr(item, item.STATUS_FIELD, caller.lifecycle.cancelled)
        else:
            before = _locked_status(same, caller)
            setattr(item, item.STATUS_FIELD, before)
    if not (column or caller.standing.either_side or caller.is_on_side(item.pk, side)):
        raise ConcurrentUpdate
    cancellation = item.timp_cancellation
    decision = _decision(caller, command, before)
    undecided, key = _undecided_row(caller.using)
    with key.of(cancellation.pk):
        _update(undecided, decision, 1)
    for name, value in decision.items():
        setattr(cancellation, name, value)
    cancellation.open = None


def decided(caller: Caller, command: Command, changing: Sequence[Facts]) -> QuerySet[Cancellation]:
    """Return the cancellations of these items as the command's action has decided them."""
    keys = [facts.latest.pk for facts in changing if facts.latest]
    cancellations = Cancellation.objects.using(caller.using)
    return cancellations.filter(Among(F("pk"), keys), status=command.action.result)


def _locked_status(items: QuerySet[Any], caller: Caller) -> Any:
    """Lock the one item, and return its status."""
    for status in locked(items, caller.using).values_list(caller.model.STATUS_FIELD, flat=True):
        return status
    raise ConcurrentUpdate


def _update(rows: QuerySet[Any], values: Mapping[str, Any], count: int) -> None:
    if rows.update(**values) != count:
        raise ConcurrentUpdate


# The query sets of one row are kept, since to make them costs as much as their statements.


@cache
def _undecided(using: str) -> QuerySet[Cancellation]:
    # Not by the status: MariaDB may then find, and lock, the row in the index on status and key
    # before the row itself, while a call that has locked the row waits for that index: a deadlock.
    return Cancellation.objects.using(using).filter(decided_at=None)


@cache
def _undecided_row(using: str) -> tuple[QuerySet[Cancellation], Parameter]:
    key = Parameter(Cancellation._meta.pk)
    return _undecided(using).filter(pk=key), key


@contextmanager
def _as_read(
    caller: Caller, item: Any, column: str | None, action: Action
) -> Iterator[QuerySet[Any]]:
    """Yield the query set that finds an item as long as it is as it was read.

    :param column: the one that says whose item it is, if one alone does.
    """
    # To reject and to withdraw, the item's own status is nothing.
    compared = (item.STATUS_FIELD,) if action == Action.CONFIRM else ()
    rows, parameters = _item_row(caller.model, caller.using, column, compared)
    with ExitStack() as values:
        for name, parameter in parameters.items():
            values.enter_context(parameter.of(getattr(item, name)))
        yield rows


@cache
def _item_row(
    model: type[Any], using: str, column: str | None, compared: tuple[str, ...]
) -> tuple[QuerySet[Any], dict[str, Parameter]]:
    parameters = {}
    for name in ("pk", *compared, *([column] if column else [])):
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        parameters[name] = Parameter(field.target_field if field.is_relation else field)
    items: QuerySet[Any] = OrderItemQuerySet(model, using=using)
    return items.filter(**parameters), parameters


def _decision(caller: Caller, command: Command, item_status: Any) -> dict[str, Any]:
    return {
        "status": command.action.result,
        "item_status": str(item_status),
        "decision_note": command.note,
        "decided_at": timezone.now(),
        "decided_by_id": caller.user_id,
        "decided_by_name": caller.user_name,
        "decided_via": caller.via,
    }


def _cancelled(caller: Caller) -> dict[str, Any]:
    """Return what makes an item cancelled.

    :raises django.core.exceptions.ImproperlyConfigured: the status is a column of a parent's table.
    """
    model = caller.model
    # Django would update that in two steps, SELECT and UPDATE by key, and compare nothing in the
    # second: what came in between would be overwritten.
    if model._meta.get_field(model.STATUS_FIELD) not in model._meta.local_fields:
        raise ImproperlyConfigured(f"{model._meta.label} must have its status in its own table.")
    return {model.STATUS_FIELD: caller.lifecycle.cancelled}


def _still_cancellable(caller: Caller) -> dict[str, Any]:
    return {f"{caller.model.STATUS_FIELD}__in": caller.lifecycle.cancellable}
