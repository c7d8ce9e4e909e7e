"""A list filter by what a relation leads to: a choice that is searched, where it would be long."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from timp_orders.admin.addresses import viewable
from timp_orders.admin.scope import sees_all

__all__ = ["SearchedFilter"]

_LISTED = 20


class SearchedFilter(admin.RelatedOnlyFieldListFilter):
    """Rows by what a foreign key leads to.

    Who sees everything types a part of a name, as in the other model's list: the rows of all that
    are found are shown, and each of the first can be chosen. Who sees the rows of some
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
        self.search_kwarg = f"search_{field_path.replace('__', '_')}"
        self.term = "".join(params.pop(self.search_kwarg, [])[-1:]).replace("\0", "").strip()
        self.target = field.target_field.name
        self.related = viewable(request, model_admin.admin_site, field.remote_field.model)
        self.is_searched = bool(
            self.related and sees_all(request) and self.related.get_search_fields(request)
        )
        super().__init__(field, request, params, model, model_admin, field_path)
        if self.is_searched:
            self.template = "admin/timp_orders/searched_filter.html"

    def expected_parameters(self) -> list[str | None]:
        return [*super().expected_parameters(), self.search_kwarg]

    def has_output(self) -> bool:
        # Django drops a parameter whose filter shows nothing.
        return self.is_searched or bool(self.lookup_val or self.term) or super().has_output()

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        if not self.is_searched:
            return super().field_choices(field, request, model_admin)
        found: Iterable[Any] = []
        if self.term:
            found = self._found(request)[:_LISTED]
        elif self.lookup_val:
            found = self._chosen(request, self.lookup_val[-1])
        return [(getattr(row, self.target), str(row)) for row in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        rows: Any = super().queryset(request, queryset)
        if not self.term:
            return rows
        if not self.is_searched:
            raise IncorrectLookupParameters
        return rows.filter(**{f"{self.field_path}__in": self._found(request).values(self.target)})

    def choices(self, changelist: Any) -> Iterator[Any]:
        searched = changelist.filter_params
        # A choice takes the place of the search.
        changelist.filter_params = {
            name: value for name, value in searched.items() if name != self.search_kwarg
        }
        found = list(super().choices(changelist))
        changelist.filter_params = searched
        found[0]["selected"] = found[0]["selected"] and not self.term
        return iter(found)

    def others(self) -> Iterator[tuple[str, str]]:
        """Yield the parameters that the list keeps when something else is searched for."""
        dropped = [*self.expected_parameters(), PAGE_VAR]
        for name, values in self.request.GET.lists():
            yield from ((name, value) for value in values if name not in dropped)

    def _found(self, request: HttpRequest) -> QuerySet[Any]:
        rows = self.related.get_queryset(request)
        found: QuerySet[Any]
        found, _may_have_duplicates = self.related.get_search_results(request, rows, self.term)
        return found

    def _chosen(self, request: HttpRequest, value: Any) -> Iterable[Any]:
        rows: QuerySet[Any] = self.related.get_queryset(request)
        try:
            return rows.filter(**{self.target: value})
        except (ValueError, ValidationError):
            return []  # the list says that such a parameter is wrong
