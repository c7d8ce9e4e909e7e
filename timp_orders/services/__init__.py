"""The only writers of cancellations, and of an item's status when it becomes cancelled.

Every door (API, admin, the host's own code) calls these. What they have in common:

``items``
    One order item, its ``UUID``, a query set or manager of order items, or an iterable of items
    and UUIDs. A query set is only read for its distinct primary keys: joins, ``distinct()`` and
    slices are fine, and a filter that stops matching while the call waits loses no item.
``by``
    The user who acts, to whom the rules of sides and permissions are applied; or ``SYSTEM``,
    trusted code, which may do all. Never ``None``.
``via``
    The door, kept in the audit trail: ``"api"``, ``"admin"``, ``"code"`` or ``"deadline"``.
``note``
    Plain text, at most ``TIMP_ORDERS["NOTE_MAX_LENGTH"]`` characters.
``expected``
    The UUID of the cancellation that is meant, for one item; or a mapping of items' UUIDs to
    those of cancellations. If another is the latest by now, the item is refused (``Superseded``).
    An item with a cancellation that was confirmed before must be given one (``MustBeNamed``).
``cancellation_uuid``
    The UUID of the cancellation that is to be written, for one item; or a mapping as above. The
    same UUID again is a replay, whatever became of the cancellation since. That of another item,
    or with another quantity, is refused (``UuidReused``).
``quantity``
    How many of each item, where ``TIMP_ORDERS["PARTIAL_QUANTITIES"]`` is on: at least 1; ``None``
    means all that is left, or all that was asked. More is refused (``QuantityTooGreat``).

One call is one transaction, idempotent, and safe to send again. Rules are applied to rows that are
locked, in primary-key order; or, for one item, by optimistic statements that compare the rows with
what was read. Of confirm, reject, withdraw and cancel racing for one cancellation exactly one wins.

All return an :class:`~timp_orders.services.outcome.Outcome`, send the signals of
``timp_orders.signals`` inside the transaction, and raise:

``TypeError``
    ``items``, ``by`` or ``expected`` is something else than said above.
``ValueError``
    A note too long or with characters that no database keeps, an unknown reason or door, a quantity
    that cannot be counted; or one UUID for several items.
``timp_orders.errors.Busy``
    A lock timeout, deadlock or serialization failure, after one retry where that was safe.
Whatever a signal's receiver raises
    All or nothing: nothing of the call was written.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from timp_orders.policy import SYSTEM, System
from timp_orders.services import reads
from timp_orders.services.caller import Caller
from timp_orders.services.calls import Change, Named, apply, perform
from timp_orders.services.command import Command
from timp_orders.services.deadlines import Enforced, enforce_deadlines
from timp_orders.services.outcome import Outcome
from timp_orders.services.rules import possible
from timp_orders.services.targets import Items
from timp_orders.states import Action, Via

if TYPE_CHECKING:
    from timp_orders.policy import User

__all__ = [
    "BY_ACTION",
    "SYSTEM",
    "Change",
    "Enforced",
    "Outcome",
    "apply_changes",
    "cancel_items",
    "confirm_cancellation",
    "enforce_deadlines",
    "items_for",
    "reject_cancellation",
    "request_cancellation",
    "supported_actions",
    "withdraw_cancellation",
]


def request_cancellation(
    items: Items,
    *,
    by: "User | System",
    via: str = Via.CODE,
    reason: str = "",
    note: str = "",
    quantity: int | None = None,
    cancellation_uuid: Named = None,
) -> Outcome:
    """Ask to cancel items: the retailer side's action.

    :param reason: one of the host's reasons (``TIMP_ORDERS["REASONS"]``), or none.
    :returns: changed are items that got a new, open cancellation.
    """
    command = Command(Action.REQUEST, note=note, reason=reason, quantity=quantity)
    return perform(command, items, by, via, cancellation_uuid)


def confirm_cancellation(
    items: Items,
    *,
    by: "User | System",
    via: str = Via.CODE,
    note: str = "",
    quantity: int | None = None,
    expected: Named = None,
) -> Outcome:
    """Confirm open cancellations: the supplier side's action.

    :param quantity: fewer than were asked; the rest counts as refused, and may be requested again.
    :returns: changed are items that became cancelled, wholly or in part.
    """
    command = Command(Action.CONFIRM, note=note, quantity=quantity)
    return perform(command, items, by, via, expected)


def reject_cancellation(
    items: Items,
    *,
    by: "User | System",
    via: str = Via.CODE,
    reason: str = "",
    note: str = "",
    expected: Named = None,
) -> Outcome:
    """Reject open cancellations; their items stay as they are: the supplier side's action.

    :param reason: one of ``TIMP_ORDERS["REJECTION_REASONS"]``, or none; with
        ``TIMP_ORDERS["REJECTION_NEEDS_REASON"]`` there must be a reason or a note.
    """
    command = Command(Action.REJECT, note=note, reason=reason)
    return perform(command, items, by, via, expected)


def withdraw_cancellation(
    items: Items,
    *,
    by: "User | System",
    via: str = Via.CODE,
    note: str = "",
    expected: Named = None,
) -> Outcome:
    """Take open requests back; their items stay as they are: the retailer side's action."""
    return perform(Command(Action.WITHDRAW, note=note), items, by, via, expected)


