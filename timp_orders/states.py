"""Statuses, actions, sides and doors: the words of the workflow.

Pure: nothing here reads a database, a setting or a user.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from timp_orders import errors

__all__ = [
    "Action",
    "CancellationStatus",
    "ItemStatus",
    "Lifecycle",
    "OnDeadline",
    "Party",
    "Side",
    "Via",
]


class ItemStatus(TextChoices):
    """The status of an order item, in the platform's words.

    ``REJECTED`` is about *allocation*: a refused cancellation never writes it.
    """

    UNALLOCATED = "Unallocated", _("Unallocated")
    ALLOCATED = "Allocated", _("Allocated")
    BACKORDERED = "Backordered", _("Backordered")
    REJECTED = "Rejected", _("Rejected")
    HAS_TRACKING = "HasTracking", _("Has tracking")
    CANCELLED = "Cancelled", _("Cancelled")


class CancellationStatus(TextChoices):
    """One request to cancel one item, and the decision on it."""

    REQUESTED = "requested", _("requested")
    CONFIRMED = "confirmed", _("confirmed")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Side(TextChoices):
    SUPPLIER = "supplier", _("supplier")
    RETAILER = "retailer", _("retailer")

    @property
    def opposite(self) -> "Side":
        return Side.RETAILER if self == Side.SUPPLIER else Side.SUPPLIER


class Party(TextChoices):
    """Who requested, and who decided: a side of the order, or trusted code."""

    SUPPLIER = "supplier", _("supplier")
    RETAILER = "retailer", _("retailer")
    SYSTEM = "system", _("system")


class Via(TextChoices):
    """The door that a request or a decision came through."""

    API = "api", _("API")
    ADMIN = "admin", _("admin")
    CODE = "code", _("code")
    DEADLINE = "deadline", _("deadline")


class OnDeadline(TextChoices):
    """What becomes of an open cancellation that nobody answered in time."""

    NOTHING = "nothing", _("nothing")
    CONFIRM = "confirm", _("confirm")
    REJECT = "reject", _("reject")


class Action(TextChoices):
    REQUEST = "request", _("request")
    CONFIRM = "confirm", _("confirm")
    REJECT = "reject", _("reject")
    WITHDRAW = "withdraw", _("withdraw")
    CANCEL = "cancel", _("cancel")

    @cached_property
    def side(self) -> Side:
        """The side that may take this action."""
        is_retailers = self in (Action.REQUEST, Action.WITHDRAW)
        return Side.RETAILER if is_retailers else Side.SUPPLIER

    @cached_property
    def opens(self) -> bool:
        """Tell whether this action may write a new cancellation, which a client may name."""
        return self in (Action.REQUEST, Action.CANCEL)

    @cached_property
    def takes_reason(self) -> bool:
        return self.opens or self == Action.REJECT

    @cached_property
    def takes_quantity(self) -> bool:
        return self.opens or self.cancels

    @cached_property
    def cancels(self) -> bool:
        """Tell whether the item, or a part of it, is cancelled by this action."""
        return self.result == CancellationStatus.CONFIRMED

    @cached_property
    def result(self) -> CancellationStatus:
        """The status of a cancellation once this action was taken on it."""
        return _RESULTS[self]


_RESULTS = {
    Action.REQUEST: CancellationStatus.REQUESTED,
    Action.CONFIRM: CancellationStatus.CONFIRMED,
    Action.REJECT: CancellationStatus.REJECTED,
    Action.WITHDRAW: CancellationStatus.WITHDRAWN,
    Action.CANCEL: CancellationStatus.CONFIRMED,
}


@dataclass(frozen=True)
class Lifecycle:
    """What the host's item statuses mean to a cancellation."""

    cancellable: frozenset[Hashable]
    shipped: frozenset[Hashable]
    cancelled: Hashable

    def obstacle(self, item_status: Hashable) -> type[errors.NotPossible] | None:
        """Say why an item in ``item_status`` cannot be cancelled; ``None`` if it can."""
        if item_status == self.cancelled:
            return errors.AlreadyCancelled
        if item_status in self.shipped:
            return errors.AlreadyShipped
        if item_status not in self.cancellable:
            return errors.NotCancellable
        return None
