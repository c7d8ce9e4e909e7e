"""Until when the supplier has to answer, and how long that still is."""

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import display_for_value
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.html import format_html
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from timp_orders.admin.filters import with_count
from timp_orders.models import Cancellation
from timp_orders.policy import gives_deadlines
from timp_orders.states import CancellationStatus

__all__ = ["AnswerByFilter", "OpenAnswerByFilter", "answer_by", "time_left_of"]


def answer_by(respond_by: datetime | None, *, is_open: bool) -> str | None:
    """Show a deadline; of an open cancellation how long is left, in words and in colour."""
    if respond_by is None:
        return None
    moment = display_for_value(respond_by, "")
    if not is_open:
        return moment
    return format_html(
        '<time datetime="{}" title="{}" class="answer-{}">{}</time>',
        respond_by.isoformat(),
        moment,
        _urgency(respond_by),
        _time_left(respond_by),
    )


def time_left_of(cancellation: Cancellation) -> str:
    """Say in words how long is left to answer, or since when that is overdue; "" where it is not
    waited for.
    """
    if cancellation.respond_by is None or cancellation.status != CancellationStatus.REQUESTED:
        return ""
    return _time_left(cancellation.respond_by)


def _time_left(respond_by: datetime) -> str:
    now = _now()
    if respond_by <= now:
        return _("%(time)s overdue") % {"time": timesince(respond_by, now, depth=1)}
    return _("%(time)s left") % {"time": timeuntil(respond_by, now, depth=1)}


def _urgency(respond_by: datetime) -> str:
    if respond_by <= _now():
        return "overdue"
    return "today" if respond_by < _midnight(days=1) else "later"


def _now() -> datetime:
    now = timezone.now()
    return timezone.localtime(now) if timezone.is_aware(now) else now


def _midnight(days: int) -> datetime:
    """Return when a day begins, so many days after today, where the reader is."""
    now = _now()
    return datetime.combine(now.date() + timedelta(days), time.min, now.tzinfo)


def _next_week() -> datetime:
    """Return when the next week begins, by the reader's language: on a Sunday, or on a Monday."""
    first = int(get_format("FIRST_DAY_OF_WEEK"))  # 0 is a Sunday
    today = _now().isoweekday() % 7
    return _midnight(days=(first - today) % 7 or 7)


class AnswerByFilter(admin.SimpleListFilter):
    """Open cancellations by when they have to be answered; how many are overdue."""

    title = gettext_lazy("answer by")
    parameter_name = "answer_by"
    prefix = ""
    """What leads to the cancellation."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        if not gives_deadlines():
            return []
        overdue = model_admin.get_queryset(request).filter(self._between("overdue"))
        return [
            ("overdue", with_count(request, _("Overdue"), overdue)),
            ("today", _("Today")),
            ("week", _("This week")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        if value not in ("overdue", "today", "week"):
            raise IncorrectLookupParameters
        return queryset.filter(self._between(value))

    def _between(self, value: str) -> Q:
        now = timezone.now()
        named = {f"{self.prefix}open": True}
        column = f"{self.prefix}respond_by"
        if value == "overdue":
            return Q(**named, **{f"{column}__lte": now})
        until = _midnight(days=1) if value == "today" else _next_week()
        return Q(**named, **{f"{column}__gt": now, f"{column}__lt": until})


class OpenAnswerByFilter(AnswerByFilter):
    """Items by when their open cancellation has to be answered."""

    prefix = "cancellations__"
