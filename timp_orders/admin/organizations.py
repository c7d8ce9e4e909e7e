"""Organizations and orders, kept in the ordinary way."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from timp_orders.admin.columns import parsed_uuid
from timp_orders.admin.scope import ScopedAdmin, sees_all

__all__ = ["OrderAdmin", "OrganizationAdmin"]


class OrganizationAdmin(ScopedAdmin):
    """The organizations that the user belongs to."""

    list_display = ("name", "org_type", "uuid")
    list_filter = ("org_type",)
    search_fields = ("name",)
    raw_id_fields = ("members",)
    readonly_fields = ("uuid",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        users = self._related_admin("members")
        return fields if users and users.has_view_permission(request) else (*fields, "members")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        queryset = super().get_queryset(request)
        return queryset if sees_all(request) else queryset.filter(members=request.user.pk)


class OrderAdmin(ScopedAdmin):
    """The orders of retailers that the user belongs to."""

    list_display = ("po_number", "retailer", "created_at", "uuid")
    list_filter = (("retailer", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("retailer",)
    date_hierarchy = "created_at"
    search_fields = ("po_number",)
    search_help_text = _("Search by UUID or PO number.")
    raw_id_fields = ("retailer",)
    readonly_fields = ("uuid",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        queryset = super().get_queryset(request)
        return queryset if sees_all(request) else queryset.filter(retailer__members=request.user.pk)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if uuid := parsed_uuid(search_term):
            return queryset.filter(uuid=uuid), False
        return super().get_search_results(request, queryset, search_term)
