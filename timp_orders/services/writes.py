"""What a call leaves behind: cancellations opened and decided, and those who are told."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from django.db import IntegrityError, connections, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from timp_orders import errors
from timp_orders.has_perm import Parameter
from timp_orders.models import Cancellation
from timp_orders.models.querysets import Among, OrderItemQuerySet
from timp_orders.services.command import Call
from timp_orders.services.reads import Facts
from timp_orders.services.transactions import is_duplicate
from timp_orders.signals import BY_ACTION
from timp_orders.states import Action, Lifecycle

__all__ = ["Changed", "decide", "decision", "open_cancellations", "tell"]


class _Rows:
    """Rows that are written by their primary keys, many or one: that statement is kept."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        self._rows = rows
        self._key = Parameter(rows.model._meta.pk)
        self._one = rows.filter(pk=self._key)

    def update(self, keys: Sequence[Any], values: Mapping[str, Any]) -> int:
        """Write the values to those of the rows that have these keys, and count them."""
        if len(keys) == 1:
            with self._key.of(keys[0]):
                return self._one.update(**values)
        return self._rows.filter(Among(F("pk"), keys)).update(**values)


@cache
def _undecided(using: str) -> _Rows:
    # Not by the status: MariaDB may then find, and lock, the row in the index on status and key
    # before the row itself, while a call that has locked the row waits for that index: a deadlock.
    return _Rows(Cancellation.objects.using(using).filter(decided_at=None))


@cache
def _cancellable(model: Any, lifecycle: Lifecycle, using: str) -> _Rows:
    items: QuerySet[Any] = OrderItemQuerySet(model, using=using)
    return _Rows(items.filter(**{f"{model.STATUS_FIELD}__in": lifecycle.cancellable}))


class Changed(Exception):
    """The rows are no longer those that were ruled on; the transaction must be rolled back."""


def open_cancellations(call: Call, changing: Sequence[Facts]) -> None:
    """Open a cancellation for each item.

    :raises Changed: an item has an open one already; the transaction must be rolled back.
    """
    now = timezone.now()
    opened = [
        Cancellation(
            order_item_id=facts.pk,
            reason=call.reason,
            note=call.note,
            requested_at=now,
            requested_by_id=call.by_id,
            requested_by_name=call.by_name,
            requested_via=call.via,
        )
        for facts in changing
    ]
    try:
        Cancellation.objects.using(call.using).bulk_create(opened)
    except IntegrityError as error:
        # PostgreSQL under REPEATABLE READ: while the lock was waited for, another call made one
        # that this transaction cannot see.
        if is_duplicate(error):
            raise Changed from error
        raise


def decision(call: Call) -> dict[str, Any]:
    """Say what is set on each cancellation that the call decides."""
    return {
        "status": call.action.result,
        "decision_note": call.note,
        "decided_at": timezone.now(),
        "decided_by_id": call.by_id,
        "decided_by_name": call.by_name,
        "decided_via": call.via,
    }


def decide(call: Call, changing: Sequence[Facts], values: Mapping[str, Any]) -> None:
    """Write the decision on the open cancellation of each item, if it is still open.

    :raises Changed: not all are as they were ruled on; the transaction must be rolled back.
    """
    if call.action == Action.CONFIRM:
        items = _cancellable(call.model, call.lifecycle, call.using)
        cancelled = {call.model.STATUS_FIELD: call.lifecycle.cancelled}
        if items.update([facts.pk for facts in changing], cancelled) != len(changing):
            raise Changed
    keys = [facts.cancellation_pk for facts in changing]
    if _undecided(call.using).update(keys, values) != len(changing):
        raise Changed


def tell(
    call: Call,
    changing: Sequence[Facts],
    cancellations: Iterable[Cancellation] | None = None,
) -> bool:
    """Send the signal for each, and make sure that no receiver broke the transaction.

    :param cancellations: as they were written; by default they are read.
    :returns: whether anybody listened, and so may have written.
    """
    signal = BY_ACTION[call.action]
    if not signal.has_listeners(Cancellation):
        return False
    before = {facts.pk: facts for facts in changing}
    written = _written(call, changing)
    for cancellation in cancellations or written.select_related("order_item").order_by("pk"):
        try:
            signal.send(sender=Cancellation, cancellation=cancellation, by=call.by, via=call.via)
        except errors.Veto as veto:
            facts = before[cancellation.order_item_id]
            veto.order_item_uuid = facts.uuid
            veto.item_status = facts.status
            veto.cancellation_status = facts.cancellation_status
            raise
        except errors.Busy:
            raise
        except errors.CancellationError as error:
            # Of another call, inside the receiver: an answer to this one's caller it is not.
            raise RuntimeError("A receiver of a cancellation signal failed.") from error
    # A receiver that swallowed a database error leaves a transaction which Django, PostgreSQL
    # or (after a deadlock) MariaDB would roll back in silence.
    if connections[call.using].needs_rollback or written.count() != len(changing):
        raise transaction.TransactionManagementError(
            "A receiver of a cancellation signal swallowed a database error: nothing was written."
        )
    return True


def _written(call: Call, changing: Sequence[Facts]) -> QuerySet[Cancellation]:
    cancellations = Cancellation.objects.using(call.using).filter(status=call.action.result)
    if call.action == Action.REQUEST:
        return cancellations.filter(Among(F("order_item"), [facts.pk for facts in changing]))
    return cancellations.filter(Among(F("pk"), [facts.cancellation_pk for facts in changing]))
