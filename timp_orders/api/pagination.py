"""Pages of lists."""

import re
from typing import Any

from django.core.exceptions import ValidationError as InvalidValue
from django.db.models import IntegerField
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from timp_orders.api.filters import parsed
from timp_orders.conf import settings

__all__ = ["KeyPagination"]

_CURSOR = "(after|before)-({})"
_NUMBER = "[0-9]{1,18}"
_TEXT = ".{1,255}"


class KeyPagination(CursorPagination):
    """By primary key alone, the order in which rows were made.

    A position that is unique and never changes is exact for one reading of the list: no row is
    skipped or shown twice, whatever is requested or decided between two pages. It is no feed: keys
    are given before they are committed, so a row may appear behind a cursor that was kept.
    """

    ordering = "pk"
    page_size_query_param = "page_size"

    def get_page_size(self, request: Request) -> int:
        """Return the number of rows that were asked for.

        :raises rest_framework.exceptions.ValidationError: it is no number, or over the maximum.
        """
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return settings.PAGE_SIZE
        if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= settings.MAX_PAGE_SIZE:
            message = _("This must be a number from 1 to %(maximum)d.")
            problem = message % {"maximum": settings.MAX_PAGE_SIZE}
            raise ValidationError({self.page_size_query_param: [problem]})
        return int(text)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        self.key = _key_of(queryset.model)
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Read the position to go on from.

        :raises rest_framework.exceptions.ValidationError: it is none that this list has given.
        """
        text = request.query_params.get(self.cursor_query_param)
        if text is None:
            return None
        try:
            found = re.fullmatch(_CURSOR.format(_pattern(self.key)), text)
            if not found or "\0" in text:
                raise InvalidValue([])
            if not isinstance(self.key, IntegerField):  # any digits are a position
                parsed(self.key, found[2])
        except InvalidValue as error:
            problem = _("This is not a cursor of this list.")
            raise ValidationError({self.cursor_query_param: [problem]}) from error
        return _cursor(found[2], reverse=found[1] == "before")

    def encode_cursor(self, cursor: Cursor) -> str:
        text = f"{'before' if cursor.reverse else 'after'}-{cursor.position}"
        url: str = replace_query_param(self.base_url or "", self.cursor_query_param, text)
        return url

    def get_next_link(self) -> str | None:
        return super().get_next_link() if self.page else self._way_back(self.has_next, -1)

    def get_previous_link(self) -> str | None:
        return super().get_previous_link() if self.page else self._way_back(self.has_previous, 1)

    def _way_back(self, exists: bool | None, step: int) -> str | None:
        """Lead back from a page that became empty, which REST framework answers with a guess.

        :returns: ``None`` if there is no way, or keys are no numbers: which one comes before or
            after a position nobody knows then.
        """
        if not exists or self.cursor is None or not isinstance(self.key, IntegerField):
            return None
        position = max(0, int(self.cursor.position or 0) + step)
        return self.encode_cursor(_cursor(str(position), reverse=not self.cursor.reverse))

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] |= {"minimum": 1, "maximum": settings.MAX_PAGE_SIZE}
            else:
                key = _key_of(view.get_row_model())
                parameter["schema"] |= {"pattern": f"^{_CURSOR.format(_pattern(key))}$"}
        return parameters


def _key_of(model: Any) -> Any:
    """Return the column of a model's keys; a child's key is that of its parent."""
    key = model._meta.pk
    return key.target_field if key.is_relation else key


def _pattern(key: Any) -> str:
    return _NUMBER if isinstance(key, IntegerField) else _TEXT


def _cursor(position: str, *, reverse: bool) -> Cursor:
    return Cursor(0, reverse, position)  # type: ignore[arg-type]  # the stubs want a number
