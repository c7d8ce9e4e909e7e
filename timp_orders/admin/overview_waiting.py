"""What waits: figures about the open cancellations that a user sees."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet
from django.utils import timezone

from timp_orders.admin.filters import WAITING_DAYS
from timp_orders.admin.overview_rows import Row, by_supplier, named
from timp_orders.models import Cancellation
from timp_orders.models.lookups import Among
from timp_orders.services.caller import Caller
from timp_orders.states import CancellationStatus

__all__ = ["Waiting", "waiting"]

_OPEN = 10_000
"""As many are told apart by supplier, so that the page takes no longer as the tables grow."""


@dataclass
class Waiting:
    """The open cancellations.

    :ivar ages: how many have been waiting for more days than each of ``WAITING_DAYS``.
    :ivar suppliers: those with the most of them; empty if the host's items have no such column.
    :ivar limit: of how many of the oldest the suppliers are told, if not of all. If ``count`` is
        the same, nothing is told of more.
    """

    count: int
    overdue: int
    oldest: datetime | None
    ages: dict[int, int]
    suppliers: list[Row]
    limit: int | None


def waiting(caller: Caller) -> Waiting:
    """Count the open cancellations.

    In two statements and one for the suppliers' names; where there are very many, in three more
    for who sees all of them.
    """
    now = timezone.now()
    moments = {f"over_{days}": now - timedelta(days=days) for days in WAITING_DAYS}
    counted = {
        "count": Count("pk"),
        "overdue": Count("pk", filter=Q(respond_by__lte=now)),
        **{
            name: Count("pk", filter=Q(requested_at__lt=moment)) for name, moment in moments.items()
        },
    }
    opened, is_cut = _oldest_open(caller)
    groups = by_supplier(caller, opened, {**counted, "oldest": Min("requested_at")})
    if is_cut and caller.standing.sees_all:
        total = _totals(caller, now, moments)
    else:
        total = {name: sum(group[name] for group in groups) for name in counted}
    names = ["count", *moments, "overdue"]
    return Waiting(
        total["count"],
        total["overdue"],
        min((group["oldest"] for group in groups), default=None),
        {days: total[f"over_{days}"] for days in WAITING_DAYS},
        [row._replace(extra=group["oldest"]) for row, group in named(caller, groups, names)],
        _OPEN if is_cut else None,
    )


def _oldest_open(caller: Caller) -> tuple[QuerySet[Any], bool]:
    """Return open cancellations that the caller sees, and whether there are more of them.

    By their keys, which indexes alone tell, and of which the database knows how many they are.
    """
    opened = Cancellation.objects.using(caller.using).order_by()
    if caller.standing.sees_all:
        oldest = opened.filter(status=CancellationStatus.REQUESTED).order_by("pk")
        keys = list(oldest.values_list("pk", flat=True)[: _OPEN + 1])
        return opened.filter(Among(F("pk"), keys[:_OPEN])), len(keys) > _OPEN
    items = caller.visible_items().filter(cancellations__open=True).order_by("pk")
    keys = list(items.values_list("pk", flat=True)[: _OPEN + 1])
    found = opened.filter(Among(F("order_item"), keys[:_OPEN]), open=True)
    return found, len(keys) > _OPEN


def _totals(caller: Caller, now: datetime, moments: dict[str, datetime]) -> dict[str, int]:
    """Count all that are open, by indexes; of the table only the requests of some days are read."""
    opened = Cancellation.objects.using(caller.using).filter(status=CancellationStatus.REQUESTED)
    younger = {
        name: Count("pk", filter=Q(requested_at__gte=moment)) for name, moment in moments.items()
    }
    recent = opened.filter(requested_at__gte=min(moments.values())).aggregate(**younger)
    count = opened.count()
    overdue = opened.filter(respond_by__lte=now).count()
    return {"count": count, "overdue": overdue} | {name: count - recent[name] for name in moments}
