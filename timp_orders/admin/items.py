"""Admin of order items, with actions on their cancellations."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from timp_orders.admin.actions import CancellationActionsMixin
from timp_orders.admin.cancellation_texts import quantity_asked, reason_label
from timp_orders.admin.columns import shortened, since, sku_of
from timp_orders.admin.deadlines import OpenAnswerByFilter, answer_by
from timp_orders.admin.filters import (
    AwaitingDecisionFilter,
    OpenReasonFilter,
    OrderedFilter,
    WaitingFilter,
)
from timp_orders.admin.item_forms import leave_out
from timp_orders.admin.scope import TrailAdmin
from timp_orders.admin.searches import SearchedFilter
from timp_orders.models import Cancellation
from timp_orders.policy import gives_deadlines

__all__ = ["OrderItemAdmin"]


_COUNTED = {"open_quantity": "quantity", "open_available": "quantity_available"}
_DEADLINE = {"open_respond_by": "respond_by"}


def _of_open(column: str) -> Subquery:
    """Return a column of the item's open cancellation."""
    # Not joined: a COUNT(*) leaves subqueries out.
    opened = Cancellation.objects.filter(order_item=OuterRef("pk"), open=True)
    return Subquery(opened.values(column))


class OrderItemAdmin(CancellationActionsMixin, TrailAdmin):
    """Admin of order items; the status is read-only, since a confirmed cancellation writes it."""

    list_display = (
        "po_number",
        "sku",
        "supplier_name",
        "open_cancellation",
        "status",
        "quantity_ordered",
        "retailer_name",
        "short_uuid",
    )
    list_filter = (
        AwaitingDecisionFilter,
        WaitingFilter,
        OpenAnswerByFilter,
        "status",
        OpenReasonFilter,
        ("supplier", SearchedFilter),
        ("order__created_at", OrderedFilter),
    )
    list_select_related = ("order__retailer", "supplier")
    search_fields = (
        "order__po_number",
        "sku_id",
        "sku_name",
        "supplier__name",
        "order__retailer__name",
    )
    search_help_text = _(
        "Search by PO number, SKU, supplier, retailer, or the beginning of a UUID."
    )
    actions_on_bottom = True
    raw_id_fields = ("order", "supplier")
    readonly_fields = ("uuid", "status")
    uuid_paths = ("uuid", "order__uuid")
    side_fields = ("order", "supplier")
    fields = (
        "uuid",
        "status",
        "order",
        "supplier",
        "sku_id",
        "sku_name",
        "quantity_ordered",
    )

    class Media:
        css: ClassVar = {"all": ["timp_orders/admin.css"]}

    @admin.display(description=_("PO number"), ordering="order__po_number")
    def po_number(self, item: Any) -> str:
        return str(item.order.po_number)

    @admin.display(description=_("SKU"), ordering="sku_id")
    def sku(self, item: Any) -> str:
        return sku_of(item)

    @admin.display(description=_("UUID"), ordering="uuid")
    def short_uuid(self, item: Any) -> str:
        return shortened(item.uuid)

    @admin.display(description=_("waiting since"), ordering="open_since")
    def open_cancellation(self, item: Any) -> str | None:
        """Return since when it is open, how many are asked, and its reason."""
        if item.open_since is None:
            return None
        asked = quantity_asked(*(getattr(item, name, None) for name in _COUNTED))
        texts = [asked, reason_label(item.open_reason)]
        return since(item.open_since, ", ".join(filter(None, texts)))

    @admin.display(description=_("answer by"), ordering="open_respond_by")
    def answer_by(self, item: Any) -> str | None:
        return answer_by(item.open_respond_by, is_open=True)

    # The names, since the admin never breaks the line of a foreign key.
    @admin.display(description=_("supplier"), ordering="supplier__name")
    def supplier_name(self, item: Any) -> str:
        return str(item.supplier)

    @admin.display(description=_("retailer"), ordering="order__retailer__name")
    def retailer_name(self, item: Any) -> str:
        return str(item.order.retailer)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        items: Any = super().get_queryset(request)
        visible: QuerySet[Any] = items.visible_to(request.user)
        also = _COUNTED if self.model.counts_parts() else {}
        also = also | _DEADLINE if gives_deadlines() else also
        waiting: QuerySet[Any] = visible.annotate(
            open_since=_of_open("requested_at"),
            open_reason=_of_open("reason"),
            **{name: _of_open(column) for name, column in also.items()},
        )
        return waiting

    def get_ordering(self, request: HttpRequest) -> Any:
        """Return the oldest first, where the list is of those that await a decision."""
        is_work_list = request.GET.get(AwaitingDecisionFilter.parameter_name) == "yes"
        return [_of_open("requested_at"), "pk"] if is_work_list else super().get_ordering(request)

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = list(super().get_list_display(request))
        if gives_deadlines() and "open_cancellation" in columns:
            columns.insert(columns.index("open_cancellation") + 1, "answer_by")
        return columns

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            # An operator may have moved the item elsewhere since it was read.
            leave_out(obj, *(name for name in self.side_fields if name not in form.changed_data))
        super().save_model(request, obj, form, change)
