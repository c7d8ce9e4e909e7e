"""Admin of organizations and orders."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from timp_orders.admin.scope import ScopedAdmin, of_members

__all__ = ["OrderAdmin", "OrganizationAdmin", "is_referenced"]


class OrganizationAdmin(ScopedAdmin):
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


class OrderAdmin(ScopedAdmin):
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return of_members(request, super().get_queryset(request), "retailer__members")


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
