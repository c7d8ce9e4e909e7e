"""Pages of the list."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from timp_orders.conf import settings

if TYPE_CHECKING:
    from rest_framework.pagination import Cursor

__all__ = ["CancellationPagination"]

_MAX_KEY = 2**63 - 1


class CancellationPagination(CursorPagination):
    """By primary key alone, the order of the requests.

    A position that is unique and never changes is exact: no row is skipped or shown twice,
    whatever is requested or decided between two pages.
    """

    ordering = "id"
    page_size_query_param = "page_size"

    def get_page_size(self, request: Request) -> int:
        """Return the number of rows that were asked for.

        :raises rest_framework.exceptions.ValidationError: it is no number, or over the maximum.
        """
        text = request.query_params.get("page_size")
        if text is None:
            return settings.PAGE_SIZE
        if not _is_number(text) or not 1 <= int(text) <= settings.MAX_PAGE_SIZE:
            message = _("This must be a number from 1 to %(maximum)d.")
            raise ValidationError({"page_size": [message % {"maximum": settings.MAX_PAGE_SIZE}]})
        return int(text)

    def decode_cursor(self, request: Request) -> "Cursor | None":
        """Read the position to go on from.

        :raises rest_framework.exceptions.ValidationError: it is none that this list has given.
        """
        try:
            cursor: Cursor | None = super().decode_cursor(request)
        except NotFound:
            cursor, is_valid = None, False
        else:
            position = cursor.position if cursor else None
            is_valid = position is None or (_is_number(position) and int(position) <= _MAX_KEY)
        if not is_valid:
            raise ValidationError({"cursor": [_("This is not a cursor of this list.")]})
        return cursor

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] |= {"minimum": 1, "maximum": settings.MAX_PAGE_SIZE}
        return parameters


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19
