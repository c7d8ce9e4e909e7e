"""The result of a service call, item by item."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from timp_orders.errors import CancellationError, NotFound

__all__ = ["Outcome"]


@dataclass
class Outcome:
    """Every item of a call is in exactly one of the three, by its UUID.

    :ivar changed: items whose cancellation this call requested, decided or withdrew.
    :ivar unchanged: items that were that way already (replays).
    :ivar refused: the other items, each with the error that refused it.
    :ivar item: if the call was about exactly one item that its caller may see: that item as the
        call left it, with ``item.timp_cancellation``, its latest cancellation or ``None``; else
        ``None``.
    """

    changed: list[UUID] = field(default_factory=list)
    unchanged: list[UUID] = field(default_factory=list)
    refused: dict[UUID, CancellationError] = field(default_factory=dict)
    item: Any = None

    def __len__(self) -> int:
        return len(self.changed) + len(self.unchanged) + len(self.refused)

    def __bool__(self) -> bool:
        return True  # an outcome without items is one all the same

    def results(self) -> dict[UUID, str]:
        """Tell in a word what became of each item.

        :returns: ``"changed"``, ``"unchanged"`` or the code of the refusal, by the item's UUID.
        """
        return {
            **dict.fromkeys(self.changed, "changed"),
            **dict.fromkeys(self.unchanged, "unchanged"),
            **{uuid: error.code for uuid, error in self.refused.items()},
        }

    def raise_if_refused(self) -> None:
        """Raise the error of the first item that was refused, if one was.

        What was changed stays changed.

        :raises CancellationError: the item is in its ``order_item_uuid``, and in its text too if
            the call was about several.
        """
        for error in self.refused.values():
            raise error if len(self) == 1 else error.naming_its_item()

    def one(self) -> Any:
        """Return the item of a call on one item.

        :returns: :attr:`item`.
        :raises CancellationError: what refused it; ``NotFound`` if no item was found.
        :raises ValueError: the call was about several items.
        """
        if len(self) > 1:
            raise ValueError(f"The call was about {len(self)} items, not about one.")
        self.raise_if_refused()
        if self.item is None:
            raise NotFound
        return self.item
