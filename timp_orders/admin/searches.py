"""A list filter by what a relation leads to: a choice that is searched, where it would be long."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import HttpRequest
from django.utils.safestring import SafeString

from timp_orders.admin.scope import sees_all

__all__ = ["SearchedFilter"]


class SearchedFilter(admin.RelatedOnlyFieldListFilter):
    """Rows by what a foreign key leads to.

    Who sees everything searches it, as the other model's admin does. Who sees the rows of some
    organizations has few to choose from, and they are listed.
    """

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: Any,
        model: Any,
        model_admin: Any,
        field_path: str,
    ) -> None:
        site = model_admin.admin_site
        related = site._registry.get(field.remote_field.model)
        self.is_searched = bool(
            related
            and sees_all(request)
            and related.has_view_permission(request)
            and related.get_search_fields(request)
        )
        super().__init__(field, request, params, model, model_admin, field_path)
        if self.is_searched:
            self.template = "admin/timp_orders/searched_filter.html"
            self.rows = related.get_queryset(request)
            self.widget = AutocompleteSelect(field, site)
            self.target = field.target_field.name

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [] if self.is_searched else super().field_choices(field, request, model_admin)

    def has_output(self) -> bool:
        # Django drops a parameter whose filter shows nothing.
        return self.is_searched or bool(self.lookup_val) or super().has_output()

    def select(self) -> SafeString:
        """Return the widget that searches."""
        value = self.lookup_val[-1] if self.lookup_val else None
        # The field gives the widget the row whose name it shows. Django's way to look for it fails
        # at a number that is beyond the column; this one finds nothing.
        chosen = self.rows.filter(**{self.target: value})
        self.widget.choices = forms.ModelChoiceField(chosen, required=False).choices
        name = f"search-{self.lookup_kwarg}"
        # Beside the field: a theme may show filters in a dialog, which keeps the focus inside.
        attrs = {"id": name, "aria-label": self.title, "data-dropdown-parent": f"#in-{name}"}
        return self.widget.render(self.lookup_kwarg, value, attrs)

    def others(self) -> Iterator[tuple[str, str]]:
        """Yield the parameters that the list keeps when another one is chosen."""
        dropped = [*self.expected_parameters(), "p"]
        for name, values in self.request.GET.lists():
            yield from ((name, value) for value in values if name not in dropped)
