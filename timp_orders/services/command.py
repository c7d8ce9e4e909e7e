"""One change that a caller asks for."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from timp_orders.conf import settings
from timp_orders.states import Action

__all__ = ["Command", "lacks_reason"]


@dataclass(frozen=True)
class Command:
    """What is to be done to one item; the arguments are documented in ``timp_orders.services``.

    :ivar named: the UUID of the cancellation that is meant; of a request, and of an outright
        cancellation, also that of the one which is to be written.
    :ivar quantity: how many of the item; ``None`` means all that was asked, or all that is left.
    """

    action: Action
    note: str = ""
    reason: str = ""
    named: UUID | None = None
    quantity: int | None = None

    @property
    def asks_for_confirmed(self) -> bool:
        """Tell whether the verdict on it depends on whether one was ever confirmed.

        It may then be the repetition of an older command, which meant another cancellation.
        """
        if self.action == Action.CANCEL:  # all that is left is the same however often it is said
            return not self.named and self.quantity is not None
        return not self.named and self.action in (Action.CONFIRM, Action.REJECT)

    def validate(self, model: Any) -> None:
        """Check what no rule about items decides.

        :param model: the order item model.
        :raises ValueError: a note that no database keeps, an unknown reason, a rejection without
            one where the host wants one, a quantity that is below 1 or cannot be counted; or the
            action takes none of these.
        :raises TypeError: ``note`` is no text, or ``quantity`` no integer.
        """
        if self.note != "":
            _check_note(self.note)
        if self.reason and not self.action.takes_reason:
            raise ValueError(f"The action {self.action} takes no reason.")
        if self.quantity is not None and not self.action.takes_quantity:
            raise ValueError(f"The action {self.action} takes no quantity.")
        rejects = self.action == Action.REJECT
        known = settings.REJECTION_REASONS if rejects else settings.REASONS
        if self.reason and self.reason not in known:
            name = "REJECTION_REASONS" if rejects else "REASONS"
            raise ValueError(f"The reason is not one of TIMP_ORDERS['{name}'].")
        if rejects and lacks_reason(self.reason, self.note):
            raise ValueError("A rejection needs a reason or a note.")
        if self.quantity is not None:
            _check_quantity(self.quantity, model)


def lacks_reason(reason: str, note: str) -> bool:
    """Tell whether a rejection says less than ``REJECTION_NEEDS_REASON`` asks for."""
    return settings.REJECTION_NEEDS_REASON and not (reason or note.strip())


def _check_note(note: str) -> None:
    if not isinstance(note, str):
        raise TypeError("note must be text.")
    if len(note) > settings.NOTE_MAX_LENGTH:
        raise ValueError(f"A note has at most {settings.NOTE_MAX_LENGTH} characters.")
    if "\0" in note:
        raise ValueError("A note cannot hold NUL characters.")
    note.encode()  # a lone surrogate is a UnicodeEncodeError, which is a ValueError


def _check_quantity(quantity: int, model: Any) -> None:
    if not isinstance(quantity, int) or isinstance(quantity, bool):
        raise TypeError("quantity must be an integer.")
    if quantity < 1:
        raise ValueError("quantity must be at least 1.")
    if not model.counts_parts():
        raise ValueError("A quantity needs TIMP_ORDERS['PARTIAL_QUANTITIES'].")
