"""Pages of the list."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from timp_orders.conf import settings

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
            is_valid = False
        else:
            is_valid = cursor is None or (cursor.offset == 0 and _is_key(cursor.position))
        if not is_valid:
            raise ValidationError({"cursor": [_("This is not a cursor of this list.")]})
        return cursor

    def get_next_link(self) -> str | None:
        return super().get_next_link() if self.page else self._way_back(self.has_next, -1)

    def get_previous_link(self) -> str | None:
        return super().get_previous_link() if self.page else self._way_back(self.has_previous, 1)

    def _way_back(self, exists: bool, step: int) -> str | None:
        """Lead back from a page that became empty, which REST framework answers with a guess."""
        if not exists or self.cursor is None:
            return None
        position = max(0, int(self.cursor.position or 0) + step)
        link: str = self.encode_cursor(Cursor(0, not self.cursor.reverse, str(position)))
        return link

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] |= {"minimum": 1, "maximum": settings.MAX_PAGE_SIZE}
        return parameters


def _is_key(text: str | None) -> bool:
    return text is not None and _is_number(text) and int(text) < _MAX_KEY


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 19