def cancel_items(
    items: Items,
    *,
    by: "User | System",
    via: str = Via.CODE,
    reason: str = "",
    note: str = "",
    quantity: int | None = None,
    cancellation_uuid: Named = None,
) -> Outcome:
    """Cancel items outright, in one step: for operators, the system, and suppliers who may.

    An open cancellation is confirmed; of an item without one, or of what is left then, one is
    written that is requested and confirmed at once.

    :param reason: one of ``TIMP_ORDERS["REASONS"]``, or none.
    :param cancellation_uuid: of the open cancellation that is meant, or of the one to be written.
        With a quantity, an item of which some were cancelled before must be given one.
    :returns: changed are items that became cancelled, wholly or in part.
    """
    command = Command(Action.CANCEL, note=note, reason=reason, quantity=quantity)
    return perform(command, items, by, via, cancellation_uuid)


BY_ACTION: dict[Action, Callable[..., Outcome]] = {
    Action.REQUEST: request_cancellation,
    Action.CONFIRM: confirm_cancellation,
    Action.REJECT: reject_cancellation,
    Action.WITHDRAW: withdraw_cancellation,
    Action.CANCEL: cancel_items,
}


def apply_changes(
    changes: Iterable[Change],
    *,
    by: "User | System",
    via: str = Via.CODE,
    all_or_nothing: bool = False,
) -> Outcome:
    """Carry out many changes, each with an action, an item and texts of its own.

    All items are locked once, in primary-key order, and written by action: two calls, one after
    the other, could wait for a third in a circle. A change that a receiver vetoes is refused
    (``Veto``), and the others go on.

    :param changes: at most one for each item.
    :param all_or_nothing: if anything is refused, write nothing: changed is empty, and what else
        would have changed is refused as well (``AllOrNothing``).
    :raises TypeError: what is passed is no change, or has an item that is none.
    :raises ValueError: an unknown action, a field that it does not take, or an item twice. It says
        which one, counting from 0.
    """
    return apply(changes, by, via, all_or_nothing=all_or_nothing)


def items_for(user: "User | System", items: QuerySet[Any] | Iterable[Any]) -> list[Any]:
    """Read items as a user may see them, to be shown on a page of the host's own.

    One statement, beside that of a query set for its keys.

    :param user: a signed-in user, or ``SYSTEM``.
    :param items: a query set of order items, whose order and slices are kept; or items.
    :returns: those that the user may see, in the same order, each with ``timp_cancellation``, its
        latest cancellation or ``None``. For these, ``supported_actions(item, user)`` sends no
        statement.
    :raises TypeError: ``user`` is neither.
    """
    caller = Caller.of(user)
    key = caller.model._meta.pk.attname  # a subclass may have another of its own
    if isinstance(items, QuerySet):
        return reads.visible_items(caller, list(items.values_list(key, flat=True)))
    return reads.visible_items(caller, [getattr(item, key) for item in items])


def supported_actions(item: Any, user: "User | System") -> list[Action]:
    """List what a user may do to an item now, by the very rule that the writers use.

    :param item: an order item. One that a service function returned, or that was read for this
        user by the app, is taken as it was read then; for any other, one statement is sent.
    :param user: a signed-in user, or ``SYSTEM``.
    :raises TypeError: ``user`` is neither.
    """
    caller, facts = reads.reading_for(item, user)
    return [action for action in Action if possible(action, facts, caller) == "change"]
