"""Admin of organizations and orders."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from timp_orders.admin.extending import extended
from timp_orders.admin.scope import ScopedAdmin, of_members
from timp_orders.admin.trail import items_of, order_relation
from timp_orders.admin.where_written import WhereWrittenMixin
from timp_orders.models import Order, get_order_item_model
from timp_orders.services.caller import Caller
from timp_orders.states import Via

__all__ = ["OrderAdmin", "OrganizationAdmin", "is_referenced"]


class OrganizationAdmin(WhereWrittenMixin, ScopedAdmin):
    """Admin of the organizations that the user is a member of."""

    list_display = ("name", "org_type", "uuid")
    list_filter = ("org_type",)
    search_fields = ("name",)
    raw_id_fields = ("members",)
    readonly_fields = ("uuid",)
    side_fields = ("org_type",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        users = self._related_admin("members")
        return fields if users and users.has_view_permission(request) else (*fields, "members")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return of_members(request, super().get_queryset(request), "members")


class OrderAdmin(WhereWrittenMixin, ScopedAdmin):
    """Admin of the orders of the user's retailers."""

    list_display = ("po_number", "retailer", "created_at", "uuid")
    list_filter = (("retailer", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("retailer",)
    date_hierarchy = "created_at"
    search_fields = ("po_number",)
    search_help_text = _("Search by UUID or PO number.")
    raw_id_fields = ("retailer",)
    readonly_fields = ("uuid",)
    uuid_paths = ("uuid",)
    side_fields = ("retailer",)

    items_template = "admin/timp_orders/order_with_items.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return of_members(request, super().get_queryset(request), "retailer__members")

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the order's items too, as far as the user sees them."""
        page = super().render_change_form(request, context, *args, **kwargs)
        order, model = kwargs.get("obj"), get_order_item_model()
        if order is None or not self.admin_site.is_registered(model) or not _is_order_of(model):
            return page
        items, unlisted = items_of(Caller.of(request.user, via=Via.ADMIN), order)
        shown = {"items": items, "unlisted": unlisted, "item_opts": model._meta}
        return extended(page, self.items_template, shown)


def _is_order_of(model: Any) -> bool:
    """Tell whether the order's PO number stands in this app's own orders."""
    relation = order_relation(model)
    return bool(relation) and getattr(model.field_at(relation), "related_model", None) is Order


def is_referenced(model: type[Model], *, but_by: type[Model] | None = None) -> bool:
    """Tell whether a model in force has a relation to this one.

    :param but_by: a model whose relations do not count.
    """
    # Hidden ones too: hosts write related_name="+". Not the table of a many-to-many field.
    relations: Any = model._meta.get_fields(include_hidden=True)
    return any(
        relation.auto_created
        and not relation.concrete
        and relation.related_model is not but_by
        and not relation.related_model._meta.auto_created
        for relation in relations
    )
