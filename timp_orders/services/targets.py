"""The items that a query set names, by their distinct primary keys."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.expressions import Col
from django.db.models.lookups import Exact
from django.db.models.query import ModelIterable

from timp_orders.models import AbstractOrderItem

__all__ = ["Names"]


class Names:
    """What a caller's query set names: never locked, filtered or changed itself.

    :param items: order items; joins, ``distinct()`` and slices are fine.
    :param using: the alias that is written to.
    :raises TypeError: it is no query set of such items, or one of ``values()`` or a union.
    """

    def __init__(self, items: QuerySet[Any], model: type[AbstractOrderItem], using: str) -> None:
        if not isinstance(items, QuerySet) or not issubclass(items.model, model):
            raise TypeError(f"items must be a query set of {model._meta.label}.")
        if items.query.combinator or not issubclass(items._iterable_class, ModelIterable):
            raise TypeError("items must not be a union, nor values() or values_list().")
        self._uuid_field = model.UUID_FIELD
        self._items = items.using(using)
        self._items.query.select_for_update = False
        self._fresh: QuerySet[Any] = QuerySet(model, using=using)
        self._uuids: dict[Any, UUID] | None = None
        if items.query.is_sliced or items.query.distinct_fields:
            # Read at once, and with all its columns' meaning: in the subquery of an IN, MariaDB
            # knows no LIMIT, and DISTINCT would compare other columns, in no order.
            rows = self._items.select_related(None).prefetch_related(None).only(self._uuid_field)
            self._uuids = dict(sorted((row.pk, getattr(row, self._uuid_field)) for row in rows))

    def unique(self) -> dict[str, Any] | None:
        """Return the look-up if the items are named by just one, of a unique column of theirs.

        So a leaner statement may look for the one item that it can name.
        """
        query = self._items.query
        if query.is_sliced or query.where.negated or len(query.where.children) != 1:
            return None
        (lookup,) = query.where.children
        column = getattr(lookup, "lhs", None)
        if (
            isinstance(lookup, Exact)
            and lookup.rhs_is_direct_value()
            and isinstance(column, Col)
            and column.alias == query.base_table
            and column.target.unique
        ):
            return {column.target.attname: lookup.rhs}
        return None

    def only(self, described: QuerySet[Any]) -> Any | None:
        """Return the item that is named, read through ``described``; ``None`` if not just one."""
        unique = self.unique()
        if unique is None:
            if len(self.uuids()) != 1:
                return None
            rows = described.filter(pk__in=list(self.uuids()))
        else:
            rows = described.filter(**unique)
        item = next(iter(rows.order_by()), None)
        if item is None and unique is not None:
            self._uuids = {}  # nothing is named, and that takes no second look
        return item

    def uuids(self) -> dict[Any, UUID]:
        """Read the UUIDs of the named items by primary key, in its order."""
        if self._uuids is None:
            rows = self._fresh.filter(pk__in=self._items.order_by().values("pk")).order_by("pk")
            self._uuids = dict(rows.values_list("pk", self._uuid_field))
        return self._uuids
