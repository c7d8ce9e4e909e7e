"""The verdict on a command, from the facts about its item: pure, without a database."""

from typing import TYPE_CHECKING, Literal

from timp_orders import errors
from timp_orders.services.command import Command
from timp_orders.services.facts import Facts
from timp_orders.states import Action, CancellationStatus, Lifecycle

if TYPE_CHECKING:
    from timp_orders.services.caller import Caller

__all__ = [
    "Verdict",
    "is_set_back",
    "is_visible",
    "possible",
    "quantity_to_confirm",
    "refusal",
    "transition",
    "verdict",
]

Verdict = Literal["change", "replay"] | type[errors.CancellationError]

_PART = "part"  # confirmed, and something is left

# The workflow: for each action, what it does to an item whose latest cancellation has that status
# (None: it never had one). "if_cancellable" asks the item's own status. A confirmed cancellation
# counts as such only while its item is cancelled, or where it was a part.
_TABLE: dict[Action, dict[str | None, Verdict | Literal["if_cancellable"]]] = {
    Action.REQUEST: {
        None: "if_cancellable",
        CancellationStatus.REQUESTED: "replay",
        CancellationStatus.CONFIRMED: errors.AlreadyConfirmed,
        _PART: "if_cancellable",
        CancellationStatus.REJECTED: "if_cancellable",
        CancellationStatus.WITHDRAWN: "if_cancellable",
    },
    Action.CONFIRM: {
        None: errors.NotRequested,
        CancellationStatus.REQUESTED: "if_cancellable",
        CancellationStatus.CONFIRMED: "replay",
        _PART: "replay",
        CancellationStatus.REJECTED: errors.AlreadyRejected,
        CancellationStatus.WITHDRAWN: errors.AlreadyWithdrawn,
    },
    Action.REJECT: {
        None: errors.NotRequested,
        CancellationStatus.REQUESTED: "change",
        CancellationStatus.CONFIRMED: errors.AlreadyConfirmed,
        _PART: errors.AlreadyConfirmed,
        CancellationStatus.REJECTED: "replay",
        CancellationStatus.WITHDRAWN: errors.AlreadyWithdrawn,
    },
    Action.WITHDRAW: {
        None: errors.NotRequested,
        CancellationStatus.REQUESTED: "change",
        CancellationStatus.CONFIRMED: errors.AlreadyConfirmed,
        _PART: errors.AlreadyConfirmed,
        CancellationStatus.REJECTED: errors.AlreadyRejected,
        CancellationStatus.WITHDRAWN: "replay",
    },
    Action.CANCEL: {
        None: "if_cancellable",
        CancellationStatus.REQUESTED: "if_cancellable",
        CancellationStatus.CONFIRMED: "replay",
        _PART: "if_cancellable",
        CancellationStatus.REJECTED: "if_cancellable",
        CancellationStatus.WITHDRAWN: "if_cancellable",
    },
}


_AFTER_SET_BACK = (Action.REQUEST, Action.CONFIRM, Action.CANCEL)


def is_set_back(facts: Facts, lifecycle: Lifecycle) -> bool:
    """Tell whether all that was left is confirmed, but the item is not cancelled (any more).

    The host gave it another status, on purpose or by a stale ``save()``.
    """
    latest = facts.latest
    is_whole = latest is not None and latest.is_confirmed and not latest.is_part
    return is_whole and facts.status != lifecycle.cancelled


def transition(action: Action, facts: Facts, lifecycle: Lifecycle) -> Verdict:
    """Look up what an action does to an item, whoever takes it, and whatever the quantity.

    :param lifecycle: what the host's statuses mean.
    :returns: ``"change"``; ``"replay"`` (it is that way already: success, nothing changes); or the
        class of the error that refuses it.
    """
    found = _TABLE[action][_status(action, facts, lifecycle)]
    if found == "if_cancellable":
        return lifecycle.obstacle(facts.status) or "change"
    return found


def _status(action: Action, facts: Facts, lifecycle: Lifecycle) -> str | None:
    """Return the status by which the table is read."""
    latest = facts.latest
    if latest is None or not latest.is_confirmed:
        return latest and latest.status
    if latest.is_part:
        return _PART
    if action in _AFTER_SET_BACK and is_set_back(facts, lifecycle):
        return None
    return latest.status


def is_visible(facts: Facts, caller: "Caller") -> bool:
    """Tell whether the caller may see the item; who may not learns nothing else of it."""
    return bool(caller.standing.sees_all or facts.on_supplier_side or facts.on_retailer_side)


def possible(action: Action, facts: Facts, caller: "Caller") -> Verdict:
    """Rule on an action that means the latest cancellation, and all of its quantity.

    :returns: as :func:`transition` does.
    """
    if (refused := _not_allowed(action, facts, caller)) is not None:
        return refused
    lifecycle = caller.lifecycle
    ruled = transition(action, facts, lifecycle)
    if ruled == "change" and facts.ordered is not None:
        return _too_great(Command(action), facts, lifecycle) or ruled
    return ruled


