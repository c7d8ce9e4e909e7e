"""The order items that a caller means: from what they pass as ``items`` to primary keys."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, Manager, Model, QuerySet
from django.db.models.query import ModelIterable

from timp_orders.models import AbstractOrderItem
from timp_orders.models.lookups import Among
from timp_orders.models.querysets import OrderItemQuerySet
from timp_orders.services.caller import Caller

__all__ = ["Items", "Target", "Targets", "single_target", "targets_of"]

Items = QuerySet[Any] | Manager[Any] | AbstractOrderItem | UUID | Iterable[AbstractOrderItem | UUID]

_CHUNK = 1000


class Target(NamedTuple):
    """The one item that a caller means, not yet read."""

    lookup: dict[str, Any]
    """What finds it, for ``filter()``."""
    uuid: UUID


class Targets(NamedTuple):
    """The items that a caller means."""

    uuids: Mapping[Any, UUID]
    """By primary key, in the order of the keys."""
    missing: Sequence[UUID] = ()
    """UUIDs for which there is no item."""


def single_target(items: Any, model: type[AbstractOrderItem]) -> Target | None:
    """Return the item, if ``items`` is one item or one UUID; ``None`` for all else.

    :raises TypeError: it is another model's instance.
    """
    if isinstance(items, UUID):
        return Target({model.UUID_FIELD: items}, items)
    if isinstance(items, Model):
        return Target({"pk": _key(items, model)}, getattr(items, model.UUID_FIELD))
    return None


def targets_of(items: Any, caller: Caller) -> Targets:
    """Read which items are meant: a query set is evaluated for its distinct primary keys only.

    A query set is neither locked, filtered nor changed itself, so that one whose filter stops
    matching later loses no item.

    :param items: a query set or manager of order items (joins, ``distinct()`` and slices are
        fine), or an iterable of items and UUIDs. Of these UUIDs, one that the caller may not see
        counts as missing: nobody takes a lock on what does not exist for them.
    :raises TypeError: it is something else, or a query set of ``values()`` or a union.
    """
    if isinstance(items, Manager):
        items = items.all()
    if isinstance(items, QuerySet):
        return Targets(_of_query_set(items, caller.model, caller.using))
    if isinstance(items, str | bytes | Mapping) or not isinstance(items, Iterable):
        raise _wrong(items, caller.model)
    return _of_iterable(items, caller)


def _key(item: Model, model: type[AbstractOrderItem]) -> Any:
    """Return an item's primary key; a subclass may have another of its own."""
    if not isinstance(item, model):
        raise _wrong(item, model)
    key = getattr(item, model._meta.pk.attname)
    if key is None:
        raise TypeError("items must be saved order items.")
    return key


def _of_query_set(
    items: QuerySet[Any], model: type[AbstractOrderItem], using: str
) -> dict[Any, UUID]:
    if not issubclass(items.model, model):
        raise _wrong(items, model)
    if items.query.combinator or not issubclass(items._iterable_class, ModelIterable):
        raise TypeError("items must not be a union, nor values() or values_list().")
    items = items.using(using)
    items.query.select_for_update = False
    if items.query.is_sliced or items.query.distinct_fields:
        # Read with all its columns' meaning: in the subquery of an IN, MariaDB knows no LIMIT, and
        # DISTINCT would compare other columns, in no order.
        rows = items.select_related(None).prefetch_related(None).only(model.UUID_FIELD)
        return dict(sorted((_key(row, model), getattr(row, model.UUID_FIELD)) for row in rows))
    keys = items.order_by().values(model._meta.pk.name)
    every: OrderItemQuerySet[Any] = OrderItemQuerySet(model, using=using)
    found = every.filter(pk__in=keys).order_by("pk")
    return dict(found.values_list("pk", model.UUID_FIELD))


def _of_iterable(items: Iterable[Any], caller: Caller) -> Targets:
    model = caller.model
    uuids: dict[Any, UUID] = {}
    wanted: dict[UUID, None] = {}
    for item in items:
        if isinstance(item, UUID):
            wanted[item] = None
        elif isinstance(item, Model):
            uuids[_key(item, model)] = getattr(item, model.UUID_FIELD)
        else:
            raise _wrong(item, model)
    looked_for = list(wanted)
    visible = caller.visible_items() if wanted else caller.items()
    for start in range(0, len(looked_for), _CHUNK):
        named = visible.filter(Among(F(model.UUID_FIELD), looked_for[start : start + _CHUNK]))
        uuids.update(named.order_by().values_list("pk", model.UUID_FIELD))
    found = set(uuids.values())
    return Targets(dict(sorted(uuids.items())), [uuid for uuid in wanted if uuid not in found])


def _wrong(items: Any, model: type[AbstractOrderItem]) -> TypeError:
    label = model._meta.label
    came = repr(items) if isinstance(items, str | bytes) else f"a {type(items).__qualname__}"
    if isinstance(items, QuerySet):
        came = f"a query set of {items.model._meta.label}"
    return TypeError(
        f"items is {came}; it must be a query set of {label}, a {model.__name__}, a UUID, or an "
        f"iterable of these two. Write, for example, "
        f"{model.__name__}.objects.filter({model.UUID_FIELD}__in=uuids), or UUID(text)."
    )
