"""One call of a service function: its arguments, and what follows from them alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import router

from timp_orders import errors
from timp_orders.conf import settings
from timp_orders.models import get_order_item_model
from timp_orders.services.reads import Facts, ruling
from timp_orders.states import Action, Ruling

if TYPE_CHECKING:
    from timp_orders.policy import User

__all__ = ["Call"]


@dataclass
class Call:
    """The arguments are documented in ``timp_orders.services``.

    :raises ValueError: a note that cannot be kept, or an unknown reason.
    :raises TypeError: ``expected`` does not map UUIDs to UUIDs.
    """

    action: Action
    by: "User | None"
    via: str
    note: str = ""
    reason: str = ""
    expected: Mapping[UUID, UUID] | None = None

    def __post_init__(self) -> None:
        self.model = get_order_item_model()
        self.using = router.db_for_write(self.model)
        self.lifecycle = self.model.lifecycle()
        self.standing = settings.policy.standing(self.by)
        if len(self.note) > settings.NOTE_MAX_LENGTH:
            raise ValueError(f"A note has at most {settings.NOTE_MAX_LENGTH} characters.")
        if "\0" in self.note:
            raise ValueError("A note cannot hold NUL characters.")
        self.note.encode()  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
        if self.reason and self.reason not in settings.REASONS:
            raise ValueError("The reason is not one of TIMP_ORDERS['REASONS'].")

        for key in (*(self.expected or {}), *(self.expected or {}).values()):
            if not isinstance(key, UUID):  # it would match nothing, and guard nothing
                raise TypeError("expected must map UUIDs to UUIDs.")

    @property
    def by_id(self) -> Any:
        return self.by.pk if self.by else None

    @property
    def by_name(self) -> str:
        return self.by.get_username() if self.by else ""

    def ruling(self, facts: Facts) -> Ruling | type[errors.CancellationError]:
        expected = self.expected.get(facts.uuid) if self.expected else None
        return ruling(self.action, facts, self.lifecycle, expected)
