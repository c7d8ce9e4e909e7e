"""The guard of the audit trail: the services write its facts, and nothing deletes it."""

from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

from django.db.models import Model, QuerySet

__all__ = [
    "PERSONAL",
    "GuardedQuerySet",
    "ProtectedTrail",
    "UnguardedQuerySet",
    "refuse_deletion",
    "refuse_facts",
]

ModelT = TypeVar("ModelT", bound=Model)

PERSONAL = (
    "requested_by",
    "requested_by_name",
    "note",
    "decided_by",
    "decided_by_name",
    "decision_note",
)
"""The columns of a cancellation that are no facts: they may be erased. All others are facts."""

_NO_FACTS = {*PERSONAL, "requested_by_id", "decided_by_id"}

_SERVICES = (
    "request_cancellation(), confirm_cancellation(), reject_cancellation(), "
    "withdraw_cancellation(), cancel_items() or apply_changes() of timp_orders.services"
)
_DOOR = "Test data and imports are written by Cancellation.unguarded."


class ProtectedTrail(Exception):
    """A cancellation would have been deleted, or its facts written, outside of the services."""


def refuse_deletion() -> NoReturn:
    """Refuse to delete cancellations.

    :raises ProtectedTrail: always; it says what to do instead.
    """
    raise ProtectedTrail(
        "Cancellations are the audit trail, and are never deleted. To take a request back, call "
        "withdraw_cancellation() of timp_orders.services; to erase names and notes, run "
        f"manage.py erase_personal_data. {_DOOR}"
    )


def refuse_facts(names: Iterable[str] | None) -> None:
    """Refuse to write facts of cancellations.

    :param names: of the fields that would be written; ``None`` means all.
    :raises ProtectedTrail: there are facts among them; it says which functions write them.
    """
    if names is not None and not (names := sorted(set(names) - _NO_FACTS)):
        return
    written = "all fields" if names is None else ", ".join(names)
    raise ProtectedTrail(
        f"The facts of a cancellation are written by the services only, not here ({written}): call "
        f"{_SERVICES}. Names and notes alone may be written with save(update_fields=…) and "
        f"update(), and are erased by manage.py erase_personal_data. {_DOOR}"
    )


class GuardedQuerySet(QuerySet[ModelT]):
    """Cancellations that can be read; of what is written only names and notes.

    The asynchronous methods, and those that create one row, call these or ``save()``.
    """

    def update(self, **kwargs: Any) -> int:
        refuse_facts(kwargs)
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]  # as Django's: no template may call it

    def bulk_update(self, objs: Any, fields: Any, *args: Any, **kwargs: Any) -> int:
        fields = list(fields)
        refuse_facts(fields)  # before Django begins a transaction, which would be broken
        return super().bulk_update(objs, fields, *args, **kwargs)

    bulk_update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> NoReturn:
        refuse_deletion()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]  # as Django's: no manager has it

    def bulk_create(self, *args: Any, **kwargs: Any) -> Any:
        refuse_facts(None)

    bulk_create.alters_data = True  # type: ignore[attr-defined]


class UnguardedQuerySet(QuerySet[ModelT]):
    """Cancellations as the services write them; for test data and imports, too."""

    def create(self, **kwargs: Any) -> ModelT:
        made = self.model(**kwargs)
        self._for_write = True
        Model.save(made, force_insert=True, using=self.db)
        return made

    create.alters_data = True  # type: ignore[attr-defined]
