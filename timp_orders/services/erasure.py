"""Erase the names of users, and what they wrote, from cancellations; the facts stay."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.db import router
from django.db.models import Case, F, Q, QuerySet, Value, When

from timp_orders.models import Cancellation
from timp_orders.models.lookups import Among
from timp_orders.models.querysets import by_pages, locked
from timp_orders.services.batches import BATCH_SIZE
from timp_orders.services.transactions import in_transaction
from timp_orders.states import CancellationStatus, Party

__all__ = ["erased_by_batches"]

_NOTES = {"requested": "note", "decided": "decision_note"}

# Rows of earlier releases have no side, and are read by their names: it is written before these go.
_SIDES = {
    "requested": Value(Party.RETAILER.value),
    "decided": Case(
        When(status=CancellationStatus.WITHDRAWN, then=Value(Party.RETAILER.value)),
        default=Value(Party.SUPPLIER.value),
    ),
}


def erased_by_batches(
    *,
    user: Any = None,
    name: str | None = None,
    decided_before: datetime | None = None,
    notes: bool = False,
) -> Iterator[int]:
    """Erase who requested and who decided; idempotent, a transaction for each batch of 1,000.

    Exactly one of the first three says whose names.

    :param user: a user's primary key.
    :param name: a user's name, as the cancellations have kept it: of a user who was deleted.
    :param decided_before: everybody's, of cancellations that were decided before then.
    :param notes: what these people wrote, too.
    :returns: how many cancellations each batch erased something from.
    :raises ValueError: not exactly one of the three is given.
    :raises timp_orders.errors.Busy: a batch met a lock twice; those before it are committed.
    """
    if sum(given is not None for given in (user, name, decided_before)) != 1:
        raise ValueError("Say whose: one of user, name and decided_before.")
    whose = {
        act: Q(decided_at__lt=decided_before)
        if decided_before is not None
        else Q(**({f"{act}_by": user} if name is None else {f"{act}_by_name": name}))
        for act in _NOTES
    }
    using = router.db_for_write(Cancellation)
    left = {act: whose[act] & _has_something(act, notes=notes) for act in _NOTES}
    rows = Cancellation.objects.using(using).filter(left["requested"] | left["decided"])
    for page in by_pages(rows, BATCH_SIZE, ["pk"]):
        keys = [pk for (pk,) in page]
        yield in_transaction(partial(_erase, using, keys, left, notes=notes), using)


def _has_something(act: str, *, notes: bool) -> Q:
    found = Q(**{f"{act}_by__isnull": False}) | ~Q(**{f"{act}_by_name": ""})
    return found | ~Q(**{_NOTES[act]: ""}) if notes else found


def _erase(using: str, keys: list[Any], left: dict[str, Q], *, notes: bool) -> int:
    # Locked in the order in which the service locks them.
    every: QuerySet[Any] = Cancellation.objects.filter(Among(F("pk"), keys))
    held = list(locked(every, using).values_list("pk", flat=True))
    for act, condition in left.items():
        side = f"{act}_side"
        was_somebody = Q(**{side: ""}) & ~Q(**{f"{act}_by_name": ""})
        values: dict[str, Any] = {
            side: Case(When(was_somebody, then=_SIDES[act]), default=F(side)),
            f"{act}_by": None,
            f"{act}_by_name": "",
        }
        if notes:
            values[_NOTES[act]] = ""
        rows = Cancellation.unguarded.using(using).filter(condition, Among(F("pk"), held))
        rows.update(**values)
    return len(held)
