"""Relations on a page: linked only where the reader may open what they lead to."""

from collections.abc import Callable, Iterable
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
    """Mixin that tells a read-only relation without Django's link where that would be refused.

    Whichever class decides what is read-only passes it through :meth:`without_dead_links`.
    """

    def without_dead_links(
        self, request: HttpRequest, obj: Any, names: Iterable[Any]
    ) -> tuple[Any, ...]:
        """Return names of fields, in the place of some what tells them without a link."""
        relations = {it.name: it for it in self.opts.fields if it.many_to_one} if obj else {}
        hidden = {
            name: _unlinked(field)
            for name, field in relations.items()
            if name in names and not self._may_open(request, field, obj)
        }
        return tuple(hidden.get(name, name) for name in names)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        fields: Iterable[Any]
        if self.has_change_permission(request, obj):
            fields = self.get_readonly_fields(request, obj)
        else:
            fields = self.without_dead_links(request, obj, admin.utils.flatten_fieldsets(fieldsets))
        told = {field.__name__: field for field in fields if callable(field)}
        return [
            (title, {**options, "fields": _replaced(options["fields"], told)})
            for title, options in fieldsets
        ]

    def _may_open(self, request: HttpRequest, field: Any, obj: Any) -> bool:
        """Tell whether the reader may open what a relation leads to; asked once for a page."""
        known: dict[Any, bool] = request.__dict__.setdefault("_timp_may_open", {})
        key = field.related_model, getattr(obj, field.attname)
        if key not in known:
            found = viewable(request, self.admin_site, field.related_model)
            known[key] = bool(found) and found.get_queryset(request).filter(pk=key[1]).exists()
        return known[key]


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
