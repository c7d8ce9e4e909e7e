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
    The door, kept in the audit trail: ``"api"``, ``"admin"`` or ``"code"``.
``note``
    Plain text, at most ``TIMP_ORDERS["NOTE_MAX_LENGTH"]`` characters.
``expected``
    The UUID of the cancellation that is meant, for one item; or a mapping of items' UUIDs to
    those of cancellations. If another is the latest by now, the item is refused (``Superseded``).

One call is one transaction, idempotent, and safe to send again. Rules are applied to rows that are
locked, in primary-key order; or, for one item, by optimistic statements that compare the rows with
what was read. Of confirm, reject and withdraw racing for one cancellation exactly one wins.

All return an :class:`~timp_orders.services.outcome.Outcome`, send the signals of
``timp_orders.signals`` inside the transaction, and raise:

``TypeError``
    ``items``, ``by`` or ``expected`` is something else than said above.
``ValueError``
    A note too long or with characters that no database keeps, an unknown reason or door; or one
    UUID ``expected`` for several items.
``timp_orders.errors.Busy``
    A lock timeout, deadlock or serialization failure, after one retry where that was safe.
Whatever a signal's receiver raises
    All or nothing: nothing of the call was written.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from timp_orders import errors
from timp_orders.policy import SYSTEM, System
from timp_orders.services import reads
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.engine import Change, perform_many, perform_one
from timp_orders.services.outcome import Outcome
from timp_orders.services.rules import verdict
from timp_orders.services.targets import Items, Target, Targets, single_target, targets_of
from timp_orders.states import Action, Via

if TYPE_CHECKING:
    from timp_orders.policy import User

__all__ = [
    "BY_ACTION",
    "SYSTEM",
    "Outcome",
    "confirm_cancellation",
    "reject_cancellation",
    "request_cancellation",
    "supported_actions",
    "withdraw_cancellation",
]

Expected = UUID | Mapping[UUID, UUID] | None


def request_cancellation(
    items: Items,
    *,
    by: "User | System",
    via: str = Via.CODE,
    reason: str = "",
    note: str = "",
) -> Outcome:
    """Ask to cancel items: the retailer side's action.

    :param reason: one of the host's reasons (``TIMP_ORDERS["REASONS"]``), or none.
    :returns: changed are items that got a new, open cancellation.
    """
    return _perform(Command(Action.REQUEST, note=note, reason=reason), items, by, via)


def confirm_cancellation(
    items: Items,
    *,
    by: "User | System",
    via: str = Via.CODE,
    note: str = "",
    expected: Expected = None,
) -> Outcome:
    """Confirm open cancellations, which makes their items cancelled: the supplier side's action.

    :returns: changed are items that became cancelled.
    """
    return _perform(Command(Action.CONFIRM, note=note), items, by, via, expected)


def reject_cancellation(
    items: Items,
    *,
    by: "User | System",
    via: str = Via.CODE,
    note: str = "",
    expected: Expected = None,
) -> Outcome:
    """Reject open cancellations; their items stay as they are: the supplier side's action."""
    return _perform(Command(Action.REJECT, note=note), items, by, via, expected)


def withdraw_cancellation(
    items: Items,
    *,
    by: "User | System",
    via: str = Via.CODE,
    note: str = "",
    expected: Expected = None,
) -> Outcome:
    """Take open requests back; their items stay as they are: the retailer side's action."""
    return _perform(Command(Action.WITHDRAW, note=note), items, by, via, expected)


BY_ACTION: dict[Action, Callable[..., Outcome]] = {
    Action.REQUEST: request_cancellation,
    Action.CONFIRM: confirm_cancellation,
    Action.REJECT: reject_cancellation,
    Action.WITHDRAW: withdraw_cancellation,
}


def _perform(
    command: Command, items: Items, by: "User | System", via: str, expected: Expected = None
) -> Outcome:
    caller = Caller.of(by, via=via)
    model = caller.model
    target = single_target(items, model)
    if target is None:
        uuids, missing = targets_of(items, model, caller.using)
        if len(uuids) != 1 or missing:
            return _perform_many(caller, command, expected, Targets(uuids, missing))
        ((pk, uuid),) = uuids.items()
        target = Target({"pk": pk}, uuid)
    meant = _expected_of(expected, [target.uuid]).get(target.uuid)
    return perform_one(caller, target, replace(command, expected=meant) if meant else command)


def _perform_many(
    caller: Caller, command: Command, expected: Expected, targets: Targets
) -> Outcome:
    guards = _expected_of(expected, targets.uuids.values())
    guarded = {uuid: replace(command, expected=meant) for uuid, meant in guards.items()}
    changes = {pk: Change(uuid, guarded.get(uuid, command)) for pk, uuid in targets.uuids.items()}
    outcome = perform_many(caller, changes)
    for uuid in targets.missing:
        outcome.refused[uuid] = errors.NotFound(order_item_uuid=uuid)
    return outcome


def _expected_of(expected: Expected, uuids: Iterable[UUID]) -> Mapping[UUID, UUID]:
    """Return which cancellation is meant for which item."""
    if isinstance(expected, Mapping):
        if not all(isinstance(uuid, UUID) for pair in expected.items() for uuid in pair):
            raise TypeError("expected must map UUIDs to UUIDs.")  # it would guard nothing
        return expected
    if expected is None:
        return {}
    named = list(uuids)
    if len(named) > 1:
        raise ValueError("expected must be a mapping of UUIDs where there are several items.")
    return dict.fromkeys(named, expected)


def supported_actions(item: Any, user: "User | System") -> list[Action]:
    """List what a user may do to an item now, by the very rule that the writers use.

    :param item: an order item. One that a service function returned, or that was read for this
        user by the app, is taken as it was read then; for any other, one statement is sent.
    :param user: a signed-in user, or ``SYSTEM``.
    :raises TypeError: ``user`` is neither.
    """
    caller, facts = reads.reading_for(item, user)
    return [
        action
        for action in Action
        if verdict(action, facts, caller.standing, caller.lifecycle) == "change"
    ]
