"""Relations on a page: linked only where the reader may open what they lead to."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import display_for_value
from django.http import HttpRequest

from timp_orders.admin.addresses import viewable

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = object

__all__ = ["RelationsMixin"]


class RelationsMixin(ModelAdmin):
    """Mixin that tells a read-only relation without Django's link where that would be refused."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return tuple(self._told(request, obj, name) for name in fields)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        readonly = self.get_readonly_fields(request, obj)
        told = {field.__name__: field for field in readonly if callable(field)}
        if not self.has_change_permission(request, obj):
            names = admin.utils.flatten_fieldsets(fieldsets)
            told = {name: self._told(request, obj, name) for name in names}
        return [
            (title, {**options, "fields": _replaced(options["fields"], told)})
            for title, options in fieldsets
        ]

    def _told(self, request: HttpRequest, obj: Any, name: Any) -> Any:
        """Return the name of a field, or what tells it without a link."""
        field = next((it for it in self.opts.fields if it.name == name), None)
        if obj is None or field is None or not field.many_to_one:
            return name
        related = field.related_model
        key = getattr(obj, field.attname)
        found = viewable(request, self.admin_site, related)
        may_open = found and found.get_queryset(request).filter(pk=key).exists()
        return name if may_open else _unlinked(field)


@cache
def _unlinked(field: Any) -> Callable[[Any], str]:
    def tell(obj: Any) -> str:
        return display_for_value(getattr(obj, field.name), "-")

    tell.__name__ = field.name
    tell.short_description = field.verbose_name  # type: ignore[attr-defined]
    return tell


def _replaced(fields: Any, told: dict[str, Any]) -> list[Any]:
    """Put what tells a relation in the place of its name; fields may stand beside each other."""
    return [
        _replaced(field, told) if isinstance(field, (list, tuple)) else told.get(field, field)
        for field in fields
    ]