def verdict(command: Command, facts: Facts, caller: "Caller") -> Verdict:
    """Rule on a command by all that is known.

    :returns: as :func:`transition` does.
    """
    if (refused := _not_allowed(command.action, facts, caller)) is not None:
        return refused
    lifecycle = caller.lifecycle
    if command.named and (named := _by_name(command, facts, lifecycle)) is not None:
        return named
    ruled = transition(command.action, facts, lifecycle)
    if ruled == "replay":
        return _replay(command, facts)
    if ruled == "change":
        return _unnamed(command, facts) or _too_great(command, facts, lifecycle) or ruled
    return ruled


def _not_allowed(action: Action, facts: Facts, caller: "Caller") -> Verdict | None:
    standing = caller.standing
    if not is_visible(facts, caller):
        return errors.NotFound
    if not standing.may_cancel:
        return errors.PermissionDenied
    is_closed = action == Action.CANCEL and not caller.may_cancel_outright
    return errors.WrongSide if is_closed or not facts.on_side(action.side) else None


def _by_name(command: Command, facts: Facts, lifecycle: Lifecycle) -> Verdict | None:
    """Rule by the UUID that a command gives; ``None`` if that decides nothing."""
    latest, named = facts.latest, facts.named
    if named and named.item != facts.pk:
        return errors.UuidReused
    if command.action == Action.REQUEST:
        if named:
            return "replay" if named.quantity == command.quantity else errors.UuidReused
        return errors.AlreadyRequested if latest and latest.is_open else None
    if command.action != Action.CANCEL:
        return errors.Superseded if latest and latest.uuid != command.named else None
    if named is None:  # it is for a new one
        return errors.Superseded if latest and latest.is_open else None
    if named.is_confirmed and command.quantity is not None:
        return "replay" if named.confirmed == command.quantity else errors.UuidReused
    if named != latest:
        is_done = named.is_confirmed and facts.status == lifecycle.cancelled
        return "replay" if is_done else errors.Superseded
    return _DECIDED_OTHERWISE.get(named.status)


_DECIDED_OTHERWISE: dict[str, Verdict] = {
    CancellationStatus.REJECTED: errors.AlreadyRejected,
    CancellationStatus.WITHDRAWN: errors.AlreadyWithdrawn,
}


def _replay(command: Command, facts: Facts) -> Verdict:
    """Rule on what is that way already; with another quantity it is none."""
    latest = facts.latest
    if latest and command.action == Action.REQUEST and latest.quantity != command.quantity:
        return errors.AlreadyRequested
    if latest and latest.is_confirmed and command.quantity not in (None, latest.confirmed):
        return errors.AlreadyConfirmed
    return "replay"


def _unnamed(command: Command, facts: Facts) -> Verdict | None:
    """Refuse what may be the repetition of an older command, and would now do something else."""
    if not command.asks_for_confirmed or not facts.was_confirmed:
        return None
    latest = facts.latest
    if command.action == Action.CANCEL and latest and latest.is_confirmed:
        return "replay" if latest.confirmed == command.quantity else errors.MustBeNamed
    return errors.MustBeNamed


def _too_great(command: Command, facts: Facts, lifecycle: Lifecycle) -> Verdict | None:
    """Refuse more than is left, or was asked."""
    left = facts.quantity_left(lifecycle)
    if left is None or command.action in (Action.REJECT, Action.WITHDRAW):
        return None
    is_confirmation = command.action == Action.CONFIRM
    if left == 0:  # the host has lowered what was ordered
        return errors.QuantityTooGreat if is_confirmation else errors.AlreadyConfirmed
    asked = facts.quantity_asked(lifecycle) or left
    wanted = command.quantity or (asked if is_confirmation else 0)
    return errors.QuantityTooGreat if wanted > min(asked, left) else None


def quantity_to_confirm(command: Command, facts: Facts, lifecycle: Lifecycle) -> int | None:
    """Return how many a command cancels; ``None`` where items are cancelled whole."""
    left = facts.quantity_left(lifecycle)
    if left is None:
        return None
    return command.quantity or min(facts.quantity_asked(lifecycle) or left, left)


def refusal(
    error: type[errors.CancellationError], facts: Facts, lifecycle: Lifecycle
) -> errors.CancellationError:
    """Make the error that a verdict names; it says more only to those who may see the item."""
    if not issubclass(error, errors.NotPossible):
        return error(order_item_uuid=facts.uuid)
    refused = error(
        order_item_uuid=facts.uuid,
        item_status=facts.status,
        cancellation_status=facts.latest.status if facts.latest else None,
    )
    if isinstance(refused, errors.QuantityTooGreat):
        refused.quantity_left = facts.quantity_left(lifecycle)
    return refused
