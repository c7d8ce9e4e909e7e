"""Write cancellations of locked items, and the status of those that become cancelled."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError
from django.db.models import Case, DateTimeField, F, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull
from django.utils import timezone

from timp_orders.models import Cancellation
from timp_orders.models.lookups import Among
from timp_orders.services.caller import Caller
from timp_orders.services.planned import Planned
from timp_orders.services.transactions import is_duplicate
from timp_orders.states import Action, OnDeadline, Via

__all__ = [
    "ConcurrentUpdate",
    "cancel_outright",
    "decide",
    "decided",
    "decision_of",
    "item_values",
    "open_cancellations",
    "overdue",
    "require_written",
    "undecided",
    "update",
    "varying",
]

# All have the action in common; what else differs from row to row is written by a CASE, so that
# there is one statement for each table.
Plans = Sequence[Planned]


class ConcurrentUpdate(Exception):
    """The rows are no longer those that were read; the transaction must be rolled back."""


def open_cancellations(caller: Caller, plans: Plans) -> QuerySet[Cancellation]:
    """Open a cancellation for each item.

    :returns: what was written.
    :raises ConcurrentUpdate: an item has an open one already, or a name is another one's.
    """
    action, lifecycle = plans[0].command.action, caller.lifecycle
    request = _request_of(caller, action)
    rows = [Cancellation(**request, **planned.request_columns(lifecycle)) for planned in plans]
    if action == Action.REQUEST:  # what is cancelled outright has nothing to be answered
        moments = caller.respond_by([row.order_item_id for row in rows], request["requested_at"])
        for row in rows:
            row.respond_by = moments.get(row.order_item_id)
    try:
        Cancellation.unguarded.using(caller.using).bulk_create(rows)
    except IntegrityError as error:
        # Another item's call gave the same name. Or, on PostgreSQL under REPEATABLE READ: while the
        # lock was waited for, another call made one that this transaction cannot see.
        if is_duplicate(error):
            raise ConcurrentUpdate from error
        raise
    # By their UUIDs: not every database returns the keys of rows that are created in bulk. And
    # whatever their status: a receiver may have decided one at once.
    uuids = [cancellation.uuid for cancellation in rows]
    return Cancellation.objects.using(caller.using).filter(Among(F("uuid"), uuids))


def cancel_outright(caller: Caller, plans: Plans) -> QuerySet[Cancellation]:
    """Write a cancellation for each item that is requested and confirmed at once.

    In two statements, since the constraint on open ones is what sees another call's that this
    transaction cannot see.

    :returns: what was written.
    :raises ConcurrentUpdate: not all rows are as they were read, or a name is another one's.
    """
    _cancel_items(caller, plans)
    opened = open_cancellations(caller, plans)
    pks = dict(opened.values_list("order_item_id", "pk"))
    rows = {pks[planned.facts.pk]: planned.decision_columns() for planned in plans}
    found = Cancellation.unguarded.using(caller.using).filter(Among(F("pk"), list(rows)))
    decision = decision_of(caller, plans[0].command.action) | varying(rows)
    texts = {"decision_reason": "", "decision_note": ""}  # they are those of the request
    update(found, {**decision, **texts, "decided_at": F("requested_at")}, len(rows))
    return opened


def decide(caller: Caller, plans: Plans) -> QuerySet[Cancellation]:
    """Write the decision on the open cancellation of each item, if it is still open.

    :returns: what was written.
    :raises ConcurrentUpdate: not all rows are as they were read.
    """
    action = plans[0].command.action
    if action.cancels:
        _cancel_items(caller, plans)
    rows = {
        planned.facts.latest.pk: planned.decision_columns()
        for planned in plans
        if planned.facts.latest
    }
    decision = decision_of(caller, action)
    if caller.via == Via.DEADLINE and action in OnDeadline.values:
        decision |= overdue(action.value, decision["decided_at"])
    found = undecided(caller.using).filter(Among(F("pk"), list(rows)))
    update(found, {**decision, **varying(rows)}, len(rows))
    return decided(caller, plans)


def decided(caller: Caller, plans: Plans) -> QuerySet[Cancellation]:
    """Return the cancellations of these items as they were decided."""
    keys = [planned.facts.latest.pk for planned in plans if planned.facts.latest]
    cancellations = Cancellation.objects.using(caller.using)
    return cancellations.filter(Among(F("pk"), keys), status=plans[0].command.action.result)


def _request_of(caller: Caller, action: Action) -> dict[str, Any]:
    """Return what all cancellations that one call opens say in common."""
    return {
        "requested_at": timezone.now(),
        "requested_by_id": caller.existing_user_id,
        "requested_by_name": caller.user_name,
        "requested_side": caller.party(action),
        "requested_via": caller.via,
    }


def decision_of(caller: Caller, action: Action) -> dict[str, Any]:
    """Return what all cancellations that one action decides say in common."""
    return {
        "status": action.result,
        "decided_at": timezone.now(),
        "decided_by_id": caller.user_id,
        "decided_by_name": caller.user_name,
        "decided_side": caller.party(action),
        "decided_via": caller.via,
    }


def overdue(on_deadline: str, now: datetime) -> dict[str, Any]:
    """Return what overdue cancellations say of it, whether or not they were marked before.

    :param on_deadline: what is to become of them, or became.
    """
    return {"on_deadline": on_deadline, "overdue_at": Coalesce(F("overdue_at"), Value(now))}


@cache
def undecided(using: str) -> QuerySet[Cancellation]:
    """Return the open cancellations, found by no index on what a decision changes."""
    # Neither by the status, nor by the moment itself: MariaDB may then find, and lock, the row in
    # that index before the row itself, while a call that has locked the row waits for the index: a
    # deadlock. An expression is found by none.
    moment = Coalesce(F("decided_at"), Value(None), output_field=DateTimeField())
    return Cancellation.unguarded.using(using).filter(IsNull(moment, True))


def update(rows: QuerySet[Any], values: Mapping[str, Any], count: int) -> None:
    """Update rows, and make sure how many they were.

    :raises ConcurrentUpdate: they were more or fewer.
    """
    require_written(rows.update(**values), count)


def require_written(written: int, count: int) -> None:
    """Make sure how many rows an update wrote.

    :raises ConcurrentUpdate: they were more or fewer.
    """
    if written != count:
        raise ConcurrentUpdate


def item_values(model: type[Any], status: Any) -> dict[str, Any]:
    """Return what to write into items that are cancelled, wholly or in part.

    A part leaves the status as it is. It is written all the same, so that a shipment that read the
    item before must meet another row.

    :raises django.core.exceptions.ImproperlyConfigured: the status is a column of a parent's table.
    """
    # Django would update that in two steps, SELECT and UPDATE by key, and compare nothing in the
    # second: what came in between would be overwritten.
    if model._meta.get_field(model.STATUS_FIELD) not in model._meta.local_fields:
        raise ImproperlyConfigured(f"{model._meta.label} must have its status in its own table.")
    return {model.STATUS_FIELD: status}


def _cancel_items(caller: Caller, plans: Plans) -> None:
    model = caller.model
    statuses = {planned.facts.pk: planned.item_status for planned in plans}
    still_cancellable = {f"{model.STATUS_FIELD}__in": caller.lifecycle.cancellable}
    found = caller.items().filter(Among(F("pk"), list(statuses)), **still_cancellable)
    field = model._meta.get_field(model.STATUS_FIELD)
    values = item_values(model, _by_row(field, statuses, [*statuses.values()]))
    update(found, values, len(statuses))


def varying(rows: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the values for one UPDATE of all these cancellations, each with its own.

    :param rows: the values of each, by primary key; all have the same columns.
    """
    field_of = Cancellation._meta.get_field
    names = next(iter(rows.values()))
    return {
        name: _by_row(field_of(name), rows, [row[name] for row in rows.values()]) for name in names
    }


def _by_row(field: Any, keys: Iterable[Any], values: Sequence[Any]) -> Any:
    """Return the value of a column for one UPDATE of rows, each with its own."""
    *others, last = dict.fromkeys(values)
    if not others:
        return last
    pks: dict[Any, list[Any]] = {}
    for pk, value in zip(keys, values, strict=True):
        pks.setdefault(value, []).append(pk)
    whens = [When(Among(F("pk"), pks[value]), then=Value(value, field)) for value in others]
    return Case(*whens, default=Value(last, field), output_field=field)
