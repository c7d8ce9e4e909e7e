"""What the pages tell of an item and of its cancellations, whatever the host's item model."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.admin.utils import display_for_value
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, ForeignKey, Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.utils.html import format_html

from timp_orders.conf import settings
from timp_orders.models import AbstractOrderItem, Cancellation, get_order_item_model
from timp_orders.states import CancellationStatus, Side

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

__all__ = [
    "ItemColumn",
    "at_and_by",
    "decided_by",
    "item_relations",
    "joined",
    "parsed_uuid",
    "reason_label",
    "requested_by",
    "shown",
]


class ItemColumn:
    """A column in a list of cancellations: what stands at one of the item's field paths.

    :param name: what of the item it shows, one of ``AbstractOrderItem.paths()``.
    :param label: the column's heading.
    """

    def __init__(self, name: str, label: "str | _StrPromise") -> None:
        self.__name__ = name  # the admin's CSS class, too
        self.short_description = label

    @property
    def admin_order_field(self) -> str:
        return f"order_item__{get_order_item_model().paths()[self.__name__]}"

    def __call__(self, cancellation: Cancellation) -> Any:
        item = cancellation.order_item
        return shown(item, item.paths()[self.__name__])


def shown(item: Any, path: str) -> Any:
    """Return what stands at a path from the item: a choice's label, or the value."""
    value = item.value_of(path)
    field = _field_at(type(item), path)
    return dict(field.flatchoices).get(value, value) if field else value


def at_and_by(at: datetime, by: str) -> str:
    """Return a moment and, in small print below, a word on it."""
    moment = display_for_value(at, "")
    return format_html('{}<div class="help">{}</div>', moment, by) if by else moment


def joined(items: QuerySet[Any]) -> QuerySet[Any]:
    """Join what showing an item follows, and nothing more."""
    relations = item_relations(items.model)
    return items.select_related(*relations) if relations else items.select_related(None)


def item_relations(model: type[AbstractOrderItem]) -> list[str]:
    """Name the relations to join, so that showing an item reads nothing more."""
    relations: set[str] = set()
    for path in model.paths().values():
        steps = path.split(LOOKUP_SEP)
        starts = [LOOKUP_SEP.join(steps[:length]) for length in range(1, len(steps) + 1)]
        relations.update(path for path in starts if isinstance(_field_at(model, path), ForeignKey))
    return sorted(relations)


def _field_at(model: type[Model], path: str) -> "Field[Any, Any] | None":
    field: Any = None
    for name in path.split(LOOKUP_SEP):
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:  # a host's property
            return None
        model = field.related_model or model
    return field if isinstance(field, Field) else None


def parsed_uuid(term: str) -> UUID | None:
    """Return the UUID that somebody typed, with or without hyphens."""
    try:
        return UUID(term.strip())
    except ValueError:
        return None


def reason_label(code: str) -> str:
    """Return a reason in the host's words; a code that the host has dropped, as it is."""
    return str(settings.REASONS.get(code, code))


def requested_by(cancellation: Cancellation, *, on_retailer_side: bool) -> str:
    """Say who requested: to the other side, only that it was the retailer."""
    return cancellation.requested_by_name if on_retailer_side else str(Side.RETAILER.label)


def decided_by(
    cancellation: Cancellation, *, on_retailer_side: bool, on_supplier_side: bool
) -> str:
    """Say who decided or withdrew: to the other side, only which side it was."""
    if cancellation.status == CancellationStatus.REQUESTED:
        return ""
    withdrawn = cancellation.status == CancellationStatus.WITHDRAWN
    if on_retailer_side if withdrawn else on_supplier_side:
        return str(cancellation.decided_by_name)
    return str((Side.RETAILER if withdrawn else Side.SUPPLIER).label)
