"""Lines of the overview's tables, and counts by supplier."""

from typing import Any, NamedTuple

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery, Value

from timp_orders.admin.columns import leads_to_user
from timp_orders.models import get_order_item_model
from timp_orders.services.caller import Caller
from timp_orders.states import Side

__all__ = ["Group", "Row", "by_supplier", "named"]

_SUPPLIERS = 50

Group = dict[str, Any]
"""All that was counted of a supplier, by name; and ``"supplier"``, its key."""


class Row(NamedTuple):
    """A line of a table.

    :ivar label: what it is about.
    :ivar key: for links: a supplier's primary key, a status, a reason.
    :ivar counts: the numbers, in the order of the headings.
    :ivar extra: what stands behind them: the oldest moment, or the time to decide.
    """

    label: Any
    key: Any
    counts: list[int]
    extra: Any = None


def by_supplier(
    caller: Caller, rows: QuerySet[Any], counted: dict[str, Any], *columns: str
) -> list[Group]:
    """Count for each supplier; for all of them together where they must not be told apart.

    :param columns: what else rows are told apart by.
    """
    model = get_order_item_model()
    path = model.paths()[Side.SUPPLIER]
    supplier: Any = Value(None, output_field=IntegerField())
    if model.field_at(path) is not None and not leads_to_user(model, Side.SUPPLIER):
        # Not joined: for some thousand rows the database might read all items.
        supplier = Subquery(
            caller.items().filter(pk=OuterRef("order_item")).order_by().values(path)
        )
    groups = rows.annotate(supplier=supplier).values("supplier", *columns).annotate(**counted)
    return [group for group in groups if group["count"]]


def named(caller: Caller, groups: list[Group], names: list[str]) -> list[tuple[Row, Group]]:
    """Return lines for the suppliers with the most rows, each with all that was counted."""
    model = get_order_item_model()
    column = model.field_at(model.paths()[Side.SUPPLIER])
    groups = [group for group in groups if group["supplier"] is not None]
    most = sorted(groups, key=lambda group: -group["count"])[:_SUPPLIERS]
    keys = [group["supplier"] for group in most]
    labels: Any = {key: key for key in keys}
    if keys and column is not None and column.related_model is not None:
        suppliers = column.related_model._default_manager.using(caller.using)
        labels |= suppliers.in_bulk(keys, field_name=column.target_field.name)
    return [
        (Row(labels[group["supplier"]], group["supplier"], [group[name] for name in names]), group)
        for group in most
    ]
