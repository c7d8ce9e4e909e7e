"""Send signals, and make sure that their receivers left the transaction whole."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connections, transaction
from django.db.models import QuerySet

from timp_orders import errors
from timp_orders.models import Cancellation
from timp_orders.services.caller import Caller
from timp_orders.services.facts import Facts
from timp_orders.services.planned import Planned
from timp_orders.signals import BY_ACTION, cancellations_changed
from timp_orders.states import Action

__all__ = ["has_receivers", "send_signals"]


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
    kwargs = {"sender": Cancellation, "by": caller.by, "via": caller.via}
    for cancellation in cancellations:
        with _refusals_of_receivers(before[cancellation.order_item_id]):
            BY_ACTION[action].send(cancellation=cancellation, **kwargs)
    with _refusals_of_receivers(plans[0].facts if len(plans) == 1 else None):
        cancellations_changed.send(action=action, cancellations=cancellations, **kwargs)
    # A receiver that swallowed a database error leaves a transaction which Django, PostgreSQL
    # or (after a deadlock) MariaDB would roll back in silence.
    if connections[caller.using].needs_rollback or written.count() != len(plans):
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
