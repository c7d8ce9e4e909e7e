"""What waits, and how suppliers answer: figures about the cancellations that a user sees."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

from django.db.models import Case, Count, F, IntegerField, Min, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from timp_orders.admin.cancellation_texts import reason_label
from timp_orders.admin.columns import leads_to_user
from timp_orders.admin.filters import WAITING_DAYS
from timp_orders.conf import settings
from timp_orders.models import get_order_item_model
from timp_orders.services.caller import Caller
from timp_orders.services.reads import visible_cancellations
from timp_orders.states import CancellationStatus, Side

__all__ = ["DAYS", "Answers", "Row", "Waiting", "answers", "waiting"]

DAYS = (14, 30, 90)
"""The spans of days that answers are told of."""

_SUPPLIERS = 50
_DECISIONS = 50_000
"""As many of the newest are looked at, so that the page takes no longer as the tables grow."""

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


class Row(NamedTuple):
    """A line of a table.

    :ivar label: what it is about.
    :ivar key: for links: a supplier's primary key, a status, a reason.
    :ivar counts: the numbers, in the order of the headings.
    :ivar extra: what stands behind them: the oldest moment, or the time to decide.
    """

    label: Any
    key: Any
    counts: list[int]
    extra: Any = None


@dataclass
class Waiting:
    """The open cancellations.

    :ivar ages: how many have been waiting for more days than each of ``WAITING_DAYS``.
    :ivar suppliers: those with the most of them; empty if the host's items have no such column.
    """

    count: int
    overdue: int
    oldest: datetime | None
    ages: dict[int, int]
    suppliers: list[Row]


@dataclass
class Answers:
    """The newest decisions of some days.

    :ivar since: from when on they are counted; later than so many days ago, if there are too many.
    :ivar outcomes: counts, by status.
    :ivar reasons: counts of those that were confirmed and of all, by the reason of the request.
    :ivar times: counts, by how long the decision took.
    :ivar suppliers: counts of all, of those rejected and of those late; with the median time.
    """

    since: datetime
    total: int
    late: int
    median: Any
    outcomes: list[Row]
    reasons: dict[str, list[Row]]
    times: list[Row]
    suppliers: list[Row]

    @property
    def rejected(self) -> int:
        return sum(row.counts[0] for row in self.outcomes if row.key == CancellationStatus.REJECTED)


def waiting(caller: Caller) -> Waiting:
    """Count the open cancellations, in two statements and one for the suppliers' names."""
    now = timezone.now()
    opened = visible_cancellations(caller).filter(status=CancellationStatus.REQUESTED)
    counted = {
        "count": Count("pk"),
        "overdue": Count("pk", filter=Q(respond_by__lte=now)),
        **{
            f"over_{days}": Count("pk", filter=Q(requested_at__lt=now - timedelta(days=days)))
            for days in WAITING_DAYS
        },
        "oldest": Min("requested_at"),
    }
    names = ["count", *(f"over_{days}" for days in WAITING_DAYS), "overdue"]
    total = opened.aggregate(**counted)
    rows = _by_supplier(caller, opened, counted, names)
    return Waiting(
        total["count"],
        total["overdue"],
        total["oldest"],
        {days: total[f"over_{days}"] for days in WAITING_DAYS},
        [row._replace(extra=found["oldest"]) for row, found in rows],
    )


def answers(caller: Caller, days: int) -> Answers:
    """Count the decisions of the last days, in three statements and one for the suppliers' names.

    :param days: one of ``DAYS``.
    """
    start = timezone.now() - timedelta(days=days)
    decided = visible_cancellations(caller).filter(decided_at__gte=start)
    moments = decided.order_by("-decided_at").values_list("decided_at", flat=True)
    since = next((moment for moment in moments[_DECISIONS : _DECISIONS + 1] if moment), start)
    decided = decided.filter(decided_at__gte=since).annotate(within=_bucket()).order_by()
    groups = decided.values("status", "reason", "within").annotate(
        count=Count("pk"), late=Count("pk", filter=_LATE)
    )
    numbers = range(len(_LABELS))
    counted = {
        "count": Count("pk"),
        "rejected": Count("pk", filter=Q(status=CancellationStatus.REJECTED)),
        "late": Count("pk", filter=_LATE),
        **{f"in_{number}": Count("pk", filter=Q(within=number)) for number in numbers},
    }
    suppliers = [
        row._replace(extra=_median([found[f"in_{number}"] for number in numbers]))
        for row, found in _by_supplier(caller, decided, counted, ["count", "rejected", "late"])
    ]
    return _summed(since, list(groups), suppliers)


def _summed(since: datetime, groups: list[Any], suppliers: list[Row]) -> Answers:
    times = [
        Row(label, number, [_sum(groups, within=number)]) for number, label in enumerate(_LABELS)
    ]
    return Answers(
        since,
        _sum(groups),
        sum(group["late"] for group in groups),
        _median([row.counts[0] for row in times]),
        [Row(it.label, it.value, [_sum(groups, status=it.value)]) for it in _OUTCOMES],
        _by_reason(groups),
        times,
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


def _by_supplier(
    caller: Caller, rows: QuerySet[Any], counted: dict[str, Any], names: list[str]
) -> list[tuple[Row, dict[str, Any]]]:
    """Count for each of the suppliers with the most rows; names of users are told to nobody else.

    :returns: a line for each, and all that was counted.
    """
    model = get_order_item_model()
    path = model.paths()[Side.SUPPLIER]
    column = model.field_at(path)
    if column is None or leads_to_user(model, Side.SUPPLIER):
        return []
    key = f"order_item__{path}"
    groups = rows.order_by().values(key).annotate(**counted).order_by("-count", key)
    found = {group[key]: group for group in groups[:_SUPPLIERS]}
    labels: Any = {value: value for value in found}
    if column.related_model is not None:
        suppliers = column.related_model._default_manager.using(caller.using)
        labels |= suppliers.in_bulk(list(found), field_name=column.target_field.name)
    return [
        (Row(labels[value], value, [group[name] for name in names]), group)
        for value, group in found.items()
    ]
