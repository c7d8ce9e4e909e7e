"""What the lists are filtered by."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import django_filters
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import FilterSet

from timp_orders.api.filters import (
    ItemStatusFilter,
    PathFilter,
    SwitchFilter,
    TimestampFilter,
)
from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.models.lookups import Among
from timp_orders.states import CancellationStatus

__all__ = ["FEW", "CancellationFilterSet", "OrderItemFilterSet"]


FEW = 5000
"""Cancellations of a span of time, as long as they are found before the page is."""


def _changed_since(moment: datetime) -> Q:
    return Q(requested_at__gte=moment) | Q(decided_at__gte=moment)


_SINCE: dict[str, Callable[[datetime], Q]] = {
    "requested_after": lambda moment: Q(requested_at__gte=moment),
    "decided_after": lambda moment: Q(decided_at__gte=moment),
    "changed_after": _changed_since,
}


class _PathFilterSet(FilterSet):
    """Base class of filters by what stands at an item's declared paths.

    :cvar items: the relation that leads from a row to its item.
    """

    items = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model = get_order_item_model()
        for name, found in list(self.filters.items()):
            if not isinstance(found, PathFilter):
                continue
            path = model.paths()[found.path or name]
            if not path:  # a host whose orders have no UUID
                del self.filters[name]
                continue
            found.field_name = f"{self.items}{path}"
            found.extra["column"] = model.field_at(path)


class CancellationFilterSet(_PathFilterSet):
    items = "order_item__"

    status = django_filters.MultipleChoiceFilter(
        choices=CancellationStatus.choices,
        lookup_expr="exact",
        null_label=None,
        distinct=False,  # no row comes twice, and to make sure of that the database would sort all
        error_messages={"invalid_choice": _("This is not a status of a cancellation.")},
    )
    po_number = PathFilter()
    order_uuid = PathFilter()
    order_item_uuid = PathFilter(path="uuid")
    sku_id = PathFilter()
    requested_after = TimestampFilter(field_name="requested_at", lookup_expr="gte")
    requested_before = TimestampFilter(field_name="requested_at", lookup_expr="lt")
    decided_after = TimestampFilter(field_name="decided_at", lookup_expr="gte")
    decided_before = TimestampFilter(field_name="decided_at", lookup_expr="lt")
    respond_before = TimestampFilter(field_name="respond_by", lookup_expr="lt")
    changed_after = TimestampFilter(method="filter_changed")

    class Meta:
        model = Cancellation
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filter_queryset(queryset)
        values = self.form.cleaned_data
        narrow = Q()
        for name, condition in _SINCE.items():
            if moment := values[name]:
                narrow &= condition(moment)
        if moment := values["respond_before"]:
            # With every status, if none is asked for: the index begins with it.
            narrow &= Q(
                respond_by__lt=moment, status__in=values["status"] or CancellationStatus.values
            )
        if not narrow:
            return rows
        # Where there are few, these are found by the index on the moments. Left alone, PostgreSQL
        # would go through all rows in the order of the list, until a page is full.
        found = Cancellation.objects.using(queryset.db).filter(narrow).order_by()
        keys = list(found.values_list("pk", flat=True)[: FEW + 1])
        return rows.filter(Among(F("pk"), keys)) if len(keys) <= FEW else rows

    def filter_changed(self, rows: QuerySet[Any], name: str, moment: Any) -> QuerySet[Any]:
        """Keep what was requested or decided since then."""
        return rows.filter(_changed_since(moment))


class OrderItemFilterSet(_PathFilterSet):
    status = ItemStatusFilter()
    po_number = PathFilter()
    order_uuid = PathFilter()
    order_item_uuid = PathFilter(path="uuid")
    sku_id = PathFilter()
    awaiting = SwitchFilter(method="filter_awaiting")
    cancellable = SwitchFilter(method="filter_cancellable")

    def filter_awaiting(self, items: QuerySet[Any], name: str, is_awaiting: bool) -> QuerySet[Any]:
        """Keep the items that have an open cancellation, or those that have none."""
        if is_awaiting:
            return items.filter(cancellations__open=True)  # at most one, so that no item doubles
        return items.exclude(
            Exists(Cancellation.objects.filter(order_item=OuterRef("pk"), open=True))
        )

    def filter_cancellable(
        self, items: QuerySet[Any], name: str, is_cancellable: bool
    ) -> QuerySet[Any]:
        """Keep the items whose status allows to cancel them, or those whose status does not."""
        model = get_order_item_model()
        allows = Q(**{f"{model.STATUS_FIELD}__in": model.lifecycle().cancellable})
        return items.filter(allows if is_cancellable else ~allows)
