"""Admin of cancellations: the audit trail, read-only."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from timp_orders.admin.cancellation_texts import (
    decided_by,
    decision_reason_label,
    quantity_asked,
    quantity_confirmed,
    reason_label,
    requested_by,
)
from timp_orders.admin.columns import ItemColumn, SideColumn, at_and_by
from timp_orders.admin.deadlines import AnswerByFilter, answer_by
from timp_orders.admin.exports import ExportAdmin
from timp_orders.admin.filters import DecisionReasonFilter, ReasonFilter
from timp_orders.admin.scope import sees_all
from timp_orders.conf import settings
from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.models.querysets import OrderItemQuerySet
from timp_orders.policy import gives_deadlines
from timp_orders.states import Side

__all__ = ["TOLD", "CancellationAdmin"]


_SIDE_COLUMNS = {side.value: SideColumn(side) for side in Side}


def _sides(cancellation: Any) -> list[Side]:
    """List the sides that the reader is on, as the query set says."""
    return [side for side in Side if getattr(cancellation, f"on_{side}_side")]


def _requester(cancellation: Any) -> str:
    return requested_by(cancellation, _sides(cancellation))


def _decider(cancellation: Any) -> str:
    return decided_by(cancellation, _sides(cancellation))


TOLD: dict[str, Callable[[Any], Any]] = {
    "requested_by": _requester,
    "decided_by": _decider,
    **_SIDE_COLUMNS,
}
"""What readers of the export may know of people and organizations, by the headings."""


class CancellationAdmin(ExportAdmin):
    """Admin of cancellations, read-only for superusers too: only the services write them."""

    list_display = (
        "uuid",
        ItemColumn("po_number", _("PO number")),
        ItemColumn("sku_id", _("SKU")),
        "status",
        "reason_text",
        "requested",
        "decided",
        *_SIDE_COLUMNS.values(),
    )
    list_filter = (
        "status",
        AnswerByFilter,
        ReasonFilter,
        DecisionReasonFilter,
        "requested_via",
        "decided_via",
    )
    date_hierarchy = "requested_at"
    search_help_text = _("Search by the UUID of an item or a cancellation, PO number or SKU.")

    told = TOLD

    class Media:
        css: ClassVar = {"all": ["timp_orders/admin.css"]}

    fieldsets = (
        (None, {"fields": ("uuid", "status", "item_link")}),
        (
            _("Request"),
            {
                "fields": (
                    "requested_at",
                    "requester",
                    "requested_via",
                    "asked",
                    "reason_text",
                    "note",
                )
            },
        ),
        (_("Deadline"), {"fields": ("answer_by", "reminded_at", "overdue_at", "on_deadline")}),
        (
            _("Decision"),
            {
                "fields": (
                    "decided_at",
                    "decider",
                    "decided_via",
                    "confirmed",
                    "decision_reason_text",
                    "decision_note",
                )
            },
        ),
    )
    readonly_fields = (
        "item_link",
        "answer_by",
        "asked",
        "confirmed",
        "reason_text",
        "decision_reason_text",
        "requester",
        "decider",
    )

    @admin.display(description=_("reason"), ordering="reason")
    def reason_text(self, cancellation: Cancellation) -> str:
        return reason_label(cancellation.reason) or self.get_empty_value_display()

    @admin.display(description=_("reason of the decision"), ordering="decision_reason")
    def decision_reason_text(self, cancellation: Cancellation) -> str:
        label = decision_reason_label(cancellation.decision_reason)
        return label or self.get_empty_value_display()

    @admin.display(description=_("quantity asked"), ordering="quantity")
    def asked(self, cancellation: Cancellation) -> str:
        text = quantity_asked(cancellation.quantity, cancellation.quantity_available)
        return text or self.get_empty_value_display()

    @admin.display(description=_("quantity confirmed"), ordering="quantity_confirmed")
    def confirmed(self, cancellation: Cancellation) -> str:
        return quantity_confirmed(cancellation) or self.get_empty_value_display()

    @admin.display(description=_("order item"))
    def item_link(self, cancellation: Any) -> str:
        model = get_order_item_model()
        if not self.admin_site.is_registered(model):
            return str(cancellation.order_item)
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        url = reverse(
            name, args=[quote(cancellation.order_item_id)], current_app=self.admin_site.name
        )
        return format_html('<a href="{}">{}</a>', url, cancellation.order_item)

    @admin.display(description=_("requested"), ordering="requested_at")
    def requested(self, cancellation: Any) -> str:
        return at_and_by(cancellation.requested_at, _requester(cancellation))

    @admin.display(description=_("answer by"), ordering="respond_by")
    def answer_by(self, cancellation: Cancellation) -> str | None:
        return answer_by(cancellation.respond_by, is_open=bool(cancellation.open))

    @admin.display(description=_("decided"), ordering="decided_at")
    def decided(self, cancellation: Any) -> str | None:
        if cancellation.decided_at is None:
            return None
        return at_and_by(cancellation.decided_at, _decider(cancellation))

    # Not ordered by name: the order would tell the names that are not shown.
    @admin.display(description=_("requested by"))
    def requester(self, cancellation: Any) -> str:
        return _requester(cancellation) or self.get_empty_value_display()

    @admin.display(description=_("decided by"))
    def decider(self, cancellation: Any) -> str:
        return _decider(cancellation) or self.get_empty_value_display()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        queryset: QuerySet[Any] = super().get_queryset(request)
        if sees_all(request):
            everything: QuerySet[Any] = queryset.annotate(
                on_supplier_side=Value(True), on_retailer_side=Value(True)
            )
            return everything
        items: OrderItemQuerySet[Any] = OrderItemQuerySet(get_order_item_model(), using=queryset.db)
        visible = items.visible_to(request.user)
        named = items.filter(pk=OuterRef("order_item_id"))
        sides = {
            f"on_{side}_side": Exists(settings.policy.on_side(named, request.user, side))
            for side in Side
        }
        scoped: QuerySet[Any] = queryset.annotate(**sides)
        return scoped.filter(order_item__in=visible.values("pk"))

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = list(super().get_list_display(request))
        if get_order_item_model().counts_parts() and "reason_text" in columns:
            at = columns.index("reason_text")
            columns[at:at] = ["asked", "confirmed"]
        if gives_deadlines() and "status" in columns:
            columns.insert(columns.index("status") + 1, "answer_by")
        return columns

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        has_deadline = obj is not None and obj.respond_by is not None
        return [
            (name, options)
            for name, options in fieldsets
            if has_deadline or "answer_by" not in options["fields"]
        ]

    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        joined = get_order_item_model().every_relation()
        return ["order_item", *(f"order_item__{name}" for name in joined)]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        model = get_order_item_model()
        return [f"order_item__{model.PO_NUMBER_FIELD}", f"order_item__{model.SKU_ID_FIELD}"]

    def get_uuid_paths(self) -> tuple[str, ...]:
        return ("uuid", f"order_item__{get_order_item_model().UUID_FIELD}")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        # Filtering by a name would tell the names that are not shown.
        if lookup.startswith(("requested_by", "decided_by")):
            return False
        return super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # On a page that deletes something else, an order say, Django asks here what it would take
        # with it. It takes no cancellation: they are protected, and then the page says so, unless
        # a permission is lacking too.
        match = request.resolver_match
        own = f"{self.opts.app_label}_{self.opts.model_name}_"
        return obj is not None and match is not None and not (match.url_name or "").startswith(own)
