"""What became of each item that a service call named."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from timp_orders.errors import CancellationError

__all__ = ["Outcome"]


@dataclass
class Outcome:
    """Every named item is in exactly one of the three, by its UUID.

    :ivar changed: items whose cancellation this call requested, decided or withdrew.
    :ivar unchanged: items that already stood that way (replays).
    :ivar refused: the other items, each with the error that refused it.
    :ivar item: if the call named exactly one item that its caller may see: that item as the call
        left it, with ``item.cancellation``, its latest cancellation or ``None``; else ``None``.
    """

    changed: list[UUID] = field(default_factory=list)
    unchanged: list[UUID] = field(default_factory=list)
    refused: dict[UUID, CancellationError] = field(default_factory=dict)
    item: Any = None

    def raise_if_refused(self) -> None:
        """Do nothing if no item was refused.

        :raises CancellationError: the error of the first refused item, which names it in
            ``order_item_uuid``. What was changed stays changed.
        """
        for error in self.refused.values():
            raise error
