"""List filters for any item model; they count what the user may see."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import IS_FACETS_VAR  # type: ignore[attr-defined]
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from timp_orders.conf import settings
from timp_orders.states import CancellationStatus

__all__ = [
    "WAITING_DAYS",
    "AwaitingDecisionFilter",
    "DecisionReasonFilter",
    "OpenReasonFilter",
    "OrderedFilter",
    "ReasonFilter",
    "WaitingFilter",
    "more_than",
    "with_count",
]

_OPEN = CancellationStatus.REQUESTED
_NO_REASON = "-"
WAITING_DAYS = (1, 3, 7)
"""How many days a cancellation may have been waiting for, as the filter and the overview tell."""


def with_count(request: HttpRequest, label: str, rows: QuerySet[Any]) -> str:
    """Add to a choice how many there are, unless the list counts each choice itself."""
    return label if IS_FACETS_VAR in request.GET else f"{label} ({rows.count()})"


def more_than(days: int) -> str:
    """Say that something took longer."""
    return ngettext("More than %(count)d day", "More than %(count)d days", days) % {"count": days}


class AwaitingDecisionFilter(admin.SimpleListFilter):
    """Items with an open cancellation, and how many they are."""

    title = gettext_lazy("decision")
    parameter_name = "awaiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        waiting = model_admin.get_queryset(request).filter(cancellations__status=_OPEN)
        return [
            ("yes", with_count(request, _("Awaiting decision"), waiting)),
            ("no", _("Not awaiting decision")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        # No row doubles: an item has at most one open cancellation.
        if self.value() == "yes":
            return queryset.filter(cancellations__status=_OPEN)
        if self.value() == "no":
            return queryset.exclude(cancellations__status=_OPEN)
        return queryset


class ReasonFilter(admin.SimpleListFilter):
    """Cancellations by their reason."""

    title = gettext_lazy("reason")
    parameter_name = "reason"

    def reasons(self) -> Mapping[str, Any]:
        return settings.REASONS

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = [(code, str(label)) for code, label in self.reasons().items()]
        return [*found, (_NO_REASON, _("No reason"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        if self.value() == _NO_REASON:
            return self.having(queryset, "")
        if self.value() not in self.reasons():
            raise IncorrectLookupParameters
        return self.having(queryset, self.value())

    def having(self, queryset: QuerySet[Any], reason: str | None) -> QuerySet[Any]:
        return queryset.filter(reason=reason)


class DecisionReasonFilter(ReasonFilter):
    """Cancellations by the reason of their rejection."""

    title = gettext_lazy("reason of the decision")
    parameter_name = "decision_reason"

    def reasons(self) -> Mapping[str, Any]:
        return settings.REJECTION_REASONS

    def having(self, queryset: QuerySet[Any], reason: str | None) -> QuerySet[Any]:
        return queryset.filter(decision_reason=reason)


class OpenReasonFilter(ReasonFilter):
    """Items by the reason of their open cancellation."""

    def having(self, queryset: QuerySet[Any], reason: str | None) -> QuerySet[Any]:
        return queryset.filter(cancellations__status=_OPEN, cancellations__reason=reason)


class OrderedFilter(admin.DateFieldListFilter):
    """Items by the day of their order; unlike a hierarchy of days it need not read all of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("day of the order")


class WaitingFilter(admin.SimpleListFilter):
    """Items by how long their open cancellation has been waiting."""

    title = gettext_lazy("waiting")
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(days), more_than(days)) for days in WAITING_DAYS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if (value := self.value()) is None:
            return queryset
        days = {str(days): days for days in WAITING_DAYS}.get(value)
        if days is None:
            raise IncorrectLookupParameters
        moment = timezone.now() - timedelta(days=days)
        return queryset.filter(cancellations__status=_OPEN, cancellations__requested_at__lt=moment)
