"""What verdicts on one item depend on, as it was read."""

from collections.abc import Hashable
from typing import Any, NamedTuple
from uuid import UUID

from timp_orders.states import CancellationStatus, Lifecycle, Side

__all__ = ["Facts", "Known"]


class Known(NamedTuple):
    """One cancellation, as far as verdicts depend on it.

    :ivar item: the primary key of its item.
    :ivar quantity: what was asked; ``None`` means all that is left.
    :ivar confirmed: what was confirmed; ``None`` where the whole item was.
    :ivar left: what was left then.
    """

    item: Any
    pk: int
    uuid: UUID
    status: str
    quantity: int | None = None
    confirmed: int | None = None
    left: int | None = None

    @property
    def is_open(self) -> bool:
        return self.status == CancellationStatus.REQUESTED

    @property
    def is_confirmed(self) -> bool:
        return self.status == CancellationStatus.CONFIRMED

    @property
    def is_part(self) -> bool:
        """Tell whether something was left of the item once this one was confirmed."""
        return self.is_confirmed and bool(self.left)


class Facts(NamedTuple):
    """What a verdict on one item depends on.

    What was not asked is ``None``: whether the caller is on a side, and what was confirmed.

    :ivar latest: the item's latest cancellation.
    :ivar was_confirmed: one of its cancellations was confirmed.
    :ivar ordered: its quantity; ``None`` where items are cancelled whole.
    :ivar cancelled: how much of that was confirmed in parts, since the host last set it back.
    :ivar named: the cancellation with the UUID that the command gives to a new one.
    """

    pk: Any
    uuid: UUID
    status: Hashable
    on_supplier_side: bool | None
    on_retailer_side: bool | None
    latest: Known | None
    was_confirmed: bool | None = None
    ordered: int | None = None
    cancelled: int = 0
    named: Known | None = None

    def on_side(self, side: Side) -> bool | None:
        return self.on_supplier_side if side == Side.SUPPLIER else self.on_retailer_side

    def quantity_left(self, lifecycle: Lifecycle) -> int | None:
        """Return how many can still be cancelled; ``None`` where items are cancelled whole."""
        if self.ordered is None:
            return None
        return 0 if self.status == lifecycle.cancelled else max(self.ordered - self.cancelled, 0)

    def quantity_asked(self, lifecycle: Lifecycle) -> int | None:
        """Return how many the open cancellation asks for; without one, all that is left."""
        left = self.quantity_left(lifecycle)
        asked = self.latest.quantity if self.latest and self.latest.is_open else None
        return left if asked is None or left is None else asked
