"""Admin of cancellations: the audit trail, read-only."""

from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet, Value
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from timp_orders.admin.addresses import viewable
from timp_orders.admin.cancellation_columns import SIDE_COLUMNS, TOLD, CancellationColumns
from timp_orders.admin.columns import ItemColumn, leads_to_user
from timp_orders.admin.deadlines import AnswerByFilter
from timp_orders.admin.decidable import DecidableAdmin
from timp_orders.admin.exports import ExportAdmin
from timp_orders.admin.filters import DecisionReasonFilter, ReasonFilter
from timp_orders.admin.overview_pages import OverviewAdmin
from timp_orders.admin.scope import sees_all
from timp_orders.admin.searches import SearchedFilter
from timp_orders.conf import settings
from timp_orders.models import get_order_item_model
from timp_orders.models.querysets import OrderItemQuerySet
from timp_orders.policy import gives_deadlines
from timp_orders.states import Side

__all__ = ["CancellationAdmin"]

_PO_NUMBER = ItemColumn("po_number", _("PO number"))
_OF_ITEM: Any = (_PO_NUMBER, "item_sku", SIDE_COLUMNS[Side.SUPPLIER], SIDE_COLUMNS[Side.RETAILER])


class CancellationAdmin(CancellationColumns, OverviewAdmin, ExportAdmin, DecidableAdmin):
    """Admin of cancellations, read-only for superusers too: only the services write them."""

    list_display = (
        _PO_NUMBER,
        "item_sku",
        "state",
        SIDE_COLUMNS[Side.SUPPLIER],
        "requested",
        "decided",
        "reason_text",
        SIDE_COLUMNS[Side.RETAILER],
        "short_uuid",
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
    search_help_text = _("Search by PO number, SKU, or the beginning of a UUID.")

    told = TOLD

    class Media:
        css: ClassVar = {"all": ["timp_orders/admin.css"]}

    fieldsets = (
        (None, {"fields": ("uuid", "status", "item_link", *_OF_ITEM)}),
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
        *_OF_ITEM,
        "answer_by",
        "asked",
        "confirmed",
        "reason_text",
        "decision_reason_text",
        "requester",
        "decider",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        items_admin = viewable(request, self.admin_site, get_order_item_model())
        queryset: QuerySet[Any] = (
            super().get_queryset(request).annotate(item_is_linked=Value(items_admin is not None))
        )
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

    def get_list_filter(self, request: HttpRequest) -> Any:
        model = get_order_item_model()
        paths = [model.paths()[side] for side in Side if not leads_to_user(model, side)]
        related = [path for path in paths if getattr(model.field_at(path), "related_model", None)]
        sides = [(f"order_item__{path}", SearchedFilter) for path in related]
        return [*super().get_list_filter(request), *sides]

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = list(super().get_list_display(request))
        if gives_deadlines() and "state" in columns:
            columns.insert(columns.index("state") + 1, "answer_by")
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
        names = (model.PO_NUMBER_FIELD, model.SKU_ID_FIELD, model.SKU_NAME_FIELD)
        # What is no column cannot be searched.
        return [f"order_item__{name}" for name in names if name and model.field_at(name)]

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
