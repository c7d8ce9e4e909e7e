"""The only writers of cancellations, and of an item's status when it becomes cancelled.

Every door (API, admin, the host's own code) calls these. All four take ``items``, a query set of
order items that *names* items, one or ten thousand, by their distinct primary keys: joins,
``distinct()`` and slices are fine. One call is one transaction. Rules are applied to rows that are
locked, or by a compare-and-set that fails if they changed; so a filter of ``items`` that stops
matching while the call waits loses no item. Of confirm, reject and withdraw racing for one
cancellation exactly one wins.

``by`` is the user who acts; the rules of sides and permissions are applied to them. ``None`` is the
system itself: trusted code, which may do all. ``via`` is the door, kept in the trail.

All four return an :class:`~timp_orders.services.outcome.Outcome`, send the signal of
``timp_orders.signals`` for each cancellation that changed, and raise:

``TypeError``
    ``items`` is no query set of order items, or one of ``values()`` or a union; or ``expected``
    does not map UUIDs to UUIDs.
``ValueError``
    a note too long or with characters that no database keeps, or an unknown reason.
``timp_orders.errors.Busy``
    a lock timeout, deadlock or serialization failure, after one retry where that was safe.
Whatever a signal's receiver raises
    all or nothing: nothing of the call was written.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import QuerySet

from timp_orders.models import get_order_item_model
from timp_orders.services.command import Call
from timp_orders.services.engine import perform
from timp_orders.services.outcome import Outcome
from timp_orders.services.reads import Facts, ruling
from timp_orders.states import Action, Via

if TYPE_CHECKING:
    from timp_orders.policy import User

__all__ = [
    "BY_ACTION",
    "Outcome",
    "confirm_cancellation",
    "reject_cancellation",
    "request_cancellation",
    "supported_actions",
    "withdraw_cancellation",
]


def request_cancellation(
    items: QuerySet[Any],
    *,
    by: "User | None",
    via: str = Via.CODE,
    reason: str = "",
    note: str = "",
) -> Outcome:
    """Ask to cancel items: the retailer side's action.

    :param reason: one of the host's reasons (``TIMP_ORDERS["REASONS"]``), or none.
    :param note: plain text, at most ``TIMP_ORDERS["NOTE_MAX_LENGTH"]`` characters.
    :returns: changed are items that got a new, open cancellation.
    """
    return perform(Call(Action.REQUEST, by, via, note=note, reason=reason), items)


def confirm_cancellation(
    items: QuerySet[Any],
    *,
    by: "User | None",
    via: str = Via.CODE,
    note: str = "",
    expected: Mapping[UUID, UUID] | None = None,
) -> Outcome:
    """Confirm open cancellations, which makes their items cancelled: the supplier side's action.

    :param note: as for a request.
    :param expected: maps item UUIDs to the UUIDs of the cancellations that were meant: an item
        whose latest one is another by now is refused (``Superseded``).
    :returns: changed are items that became cancelled.
    """
    return perform(Call(Action.CONFIRM, by, via, note=note, expected=expected), items)


def reject_cancellation(
    items: QuerySet[Any],
    *,
    by: "User | None",
    via: str = Via.CODE,
    note: str = "",
    expected: Mapping[UUID, UUID] | None = None,
) -> Outcome:
    """Reject open cancellations; their items stay as they are: the supplier side's action.

    The arguments are those of :func:`confirm_cancellation`.
    """
    return perform(Call(Action.REJECT, by, via, note=note, expected=expected), items)


def withdraw_cancellation(
    items: QuerySet[Any],
    *,
    by: "User | None",
    via: str = Via.CODE,
    note: str = "",
    expected: Mapping[UUID, UUID] | None = None,
) -> Outcome:
    """Take open requests back; their items stay as they are: the retailer side's action.

    The arguments are those of :func:`confirm_cancellation`.
    """
    return perform(Call(Action.WITHDRAW, by, via, note=note, expected=expected), items)


BY_ACTION: dict[Action, Callable[..., Outcome]] = {
    Action.REQUEST: request_cancellation,
    Action.CONFIRM: confirm_cancellation,
    Action.REJECT: reject_cancellation,
    Action.WITHDRAW: withdraw_cancellation,
}


def supported_actions(facts: Facts) -> list[Action]:
    """List what a user may do to an item now, by the very rule that the writers use.

    :param facts: ``item.facts``, of an ``Outcome.item`` or an item read through
        ``timp_orders.services.reads``.
    """
    lifecycle = get_order_item_model().lifecycle()
    return [action for action in Action if ruling(action, facts, lifecycle) == "change"]
