"""What can be refused, a class and a stable code each.

::

    CancellationError
     ├── NotFound                not_found
     ├── PermissionDenied        permission_denied
     ├── WrongSide               wrong_side
     ├── NotPossible
     │    ├── NotRequested       not_requested
     │    ├── AlreadyRequested   already_requested
     │    ├── AlreadyConfirmed   already_confirmed
     │    ├── AlreadyRejected    already_rejected
     │    ├── AlreadyWithdrawn   already_withdrawn
     │    ├── AlreadyShipped     already_shipped
     │    ├── AlreadyCancelled   already_cancelled
     │    ├── NotCancellable     not_cancellable
     │    ├── Superseded         superseded
     │    ├── MustBeNamed        must_be_named
     │    ├── UuidReused         uuid_reused
     │    ├── QuantityTooGreat   quantity_too_great
     │    └── Veto               vetoed
     ├── NothingToDo             nothing_to_do
     ├── AllOrNothing            all_or_nothing
     └── Busy                    busy

These know nothing of HTTP; ``timp_orders.api.problems`` translates them.
"""

from collections.abc import Hashable
from copy import copy
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

__all__ = [
    "AllOrNothing",
    "AlreadyCancelled",
    "AlreadyConfirmed",
    "AlreadyRejected",
    "AlreadyRequested",
    "AlreadyShipped",
    "AlreadyWithdrawn",
    "Busy",
    "CancellationError",
    "MustBeNamed",
    "NotCancellable",
    "NotFound",
    "NotPossible",
    "NotRequested",
    "NothingToDo",
    "PermissionDenied",
    "QuantityTooGreat",
    "Superseded",
    "UuidReused",
    "Veto",
    "WrongSide",
]


class CancellationError(Exception):
    """Base of all that this app refuses.

    :ivar code: stable and machine-readable; never translated.
    :ivar message: one sentence for people; translated when shown.
    :ivar order_item_uuid: the item that was refused, where there is one.
    """

    code = "error"
    message: "str | _StrPromise" = _("The cancellation was refused.")
    order_item_uuid: UUID | None = None

    def __init__(
        self, message: "str | _StrPromise | None" = None, *, order_item_uuid: UUID | None = None
    ) -> None:
        if message is not None:
            self.message = message
        self.order_item_uuid = order_item_uuid
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)

    def naming_its_item(self) -> "CancellationError":
        """Return the same error with its item in the text, for callers who passed several."""
        error = copy(self)
        error.message = format_lazy("{} ({})", self.message, self.order_item_uuid)
        return error


class NotFound(CancellationError):
    """There is no such item, or the caller may not see it."""

    code = "not_found"
    message = _("There is no such order item.")


class PermissionDenied(CancellationError):
    """The caller lacks ``timp_orders.cancel_order``."""

    code = "permission_denied"
    message = _("You do not have permission to perform this action.")


class WrongSide(CancellationError):
    """The caller stands on the other side of the order."""

    code = "wrong_side"
    message = _("Only the other side of the order can perform this action.")


class NotPossible(CancellationError):
    """The action cannot be performed on this item now.

    :ivar item_status: the item's status when it was refused.
    :ivar cancellation_status: that of its latest cancellation, ``None`` without one.
    """

    code = "not_possible"
    item_status: Hashable | None = None
    cancellation_status: str | None = None

    def __init__(
        self,
        message: "str | _StrPromise | None" = None,
        *,
        item_status: Hashable | None = None,
        cancellation_status: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.item_status = item_status
        self.cancellation_status = cancellation_status
        super().__init__(message, **kwargs)


class NotRequested(NotPossible):
    code = "not_requested"
    message = _("Nobody has requested to cancel this item.")


class AlreadyRequested(NotPossible):
    """Another cancellation is open: with another quantity, or another UUID than was given."""

    code = "already_requested"
    message = _("Another cancellation of this item is open already.")


class AlreadyConfirmed(NotPossible):
    code = "already_confirmed"
    message = _("The cancellation has already been confirmed.")


class AlreadyRejected(NotPossible):
    code = "already_rejected"
    message = _("The cancellation has already been rejected.")


class AlreadyWithdrawn(NotPossible):
    code = "already_withdrawn"
    message = _("The cancellation has already been withdrawn.")


class AlreadyShipped(NotPossible):
    code = "already_shipped"
    message = _("The item has already been shipped.")


class AlreadyCancelled(NotPossible):
    code = "already_cancelled"
    message = _("The item has already been cancelled.")


class NotCancellable(NotPossible):
    code = "not_cancellable"
    message = _("An item in this status cannot be cancelled.")


class Superseded(NotPossible):
    """Another cancellation than the one that the caller named is the latest by now."""

    code = "superseded"
    message = _("A newer cancellation has replaced the one that was meant.")


class MustBeNamed(NotPossible):
    """Said without a name, it might be a repetition, or about a later cancellation."""

    code = "must_be_named"
    message = _("A cancellation of this item was confirmed before; say which one is meant.")


class UuidReused(NotPossible):
    """The UUID is that of another item's cancellation, or of one with another quantity."""

    code = "uuid_reused"
    message = _("This UUID belongs to another cancellation.")


class QuantityTooGreat(NotPossible):
    """More than is left of the item, or than was asked.

    :ivar quantity_left: how many of the item can still be cancelled.
    """

    code = "quantity_too_great"
    message = _("The quantity is greater than what can be cancelled.")
    quantity_left: int | None = None


class Veto(NotPossible):
    """For receivers of the app's signals: raise it to refuse what is about to be committed.

    :param message: shown to the caller as it is; it must not hold what they may not know.
    """

    code = "vetoed"
    message = _("The change was vetoed.")


class NothingToDo(CancellationError):
    """A call on many items that changed nothing, and repeated nothing."""

    code = "nothing_to_do"
    message = _("Nothing can be changed that way.")


class AllOrNothing(CancellationError):
    """Nothing was written, since another change of the call was refused."""

    code = "all_or_nothing"
    message = _("Nothing was changed, since not all of it could be.")


class Busy(CancellationError):
    """The database could not take the change now; nothing was written, trying again is safe."""

    code = "busy"
    message = _("The order item is busy; try again in a moment.")
