"""The facts about one item, and the verdict on a command: pure, without a database."""

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

from timp_orders import errors
from timp_orders.states import Action, CancellationStatus, Lifecycle, Side

if TYPE_CHECKING:
    from timp_orders.policy import Standing

__all__ = [
    "Facts",
    "Latest",
    "Verdict",
    "is_set_back",
    "is_visible",
    "refusal",
    "transition",
    "verdict",
]

Verdict = Literal["change", "replay"] | type[errors.CancellationError]


class Latest(NamedTuple):
    """An item's latest cancellation."""

    pk: int
    uuid: UUID
    status: str


class Facts(NamedTuple):
    """What a verdict on one item depends on.

    A side is ``None`` where it was not asked whether the caller is on it.
    """

    pk: Any
    uuid: UUID
    status: Hashable
    on_supplier_side: bool | None
    on_retailer_side: bool | None
    latest: Latest | None

    def on_side(self, side: Side) -> bool | None:
        return self.on_supplier_side if side == Side.SUPPLIER else self.on_retailer_side


# The workflow: for each action, what it does to an item whose latest cancellation has that status
# (None: it never had one). "if_cancellable" asks the item's own status. A confirmed cancellation
# counts as such only while its item is cancelled.
_TABLE: dict[Action, dict[str | None, Verdict | Literal["if_cancellable"]]] = {
    Action.REQUEST: {
        None: "if_cancellable",
        CancellationStatus.REQUESTED: "replay",
        CancellationStatus.CONFIRMED: errors.AlreadyConfirmed,
        CancellationStatus.REJECTED: "if_cancellable",
        CancellationStatus.WITHDRAWN: "if_cancellable",
    },
    Action.CONFIRM: {
        None: errors.NotRequested,
        CancellationStatus.REQUESTED: "if_cancellable",
        CancellationStatus.CONFIRMED: "replay",
        CancellationStatus.REJECTED: errors.AlreadyRejected,
        CancellationStatus.WITHDRAWN: errors.AlreadyWithdrawn,
    },
    Action.REJECT: {
        None: errors.NotRequested,
        CancellationStatus.REQUESTED: "change",
        CancellationStatus.CONFIRMED: errors.AlreadyConfirmed,
        CancellationStatus.REJECTED: "replay",
        CancellationStatus.WITHDRAWN: errors.AlreadyWithdrawn,
    },
    Action.WITHDRAW: {
        None: errors.NotRequested,
        CancellationStatus.REQUESTED: "change",
        CancellationStatus.CONFIRMED: errors.AlreadyConfirmed,
        CancellationStatus.REJECTED: errors.AlreadyRejected,
        CancellationStatus.WITHDRAWN: "replay",
    },
}


_AFTER_SET_BACK = (Action.REQUEST, Action.CONFIRM)


def is_set_back(
    item_status: Hashable, cancellation_status: str | None, lifecycle: Lifecycle
) -> bool:
    """Tell whether the latest cancellation is confirmed, but the item is not cancelled (any more).

    The host gave it another status, on purpose or by a stale ``save()``.
    """
    return (
        cancellation_status == CancellationStatus.CONFIRMED and item_status != lifecycle.cancelled
    )


def transition(
    action: Action,
    *,
    item_status: Hashable,
    cancellation_status: str | None,
    lifecycle: Lifecycle,
) -> Verdict:
    """Look up what an action does to an item, whoever takes it.

    :param item_status: the item's own status, in the host's words.
    :param cancellation_status: the status of the item's latest cancellation, ``None`` if it never
        had one.
    :param lifecycle: what the host's statuses mean.
    :returns: ``"change"``; ``"replay"`` (it is that way already: success, nothing changes); or the
        class of the error that refuses it.
    """
    if action in _AFTER_SET_BACK and is_set_back(item_status, cancellation_status, lifecycle):
        cancellation_status = None  # nothing is confirmed any more
    found = _TABLE[action][cancellation_status]
    if found == "if_cancellable":
        return lifecycle.obstacle(item_status) or "change"
    return found


def is_visible(facts: Facts, standing: "Standing") -> bool:
    """Tell whether the caller may see the item; who may not learns nothing else of it."""
    return bool(standing.sees_all or facts.on_supplier_side or facts.on_retailer_side)


def verdict(
    action: Action,
    facts: Facts,
    standing: "Standing",
    lifecycle: Lifecycle,
    expected: UUID | None = None,
) -> Verdict:
    """Rule on an action by all that is known.

    :param standing: what the caller may do.
    :param expected: the UUID of the cancellation that the caller meant, if they said one.
    :returns: as :func:`transition` does.
    """
    if not is_visible(facts, standing):
        return errors.NotFound
    if not standing.may_cancel:
        return errors.PermissionDenied
    if not facts.on_side(action.side):
        return errors.WrongSide
    latest = facts.latest
    if expected and latest and latest.uuid != expected:
        return errors.Superseded
    return transition(
        action,
        item_status=facts.status,
        cancellation_status=latest.status if latest else None,
        lifecycle=lifecycle,
    )


def refusal(error: type[errors.CancellationError], facts: Facts) -> errors.CancellationError:
    """Make the error that a verdict names; it says more only to those who may see the item."""
    if issubclass(error, errors.NotPossible):
        return error(
            order_item_uuid=facts.uuid,
            item_status=facts.status,
            cancellation_status=facts.latest.status if facts.latest else None,
        )
    return error(order_item_uuid=facts.uuid)
