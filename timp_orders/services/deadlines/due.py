"""The open cancellations that a step of a run is about, and what became of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, Max, Q, QuerySet

from timp_orders.conf import settings
from timp_orders.errors import CancellationError
from timp_orders.models import Cancellation
from timp_orders.models.lookups import Among
from timp_orders.models.querysets import by_pages
from timp_orders.policy import Policy
from timp_orders.services.batches import BATCH_SIZE
from timp_orders.services.caller import Caller
from timp_orders.signals import cancellation_overdue
from timp_orders.states import CancellationStatus, OnDeadline

__all__ = [
    "Due",
    "Enforced",
    "asked",
    "asks_host",
    "batches",
    "by_item",
    "decided_at_once",
    "unmarked",
]


@dataclass
class Enforced:
    """What became of cancellations by their deadlines.

    :ivar reminded: how many suppliers were reminded of.
    :ivar overdue: how many became overdue.
    :ivar confirmed: how many of those that are overdue were confirmed.
    :ivar rejected: how many of them were rejected.
    :ivar refused: errors by the UUIDs of items. What was ``Busy``, or vetoed (``Veto``), is tried
        again by the next run. What any other error refused stays open, for people to decide.
    """

    reminded: int = 0
    overdue: int = 0
    confirmed: int = 0
    rejected: int = 0
    refused: dict[UUID, CancellationError] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How often something became of one, or was refused."""
        done = self.reminded + self.overdue + self.confirmed + self.rejected
        return done + len(self.refused)

    def __iadd__(self, other: "Enforced") -> "Enforced":
        self.reminded += other.reminded
        self.overdue += other.overdue
        self.confirmed += other.confirmed
        self.rejected += other.rejected
        self.refused |= other.refused
        return self


class Due(NamedTuple):
    """An open cancellation, as it was read without a lock.

    :ivar item: the primary key of its item.
    """

    pk: int
    uuid: UUID
    overdue_at: datetime | None
    item: Any
    item_uuid: UUID
    item_status: Any


def batches(caller: Caller, due: Q, limit: int | None) -> Iterator[list[Due]]:
    """Read open cancellations, as many at a time as are locked at a time.

    :param due: what they have in common.
    :param limit: how many at most.
    """
    every = Cancellation.objects.using(caller.using)
    # So that a run ends: what a receiver requests meanwhile waits for the next one.
    newest = every.aggregate(newest=Max("pk"))["newest"]
    # By their status, since the index on deadlines begins with it.
    rows = every.filter(due, status=CancellationStatus.REQUESTED, pk__lte=newest or 0)
    item = (f"order_item__{name}" for name in (caller.model.UUID_FIELD, caller.model.STATUS_FIELD))
    columns = ("pk", "uuid", "overdue_at", "order_item_id", *item)
    remaining = limit
    for page in by_pages(rows, BATCH_SIZE, columns):
        batch = [Due(*row) for row in page[:remaining]]
        yield batch
        if remaining is not None:
            remaining -= len(batch)
            if not remaining:
                return


def by_item(caller: Caller, keys: Sequence[int], *, is_shown: bool = True) -> QuerySet[Any]:
    """Return cancellations in the order of their items.

    :param is_shown: with all that receivers and the host's policy may look at; or where there are
        none, with their keys alone.
    """
    rows = Cancellation.objects.using(caller.using).filter(Among(F("pk"), list(keys)))
    rows = rows.order_by("order_item_id")
    if not is_shown:
        return rows.values_list("pk", "order_item_id", named=True)
    relations = (f"order_item__{path}" for path in caller.model.every_relation())
    return rows.select_related("order_item", *relations)


def unmarked(now: datetime) -> Q:
    """Tell which cancellations are not marked as overdue yet, though their deadline has passed."""
    return Q(respond_by__lte=now, overdue_at=None)


def asks_host() -> bool:
    """Tell whether it is a host's policy that says what becomes of overdue cancellations."""
    return type(settings.policy).on_deadline is not Policy.on_deadline


def decided_at_once() -> str | None:
    """Return the action that decides cancellations in the statement that marks them as overdue.

    :returns: ``None`` if somebody listens to what becomes overdue, a policy of the host's is asked
        what becomes of it, or nothing does.
    """
    if cancellation_overdue.has_listeners(Cancellation) or asks_host():
        return None
    answer = settings.ON_DEADLINE
    return None if answer == OnDeadline.NOTHING else answer


def asked(caller: Caller, cancellation: Cancellation) -> str:
    """Ask the policy what becomes of an overdue cancellation.

    :raises ValueError: it says something that does not exist.
    """
    answer = caller.policy.on_deadline(cancellation)
    if answer not in OnDeadline.values:
        raise ValueError(f"{answer!r}, of the policy's on_deadline(), is none of its answers.")
    return str(answer)
