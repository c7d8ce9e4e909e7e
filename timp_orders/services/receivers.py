"""Send signals, and make sure that their receivers left the transaction whole."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

from django.db import connections, transaction
from django.db.models import QuerySet
from django.dispatch import Signal

from timp_orders import errors
from timp_orders.models import Cancellation
from timp_orders.services.caller import Caller
from timp_orders.services.facts import Facts
from timp_orders.services.planned import Planned
from timp_orders.signals import BY_ACTION, cancellations_changed
from timp_orders.states import Action

__all__ = ["around_vetoes", "has_receivers", "send_each", "send_signals"]

T = TypeVar("T")


def has_receivers(action: Action) -> bool:
    """Tell whether anybody listens to what :func:`send_signals` would send."""
    return BY_ACTION[action].has_listeners(Cancellation) or cancellations_changed.has_listeners(
        Cancellation
    )


def send_signals(
    caller: Caller,
    plans: Sequence[Planned],
    written: QuerySet[Cancellation],
    cancellations: Sequence[Cancellation] | None = None,
) -> None:
    """Send the signals of what was written, and make sure that no receiver broke the transaction.

    One for each cancellation, in the order of their items, then one for all of them.

    :param plans: what was written, all by the same action.
    :param written: finds the rows that were written.
    :param cancellations: these rows, if they are known; by default they are read.
    :raises timp_orders.errors.Veto: a receiver's, with the item that it refused.
    :raises RuntimeError: a receiver let another refusal of this app through.
    :raises django.db.transaction.TransactionManagementError: a receiver swallowed a database error.
    """
    if cancellations is None:
        cancellations = list(written.select_related("order_item").order_by("order_item_id"))
    action = plans[0].command.action
    before = {planned.facts.pk: planned.facts for planned in plans}
    _send(caller, BY_ACTION[action], cancellations, before)
    with _refusals_of_receivers(plans[0].facts if len(plans) == 1 else None):
        cancellations_changed.send(action=action, cancellations=cancellations, **_arguments(caller))
    _require_whole(caller, written, len(plans))


def send_each(
    caller: Caller,
    signal: Signal,
    cancellations: Sequence[Cancellation],
    facts: Mapping[Any, Facts],
    written: QuerySet[Cancellation],
) -> None:
    """Send a signal for each cancellation that something other than an action happened to.

    :param facts: about their items, by primary key.
    :param written: finds the rows that were written.
    :raises: what :func:`send_signals` raises.
    """
    _send(caller, signal, cancellations, facts)
    _require_whole(caller, written, len(cancellations))


def around_vetoes(
    caller: Caller,
    write: Callable[[list[T]], None],
    rows: list[T],
    item_of: Callable[[T], UUID],
) -> dict[UUID, errors.Veto]:
    """Write rows, and send their signals, without those that a receiver vetoes.

    A veto undoes what was written since the savepoint. What comes before its item is then written
    again, which no receiver refuses, and what comes after it by itself: two attempts for each veto.
    The locks are older than the savepoint, so that the facts stay true.

    :param write: writes some of the rows.
    :param item_of: returns the UUID of a row's item.
    :returns: the vetoes, by the items' UUIDs.
    """
    vetoes: dict[UUID, errors.Veto] = {}
    waiting = [rows]
    while waiting:
        if not (some := waiting.pop()):
            continue
        try:
            with transaction.atomic(using=caller.using):
                write(some)
        except errors.Veto as veto:
            uuids = [item_of(row) for row in some]
            if (vetoed := veto.order_item_uuid) in uuids:
                at = uuids.index(vetoed)
                vetoes[vetoed] = veto
                waiting += [some[at + 1 :], some[:at]]
            else:  # it is about all of them
                vetoes |= dict.fromkeys(uuids, veto)
    return vetoes


def _send(
    caller: Caller,
    signal: Signal,
    cancellations: Iterable[Cancellation],
    facts: Mapping[Any, Facts],
) -> None:
    for cancellation in cancellations:
        with _refusals_of_receivers(facts[cancellation.order_item_id]):
            signal.send(cancellation=cancellation, **_arguments(caller))


def _arguments(caller: Caller) -> dict[str, Any]:
    return {"sender": Cancellation, "by": caller.by, "via": caller.via}


def _require_whole(caller: Caller, written: QuerySet[Cancellation], count: int) -> None:
    # A receiver that swallowed a database error leaves a transaction which Django, PostgreSQL
    # or (after a deadlock) MariaDB would roll back in silence.
    if connections[caller.using].needs_rollback or written.count() != count:
        raise transaction.TransactionManagementError(
            "A receiver of a cancellation signal swallowed a database error: nothing was written."
        )


@contextmanager
def _refusals_of_receivers(facts: Facts | None) -> Iterator[None]:
    """Let a veto through with the item that it is about, and no other refusal."""
    try:
        yield
    except errors.Veto as veto:
        if facts is not None:
            veto.order_item_uuid = facts.uuid
            veto.item_status = facts.status
            veto.cancellation_status = facts.latest.status if facts.latest else None
        raise
    except errors.Busy:
        raise
    except errors.CancellationError as error:
        # Of another call, inside the receiver: an answer to this one's caller it is not.
        raise RuntimeError("A receiver of a cancellation signal failed.") from error
    except ExceptionGroup as group:  # of receivers that are coroutines, which run side by side
        if vetoes := group.subgroup(errors.Veto):
            with _refusals_of_receivers(facts):
                raise _first(vetoes) from group
        raise


def _first(error: Exception) -> Exception:
    return _first(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error
