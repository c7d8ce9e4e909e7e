"""The filters of the list. A parameter that is unknown or malformed is an error, never ignored."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.states import CancellationStatus

if TYPE_CHECKING:
    from rest_framework.views import APIView

__all__ = ["CancellationFilterBackend", "CancellationFilterSet", "TimestampFilter"]


class _TimestampField(forms.CharField):
    """An ISO 8601 timestamp, in the current time zone where it names none."""

    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if timezone.is_naive(moment):
                moment = timezone.make_aware(moment)
            return moment.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError(
                _("This must be a timestamp, such as 2030-01-31T23:59:00Z.")
            ) from error


class TimestampFilter(django_filters.Filter):
    field_class = _TimestampField


class CancellationFilterSet(FilterSet):
    status = django_filters.MultipleChoiceFilter(
        choices=CancellationStatus.choices,
        distinct=False,  # no row comes twice, and to make sure of that the database would sort all
        error_messages={"invalid_choice": _("This is not a status of a cancellation.")},
    )
    po_number = django_filters.CharFilter()
    order_uuid = django_filters.UUIDFilter()
    sku_id = django_filters.CharFilter()
    requested_after = TimestampFilter(field_name="requested_at", lookup_expr="gte")
    requested_before = TimestampFilter(field_name="requested_at", lookup_expr="lt")

    class Meta:
        model = Cancellation
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        paths = get_order_item_model().paths()
        for name in ("po_number", "order_uuid", "sku_id"):
            self.filters[name].field_name = f"order_item__{paths[name]}"


class CancellationFilterBackend(DjangoFilterBackend):
    """Refuses what would otherwise be an empty or an unfiltered list that looks like an answer."""

    def filter_queryset(
        self,
        request: Request,  # type: ignore[override]  # the stubs of django-filter want Django's
        queryset: QuerySet[Any],
        view: "APIView",
    ) -> QuerySet[Any]:
        filterset: Any = self.get_filterset(request, queryset, view)
        paginator = view.paginator  # type: ignore[attr-defined]
        several = {
            name
            for name, found in filterset.filters.items()
            if isinstance(found, django_filters.MultipleChoiceFilter)
        }
        single = {
            *filterset.filters,
            paginator.cursor_query_param,
            paginator.page_size_query_param,
        } - several
        problems: dict[str, Any] = {}
        for name, values in request.query_params.lists():
            if name in several:
                continue
            if name not in single:
                # The name is what the client sent, but without it nobody finds the typing error.
                problems[name] = [_("There is no such parameter.")]
            elif len(values) != 1 or not values[0]:
                problems[name] = [_("This needs exactly one value.")]
        if not filterset.is_valid():
            problems = {**filterset.errors, **problems}
        if problems:
            raise ValidationError(problems)
        filtered: QuerySet[Any] = filterset.qs
        return filtered
