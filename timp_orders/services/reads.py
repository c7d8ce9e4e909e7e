"""The statements that read facts about items, without locks."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, QuerySet

from timp_orders.models import Cancellation
from timp_orders.models.lookups import Among
from timp_orders.models.querysets import (
    LATEST,
    ON_RETAILER_SIDE,
    ON_SUPPLIER_SIDE,
    QUANTITY_CANCELLED,
    WAS_CONFIRMED,
    OrderItemQuerySet,
)
from timp_orders.services.caller import Caller
from timp_orders.services.facts import Facts, Known
from timp_orders.services.rules import is_visible
from timp_orders.states import Side

__all__ = [
    "KNOWN",
    "Reading",
    "attach",
    "facts_of",
    "items_with_facts",
    "keep",
    "known",
    "named",
    "reading_for",
    "reading_of",
    "visible_cancellations",
    "visible_item",
    "visible_items",
    "with_relations",
]

_READING = "_timp_reading"
_CHUNK = 2000

KNOWN = (
    "order_item_id",
    "pk",
    "uuid",
    "status",
    "quantity",
    "quantity_confirmed",
    "quantity_left",
)
"""The columns of a :class:`~timp_orders.services.facts.Known`."""


class Reading(NamedTuple):
    """What was read of an item, and for whom."""

    caller: Caller
    facts: Facts


def items_with_facts(caller: Caller, *, many: bool = False) -> OrderItemQuerySet[Any]:
    """Return order items with all that an answer and a verdict need, in one statement.

    Call :func:`attach` on each.

    :param many: several are read; the caller's organizations are then read before, once.
    """
    items = _with_latest(caller.model, caller.using, caller.counts_parts)
    own = caller.organizations if many else None
    return items.with_sides(caller.by, caller.standing, own)


@cache
def _with_latest(model: type[Any], using: str, counts_parts: bool) -> OrderItemQuerySet[Any]:
    items: OrderItemQuerySet[Any] = OrderItemQuerySet(model, using=using)
    items = items.with_latest_cancellation()
    return with_relations(items.with_quantity_cancelled() if counts_parts else items)


def with_relations(items: OrderItemQuerySet[Any]) -> OrderItemQuerySet[Any]:
    """Read with items what answers say of their orders, and the cancellation that was joined."""
    return items.select_related(*items.model.order_relations(), LATEST).order_by()


def attach(item: Any, caller: Caller, *, side: Side | None = None) -> Facts:
    """Give an item ``timp_cancellation``, its latest cancellation, and keep the facts with it.

    :param item: of :func:`items_with_facts`.
    :param caller: the one that the query set was made for.
    :param side: the only one that the query set asked about, by returning what is on it.
    """
    read = item.__dict__
    cancellation: Cancellation | None = read.pop(LATEST, None)
    item.timp_cancellation = cancellation
    latest = known(cancellation) if cancellation else None
    # Without these columns, it is the only cancellation, or nobody asks.
    only = latest if side is not None else None
    was_confirmed = read.pop(WAS_CONFIRMED, only and only.is_confirmed)
    part = (latest.confirmed or 0) if latest and latest.is_part else 0
    facts = Facts(
        pk=item.pk,
        uuid=getattr(item, item.UUID_FIELD),
        status=getattr(item, item.STATUS_FIELD),
        on_supplier_side=_side(read.pop(ON_SUPPLIER_SIDE, None), side, Side.SUPPLIER),
        on_retailer_side=_side(read.pop(ON_RETAILER_SIDE, None), side, Side.RETAILER),
        latest=latest,
        was_confirmed=was_confirmed,
        ordered=item.value_of(item.QUANTITY_FIELD) if caller.counts_parts else None,
        cancelled=read.pop(QUANTITY_CANCELLED, part),
    )
    keep(item, caller, facts)
    return facts


def known(cancellation: Cancellation) -> Known:
    """Return what verdicts depend on, of a cancellation that was read."""
    return Known(*(getattr(cancellation, name) for name in KNOWN))


def named(uuids: Iterable[UUID], using: str) -> dict[UUID, Known]:
    """Read the cancellations with these UUIDs, whatever item they are about."""
    rows = Cancellation.objects.using(using).filter(Among(F("uuid"), list(uuids))).order_by()
    return {found.uuid: found for found in map(Known._make, rows.values_list(*KNOWN))}


def _side(annotated: Any, asked: Side | None, side: Side) -> bool | None:
    if annotated is not None:
        return bool(annotated)
    return True if asked == side else None


def keep(item: Any, caller: Caller, facts: Facts) -> None:
    """Keep facts with the item that they are about."""
    setattr(item, _READING, Reading(caller, facts))


def reading_of(item: Any) -> Reading:
    """Return what :func:`attach` kept with an item."""
    reading: Reading = getattr(item, _READING)
    return reading


def reading_for(item: Any, by: Any) -> Reading:
    """Return the facts about an item for a caller: those kept with it, or read in one statement.

    :param by: a signed-in user, or ``SYSTEM``.
    """
    kept: Reading | None = item.__dict__.get(_READING)
    if kept is not None and kept.caller.by == by:
        return kept
    caller = Caller.of(by)
    for found in items_with_facts(caller).filter(pk=getattr(item, caller.model._meta.pk.attname)):
        return Reading(caller, attach(found, caller))
    uuid = getattr(item, item.UUID_FIELD)
    return Reading(caller, Facts(item.pk, uuid, None, False, False, None))  # it vanished


def visible_cancellations(caller: Caller) -> QuerySet[Cancellation]:
    """Return the cancellations that the caller may see, with their items."""
    relations = (f"order_item__{path}" for path in caller.model.order_relations())
    found = Cancellation.objects.using(caller.using).select_related("order_item", *relations)
    if caller.standing.sees_all:
        return found
    return found.filter(order_item__in=caller.visible_items())


def visible_item(caller: Caller, relations: Iterable[str] = (), /, **lookup: Any) -> Any | None:
    """Read an item with all that an answer needs; ``None`` if the caller sees no such item.

    :param relations: of the item, that are to be read with it.
    """
    items = items_with_facts(caller).filter(**lookup).order_by()
    for item in items.select_related(*relations) if relations else items:
        if is_visible(attach(item, caller), caller):
            return item
    return None


def visible_items(caller: Caller, pks: Sequence[Any]) -> list[Any]:
    """Read items with all that an answer needs, in the order of their keys as they are given.

    :returns: without those that the caller does not see, or no longer.
    """
    rows = items_with_facts(caller, many=True).filter(Among(F("pk"), pks))
    found = {item.pk: item for item in rows if is_visible(attach(item, caller), caller)}
    return [found[pk] for pk in pks if pk in found]


def facts_of(caller: Caller, items: QuerySet[Any]) -> Iterator[Facts]:
    """Read the facts about many items, without the items, in primary-key order.

    A chunk at a time, by its keys: of a cursor over all of them PostgreSQL expects that few are
    read, and joins the cancellations one by one.

    :param items: a query set of order items, of which only the primary keys are taken.
    """
    model = caller.model
    named = items.using(caller.using).order_by().values(model._meta.pk.name)
    keys = list(caller.items().filter(pk__in=named).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), _CHUNK):
        yield from _facts_of_keys(caller, keys[start : start + _CHUNK])


def _facts_of_keys(caller: Caller, keys: list[Any]) -> Iterator[Facts]:
    model = caller.model
    found = items_with_facts(caller, many=True).filter(Among(F("pk"), keys))
    columns = {
        "pk": "pk",
        "uuid": model.UUID_FIELD,
        "status": model.STATUS_FIELD,
        "supplier": ON_SUPPLIER_SIDE,
        "retailer": ON_RETAILER_SIDE,
    }
    latest = [f"{LATEST}__{name}" for name in KNOWN]
    counted = (model.QUANTITY_FIELD, QUANTITY_CANCELLED) if caller.counts_parts else ()
    rows = found.order_by("pk").values_list(*columns.values(), *latest, *counted)
    for pk, uuid, status, supplier, retailer, *rest in rows:
        cancellation, counts = rest[: len(latest)], rest[len(latest) :]
        ordered, cancelled = counts or (None, 0)
        yield Facts(
            pk=pk,
            uuid=uuid,
            status=status,
            on_supplier_side=bool(supplier),
            on_retailer_side=bool(retailer),
            latest=Known._make(cancellation) if cancellation[0] else None,
            ordered=ordered,
            cancelled=cancelled,
        )
