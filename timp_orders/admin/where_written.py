"""Admin whose pages read their rows where they are written, whatever a router reads elsewhere."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import router
from django.db.models import QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
else:
    Admin = object

__all__ = ["WhereWrittenMixin", "where_written"]

_OF_A_PAGE = "_timp_of_a_page"


def where_written(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Read rows from the database that they are written to."""
    return rows.using(router.db_for_write(rows.model))


class WhereWrittenMixin(Admin):
    """Mixin for a ``ModelAdmin``: whoever decides or changes must not see what a replica has.

    What is shown beside an item, and what may be done to it, is read where it is written as well.
    """

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        setattr(request, _OF_A_PAGE, True)
        try:
            return super().get_object(request, object_id, from_field)
        finally:
            delattr(request, _OF_A_PAGE)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        # Not always: filters make subqueries of it, for statements that go elsewhere.
        return where_written(rows) if hasattr(request, _OF_A_PAGE) else rows
