"""How suppliers answer: figures about the newest decisions that a user sees."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from timp_orders.admin.cancellation_texts import reason_label
from timp_orders.admin.overview_rows import Group, Row, by_supplier, named
from timp_orders.conf import settings
from timp_orders.models import Cancellation
from timp_orders.models.lookups import Among
from timp_orders.services.caller import Caller
from timp_orders.states import CancellationStatus

__all__ = ["DAYS", "Answers", "answers"]

DAYS = (14, 30, 90)
"""The spans of days that answers are told of."""

_DECISIONS = 30_000
_OF_SUPPLIERS = 10_000
"""As many of the newest are looked at, so that the page takes no longer as the tables grow."""

_OF_ALL = 50_000
"""Among as many of everybody's, at most, the user's own are looked for; in these spans of days:"""
_SPANS = (1, 3, 7, *DAYS)

_WITHIN = {
    timedelta(hours=1): _("1 hour"),
    timedelta(hours=4): _("4 hours"),
    timedelta(days=1): _("1 day"),
    timedelta(days=2): _("2 days"),
    timedelta(days=7): _("7 days"),
}
_LABELS = [*_WITHIN.values(), _("longer")]
_LATE = Q(respond_by__isnull=False, decided_at__gt=F("respond_by"))
_OUTCOMES = [status for status in CancellationStatus if status != CancellationStatus.REQUESTED]


@dataclass
class Answers:
    """The newest decisions of some days.

    :ivar since: from when on they are counted; later than so many days ago, if there are too many.
    :ivar outcomes: counts, by status.
    :ivar reasons: counts of those that were confirmed and of all, by the reason of the request.
    :ivar times: counts, by how long the decision took.
    :ivar suppliers_since: from when on the suppliers' are counted; later than the others', if they
        are too many.
    :ivar suppliers: counts of all, of those rejected and of those late; with the median time.
    """

    since: datetime
    total: int
    rejected: int
    late: int
    median: Any
    outcomes: list[Row]
    reasons: dict[str, list[Row]]
    times: list[Row]
    suppliers_since: datetime
    suppliers: list[Row]


def answers(caller: Caller, days: int) -> Answers:
    """Count the decisions of the last days.

    :param days: one of ``DAYS``.
    """
    newest = _newest(caller, days)
    since, decided = newest(_DECISIONS)
    groups = decided.annotate(within=_bucket()).values("status", "reason", "within")
    groups = groups.annotate(count=Count("pk"), late=Count("pk", filter=_LATE))
    suppliers_since, decided = newest(_OF_SUPPLIERS)
    return _summed(since, list(groups), suppliers_since, _suppliers(caller, decided))


def _newest(caller: Caller, days: int) -> Callable[[int], tuple[datetime, QuerySet[Any]]]:
    """Return a function that takes so many of the newest: from when on they are, and they."""
    decided = Cancellation.objects.using(caller.using).order_by()
    start = timezone.now() - timedelta(days=_span(caller, days))

    def of_all(limit: int) -> tuple[datetime, QuerySet[Any]]:
        newest: Any = decided.filter(decided_at__gte=start).order_by("-decided_at")
        moments = newest.values_list("decided_at", flat=True)
        since = next(iter(moments[limit - 1 : limit]), start)
        return since, decided.filter(decided_at__gte=since)

    if caller.standing.sees_all:
        return of_all
    # Looked up row by row, not joined: for these the database might read all of a user's items.
    item = caller.visible_items().filter(pk=OuterRef("order_item")).order_by().values("pk")
    visible = decided.filter(decided_at__gte=start).alias(item=Subquery(item))
    newest = visible.filter(item__isnull=False).order_by("-decided_at")
    own: list[Any] = list(newest.values_list("pk", "decided_at")[:_DECISIONS])

    def of_own(limit: int) -> tuple[datetime, QuerySet[Any]]:
        since = own[limit - 1][1] if len(own) >= limit else start
        return since, decided.filter(Among(F("pk"), [pk for pk, _ in own[:limit]]))

    return of_own


def _span(caller: Caller, days: int) -> int:
    """Return the days among which those of the user's organizations are looked for: fewer, where
    everybody's decisions are very many.

    In steps, since how many those are is nobody's business.
    """
    if caller.standing.sees_all:
        return days
    now = timezone.now()
    newest: Any = Cancellation.objects.using(caller.using).order_by("-decided_at")
    moments = newest.filter(decided_at__gte=now - timedelta(days=days))
    for moment in moments.values_list("decided_at", flat=True)[_OF_ALL : _OF_ALL + 1]:
        return max((span for span in _SPANS if span <= (now - moment).days), default=_SPANS[0])
    return days


def _suppliers(caller: Caller, decided: QuerySet[Any]) -> list[Row]:
    counted = {
        "count": Count("pk"),
        "rejected": Count("pk", filter=Q(status=CancellationStatus.REJECTED)),
        "late": Count("pk", filter=_LATE),
    }
    found: dict[Any, Group] = {}
    # By the times too, and summed here: SQLite takes its time to compare moments.
    for group in by_supplier(caller, decided.annotate(within=_bucket()), counted, "within"):
        key = group["supplier"]
        total = found.setdefault(
            key, {"supplier": key, "times": [0] * len(_LABELS), **dict.fromkeys(counted, 0)}
        )
        total["times"][group["within"]] += group["count"]
        for name in counted:
            total[name] += group[name]
    return [
        row._replace(extra=_median(group["times"]))
        for row, group in named(caller, list(found.values()), list(counted))
    ]


def _summed(
    since: datetime, groups: list[Any], suppliers_since: datetime, suppliers: list[Row]
) -> Answers:
    times = [
        Row(label, number, [_sum(groups, within=number)]) for number, label in enumerate(_LABELS)
    ]
    return Answers(
        since,
        _sum(groups),
        _sum(groups, status=CancellationStatus.REJECTED.value),
        sum(group["late"] for group in groups),
        _median([row.counts[0] for row in times]),
        [Row(it.label, it.value, [_sum(groups, status=it.value)]) for it in _OUTCOMES],
        _by_reason(groups),
        times,
        suppliers_since,
        suppliers,
    )


def _bucket() -> Case:
    """Return the number of the shortest span within which it was decided."""
    whens = [
        When(requested_at__gte=F("decided_at") - span, then=Value(number))
        for number, span in enumerate(_WITHIN)
    ]
    return Case(*whens, default=Value(len(whens)), output_field=IntegerField())


def _sum(groups: Iterable[Any], **equal: Any) -> int:
    return sum(
        group["count"]
        for group in groups
        if all(group[name] == value for name, value in equal.items())
    )


def _median(buckets: list[int]) -> Any:
    """Return within what time half of them were decided; ``None`` if there are none."""
    half = sum(buckets) / 2
    if not half:
        return None
    reached = accumulate(buckets)
    return next(label for label, count in zip(_LABELS, reached, strict=True) if count >= half)


def _by_reason(groups: list[dict[str, Any]]) -> dict[str, list[Row]]:
    """Count by the reasons of the requests: the buyers', and those that are a supplier's fault."""
    faults = set(settings.SUPPLIER_FAULT_REASONS)
    found: dict[str, list[Row]] = {"buyer": [], "supplier": []}
    for code in sorted({group["reason"] for group in groups}):
        counts = [
            _sum(groups, reason=code, status=CancellationStatus.CONFIRMED.value),
            _sum(groups, reason=code),
        ]
        label = reason_label(code) if code else _("No reason")
        found["supplier" if code in faults else "buyer"].append(Row(label, code or "-", counts))
    for rows in found.values():
        rows.sort(key=lambda row: -row.counts[1])
    return found
