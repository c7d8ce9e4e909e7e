"""Columns and texts about items and cancellations, for any item model."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import display_for_value
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.utils.html import format_html
from django.utils.timesince import timesince

from timp_orders.models import AbstractOrderItem, Cancellation, get_order_item_model
from timp_orders.states import Side

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

__all__ = [
    "ItemColumn",
    "SideColumn",
    "at_and_by",
    "joined",
    "leads_to_user",
    "shortened",
    "shown",
    "since",
    "sku_of",
    "standing_on",
    "with_small_print",
]


class ItemColumn:
    """A column in a list of cancellations that shows what one of the item's paths leads to.

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


class SideColumn(ItemColumn):
    """A column in a list of cancellations that shows one side, as far as the reader may see it.

    :param side: the side; its name is the column's heading.
    """

    def __init__(self, side: Side) -> None:
        super().__init__(side.value, side.label)
        self.side = side

    @property
    def admin_order_field(self) -> str | None:  # type: ignore[override]
        # The order would tell names that are not shown.
        is_hidden = leads_to_user(get_order_item_model(), self.side)
        return None if is_hidden else super().admin_order_field

    def __call__(self, cancellation: Any) -> Any:
        on_side = getattr(cancellation, f"on_{self.side}_side")
        return standing_on(self.side, cancellation.order_item, reader_is_too=on_side)


def standing_on(side: Side, item: Any, *, reader_is_too: bool) -> Any:
    """Return the organization or user on one side of the item.

    Where that is a user, names never cross: the other side is shown the side alone.

    :param reader_is_too: the reader is on this side, or sees everything.
    """
    if not reader_is_too and leads_to_user(type(item), side):
        return str(side.label)
    return shown(item, item.paths()[side])


def shown(item: Any, path: str) -> Any:
    """Return the value at a path from the item, or its label if it is a choice."""
    value = item.value_of(path)
    choices = getattr(item.field_at(path), "flatchoices", ())
    return dict(choices).get(value, value)


def since(at: datetime, text: str) -> str:
    """Show how long ago something was, with the moment as a tooltip and a text in small print."""
    told = format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        display_for_value(at, ""),
        timesince(at, depth=1),
    )
    return with_small_print(told, text)


def sku_of(item: Any) -> str:
    """Show the item's SKU, with its name in small print."""
    paths = item.paths()
    name = shown(item, paths["sku_name"]) if paths["sku_name"] else ""
    return with_small_print(shown(item, paths["sku_id"]), name)


def shortened(uuid: Any) -> str:
    """Show the first characters of a UUID, with all of it as a tooltip; the search finds it."""
    return format_html('<span title="{}">{}</span>', uuid, str(uuid)[:8])


def at_and_by(at: datetime, by: str) -> str:
    """Format a timestamp, with a text in small print below it."""
    return with_small_print(display_for_value(at, ""), by)


def with_small_print(text: Any, small: Any) -> str:
    """Show a text, and another in small print below it, if there is one."""
    return format_html('{}<div class="help">{}</div>', text, small) if small else str(text)


def joined(items: QuerySet[Any]) -> QuerySet[Any]:
    """Join the relations that showing an item follows."""
    relations = items.model.every_relation()
    return items.select_related(*relations) if relations else items.select_related(None)


def leads_to_user(model: type[AbstractOrderItem], side: Side) -> bool:
    """Tell whether what stands on a side is a user, or something of a user's."""
    steps = model.paths()[side].split(LOOKUP_SEP)
    starts = (LOOKUP_SEP.join(steps[:length]) for length in range(1, len(steps) + 1))
    related = (getattr(model.field_at(start), "related_model", None) for start in starts)
    return any(issubclass(end, get_user_model()) for end in related if end is not None)
