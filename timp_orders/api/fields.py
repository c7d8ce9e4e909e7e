"""Fields of answers: what stands at an item's declared paths, and timestamps."""

from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models.constants import LOOKUP_SEP
from django.utils import timezone
from rest_framework import ISO_8601, serializers

from timp_orders.models import get_order_item_model

if TYPE_CHECKING:
    FieldBase = serializers.Field[Any, Any, Any, Any]
else:
    FieldBase = object

__all__ = [
    "ChoiceColumn",
    "Column",
    "NumberPathField",
    "PathField",
    "StatusField",
    "TextPathField",
    "TimestampField",
    "UUIDPathField",
]


class Column(FieldBase):
    """A field that reads an attribute of a row.

    REST framework asks of each value whether it is a dictionary's, or a function's; that makes a
    list take a fifth longer.
    """

    source: str

    def get_attribute(self, row: Any) -> Any:
        return getattr(row, self.source)


class ChoiceColumn(Column, serializers.ChoiceField):
    pass


class PathField(FieldBase):
    """A field of an order item, or of its order, by the path that the item's class declares.

    :param name: one of ``AbstractOrderItem.paths()``.
    """

    source: str

    def __init__(self, name: str, **kwargs: Any) -> None:
        self.name = name
        super().__init__(read_only=True, **kwargs)

    def bind(self, field_name: str, parent: Any) -> None:
        path = get_order_item_model().paths()[self.name]
        if path != field_name:
            self.source = path.replace(LOOKUP_SEP, ".")
        super().bind(field_name, parent)
        # "" is declared for what the host does not have.
        self._read = attrgetter(self.source) if path else lambda item: None

    def get_attribute(self, item: Any) -> Any:
        try:
            return self._read(item)
        except (AttributeError, ObjectDoesNotExist):  # a relation on the way is null
            return None


class UUIDPathField(PathField, serializers.UUIDField):
    pass


class TextPathField(PathField, serializers.CharField):
    def get_attribute(self, item: Any) -> Any:
        value = super().get_attribute(item)
        return "" if value is None else value


class StatusField(TextPathField):
    """An item's status, as partners read it."""

    def get_attribute(self, item: Any) -> Any:
        return item.status_name(super().get_attribute(item))


class NumberPathField(PathField, serializers.IntegerField):
    """A number as it is stored: that of a host's decimal column may have a fraction."""

    def to_representation(self, value: Any) -> Any:
        return int(value) if value == int(value) else float(value)


class TimestampField(Column, serializers.DateTimeField):
    """An ISO 8601 timestamp, whatever the host's ``DATETIME_FORMAT``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format=ISO_8601, read_only=True, **kwargs)

    def enforce_timezone(self, value: datetime) -> datetime:
        # Without USE_TZ too: a timestamp that says no zone is of no use to others.
        aware = timezone.make_aware(value) if timezone.is_naive(value) else value
        return timezone.localtime(aware)
