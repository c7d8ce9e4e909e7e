"""Change lists that tolerate wrong parameters, and databases without time zone tables."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db import DataError, connections
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from timp_orders.admin.where_written import WhereWrittenMixin, where_written

__all__ = ["ScopedChangeList", "converts_time_zones"]

_LIMITS = {"year": (2, 9998), "month": (1, 12), "day": (1, 31)}


def converts_time_zones(using: str) -> bool:
    """Tell whether the database can convert timestamps to the reader's time zone.

    MariaDB and MySQL convert only with time zone tables, which not every installation has.

    :param using: the database alias.
    """
    connection: Any = connections[using]
    return bool(
        connection.features.has_zoneinfo_database
        or timezone.get_current_timezone_name() == connection.timezone_name
    )


class ScopedChangeList(ChangeList):
    """A change list that shows itself unfiltered if a parameter in its URL is wrong.

    Errors of a host's own filters are not caught.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not converts_time_zones(self.queryset.db):
            self.date_hierarchy = None  # to list its years would be an error of the database

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        rows = super().get_queryset(request, *args, **kwargs)
        return where_written(rows) if isinstance(self.model_admin, WhereWrittenMixin) else rows

    def get_filters(self, request: HttpRequest) -> Any:
        # Django calculates with these numbers, and lets some of its errors through.
        for part, (least, greatest) in _LIMITS.items():
            for value in self.filter_params.get(f"{self.date_hierarchy}__{part}", ()):
                if not (value.isdecimal() and len(value) <= 4 and least <= int(value) <= greatest):
                    raise IncorrectLookupParameters
        return super().get_filters(request)

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except (DataError, IndexError, OverflowError, ValueError) as error:
            # A NUL, a number beyond the column, a range of one value. The code of the host's
            # filters has run before.
            if not self.filter_params:
                raise  # nothing in the address can have caused it
            raise IncorrectLookupParameters from error
