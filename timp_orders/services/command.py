"""One change that a caller asks for."""

from dataclasses import dataclass
from uuid import UUID

from timp_orders.conf import settings
from timp_orders.states import Action

__all__ = ["Command"]


@dataclass(frozen=True)
class Command:
    """What is to be done to one item; the arguments are documented in ``timp_orders.services``.

    :ivar expected: the UUID of the cancellation that is meant.
    :raises ValueError: a note that no database keeps, or an unknown reason.
    :raises TypeError: ``note`` is no text, or ``expected`` is no UUID.
    """

    action: Action
    note: str = ""
    reason: str = ""
    expected: UUID | None = None

    def __post_init__(self) -> None:
        if self.note != "":
            _check_note(self.note)
        if self.reason and self.reason not in settings.REASONS:
            raise ValueError("The reason is not one of TIMP_ORDERS['REASONS'].")
        if not isinstance(self.expected, UUID | None):  # it would match nothing, and guard nothing
            raise TypeError("expected must be a UUID, or map UUIDs to UUIDs.")

    @property
    def text(self) -> tuple[Action, str, str]:
        """What commands have in common that one statement can write."""
        return self.action, self.reason, self.note


def _check_note(note: str) -> None:
    if not isinstance(note, str):
        raise TypeError("note must be text.")
    if len(note) > settings.NOTE_MAX_LENGTH:
        raise ValueError(f"A note has at most {settings.NOTE_MAX_LENGTH} characters.")
    if "\0" in note:
        raise ValueError("A note cannot hold NUL characters.")
    note.encode()  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
