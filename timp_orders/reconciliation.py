"""Find cancellations that contradict their items or themselves; nothing is repaired here.

The services never write such rows, and the database refuses most of them. They come from stale
``save()`` calls, bulk updates, SQL by hand, and imports.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import router
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.models.querysets import QUANTITY_CANCELLED, OrderItemQuerySet
from timp_orders.states import CancellationStatus

__all__ = ["INCONSISTENCIES", "Finding", "Inconsistency", "find_inconsistencies"]

_SPAN = 10_000
_COLUMNS = ("uuid", "status", "item_uuid", "current_status")
_OPEN = Q(status=CancellationStatus.REQUESTED)
_CONFIRMED = Q(status=CancellationStatus.CONFIRMED)
_PART = _CONFIRMED & Q(quantity_left__isnull=False, quantity_left__gt=0)


class Inconsistency(NamedTuple):
    """One kind of contradiction.

    :ivar code: stable, for scripts.
    :ivar description: for people.
    :ivar condition: returns what the rows have in common, given the database alias; ``None`` if it
        cannot be asked there.
    """

    code: str
    description: str
    condition: Callable[[str], Any]


class Finding(NamedTuple):
    """One cancellation, and what is wrong with it.

    :ivar code: that of the :class:`Inconsistency`.
    :ivar order_item_uuid: ``None`` if the item does not exist.
    """

    code: str
    cancellation_uuid: UUID
    cancellation_status: str
    order_item_uuid: UUID | None
    item_status: Any


def find_inconsistencies() -> Iterator[Finding]:
    """Yield every contradiction, some thousand cancellations at a time, in the order of their keys.

    One statement for each kind and each span of keys. So none takes long, however large the tables
    are, and memory does not grow with the findings. A table of millions is read from the disk
    once, not for each kind.
    """
    model = get_order_item_model()
    using = router.db_for_write(Cancellation)  # a replica may be behind
    items: OrderItemQuerySet[Any] = OrderItemQuerySet(model, using=using)
    item = items.filter(pk=OuterRef("order_item_id"))
    rows = Cancellation.objects.using(using).annotate(
        # No join: the item may be missing.
        item_uuid=Subquery(item.values(model.UUID_FIELD)[:1]),
        current_status=Subquery(item.values(model.STATUS_FIELD)[:1]),
    )
    kinds = {
        kind.code: rows.filter(condition).order_by("pk").values_list(*_COLUMNS)
        for kind in INCONSISTENCIES
        if (condition := kind.condition(using)) is not None
    }
    for span in _spans(using):
        for code, found in kinds.items():
            yield from (Finding(code, *columns) for columns in found.filter(span))


def _spans(using: str) -> Iterator[Q]:
    """Yield conditions that part the cancellations by their keys, :data:`_SPAN` in each."""
    keys = Cancellation.objects.using(using).order_by("pk").values_list("pk", flat=True)
    after = Q()
    while last := list(keys.filter(after)[_SPAN - 1 : _SPAN]):
        yield after & Q(pk__lte=last[0])
        after = Q(pk__gt=last[0])
    yield after


def _others(using: str, **where: Any) -> Exists:
    """Ask for other cancellations of the same item."""
    others = Cancellation.objects.using(using).filter(order_item=OuterRef("order_item"), **where)
    return Exists(others.order_by())


def _cancelled() -> Q:
    model = get_order_item_model()
    return Q(**{f"order_item__{model.STATUS_FIELD}": model.lifecycle().cancelled})


def _not_cancelled(using: str) -> Any:
    return _CONFIRMED & ~_PART & ~_cancelled() & ~_others(using, pk__gt=OuterRef("pk"))


def _too_many(using: str) -> Any:
    model = get_order_item_model()
    if not model.counts_parts():
        return None
    items: OrderItemQuerySet[Any] = OrderItemQuerySet(model, using=using)
    exceeded = items.with_quantity_cancelled().filter(
        **{f"{QUANTITY_CANCELLED}__gt": F(model.QUANTITY_FIELD)}
    )
    latest_part = _PART & ~_others(
        using, status=CancellationStatus.CONFIRMED, pk__gt=OuterRef("pk")
    )
    return latest_part & Exists(exceeded.filter(pk=OuterRef("order_item_id")))


def _item_missing(using: str) -> Any:
    items: OrderItemQuerySet[Any] = OrderItemQuerySet(get_order_item_model(), using=using)
    return ~Exists(items.filter(pk=OuterRef("order_item_id")))


def _users(using: str) -> QuerySet[Any] | None:
    users = get_user_model()._default_manager
    # No statement reads two databases.
    return users.using(using) if router.db_for_write(users.model) == using else None


def _user_missing(using: str) -> Any:
    if (users := _users(using)) is None:
        return None
    condition: Any = Q()
    for name in ("requested_by", "decided_by"):
        found = Exists(users.filter(pk=OuterRef(f"{name}_id")))
        condition |= Q(**{f"{name}_id__isnull": False}) & ~found
    return condition


def _name_missing(using: str) -> Any:
    if (users := _users(using)) is None:
        return None
    # Some users have no name; then there was none to keep.
    name_field = get_user_model().USERNAME_FIELD
    named = users.exclude(**{f"{name_field}__isnull": True})
    if users.model._meta.get_field(name_field).empty_strings_allowed:
        named = named.exclude(**{name_field: ""})
    condition: Any = Q()
    for name in ("requested_by", "decided_by"):
        found = Exists(named.filter(pk=OuterRef(f"{name}_id")))
        condition |= Q(**{f"{name}_name": ""}) & found
    return condition


INCONSISTENCIES = (
    Inconsistency(
        "not_cancelled",
        "The latest cancellation is confirmed, of no part, and the item is not cancelled.",
        _not_cancelled,
    ),
    Inconsistency(
        "too_many",
        "More of the item is confirmed in parts than was ordered.",
        _too_many,
    ),
    Inconsistency(
        "cancelled_while_open",
        "The item is cancelled, and a cancellation of it is still open.",
        lambda using: _OPEN & _cancelled(),
    ),
    Inconsistency(
        "two_open",
        "The item has an older cancellation that is open too.",
        lambda using: (
            _OPEN & _others(using, status=CancellationStatus.REQUESTED, pk__lt=OuterRef("pk"))
        ),
    ),
    Inconsistency(
        "open_not_latest",
        "The cancellation is open, and a later one of the item was decided.",
        lambda using: _OPEN & _others(using, decided_at__isnull=False, pk__gt=OuterRef("pk")),
    ),
    Inconsistency(
        "decided_without_time",
        "The cancellation is decided or withdrawn, and nothing says when.",
        lambda using: ~_OPEN & Q(decided_at=None),
    ),
    Inconsistency(
        "open_with_decision",
        "The cancellation is open, and says when or by whom it was decided.",
        lambda using: (
            _OPEN & ~Q(decided_at=None, decided_by=None, decided_by_name="", decided_via="")
        ),
    ),
    Inconsistency(
        "unknown_status",
        "The cancellation has a status that the app does not know.",
        lambda using: ~Q(status__in=CancellationStatus.values),
    ),
    Inconsistency(
        "name_missing",
        "The cancellation refers to a user whose name was not kept.",
        _name_missing,
    ),
    Inconsistency(
        "user_missing",
        "The cancellation refers to a user that does not exist.",
        _user_missing,
    ),
    Inconsistency(
        "item_missing",
        "The cancellation refers to an item that does not exist.",
        _item_missing,
    ),
)
"""Every kind, in the order in which they are looked for."""
