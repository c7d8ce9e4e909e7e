"""What a ruling on an item depends on, read without a lock or under one."""

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db.models import F, QuerySet

from timp_orders import errors
from timp_orders.conf import settings
from timp_orders.models import AbstractOrderItem, Cancellation, get_order_item_model
from timp_orders.models.querysets import LATEST, Among, OrderItemQuerySet, locked
from timp_orders.states import Action, Lifecycle, Ruling, Side, rule

if TYPE_CHECKING:
    from timp_orders.policy import Standing, User

__all__ = ["Facts", "attach", "catch_up", "confirmable", "described", "locked_facts", "ruling"]


class Facts(NamedTuple):
    """One item, where the caller stands towards it, and its latest cancellation."""

    standing: "Standing"
    pk: Any
    uuid: UUID
    status: Any
    on_supplier_side: bool
    on_retailer_side: bool
    cancellation_pk: int | None = None
    cancellation_uuid: UUID | None = None
    cancellation_status: str | None = None

    @property
    def is_visible(self) -> bool:
        return self.standing.sees_all or self.on_supplier_side or self.on_retailer_side

    def stands_on(self, side: Side) -> bool:
        return self.on_supplier_side if side == Side.SUPPLIER else self.on_retailer_side


def ruling(
    action: Action,
    facts: Facts,
    lifecycle: Lifecycle,
    expected: UUID | None = None,
) -> Ruling | type[errors.CancellationError]:
    """Say what the action does to the item: who may not see a thing learns nothing else of it.

    :param expected: the UUID of the cancellation that the caller meant, if they named one.
    :returns: ``"change"``, ``"replay"``, or the class of the error that refuses it.
    """
    if not facts.is_visible:
        return errors.NotFound
    if not facts.standing.may_cancel:
        return errors.PermissionDenied
    if not facts.stands_on(action.side):
        return errors.WrongSide
    if expected and facts.cancellation_uuid and facts.cancellation_uuid != expected:
        return errors.Superseded
    return rule(
        action,
        item_status=facts.status,
        cancellation_status=facts.cancellation_status,
        lifecycle=lifecycle,
    )


def described(user: "User | None", standing: "Standing", using: str) -> OrderItemQuerySet[Any]:
    """Order items with all that an answer and a ruling need, in one statement.

    Call :func:`attach` on each.
    """
    model = get_order_item_model()
    return (
        OrderItemQuerySet(model, using=using)
        .with_sides(user, standing)
        .with_latest_cancellation()
        .select_related(*model.order_relations(), LATEST)
    )


def confirmable(
    user: "User | None", standing: "Standing", using: str, **named: Any
) -> QuerySet[Any]:
    """Only items with an open or a confirmed cancellation, on whose supplier side the user stands.

    A leaner statement than :func:`described`: it does not ask about the retailer's side. Call
    :func:`attach` on each.
    """
    items = _confirmable(get_order_item_model(), using).filter(**named)
    return _on_side(items, user, standing, Side.SUPPLIER)


def _on_side(
    items: QuerySet[Any], user: "User | None", standing: "Standing", side: Side
) -> QuerySet[Any]:
    """Keep the items on whose side the user stands; a policy may double them."""
    if user is None or standing.either_side:
        return items
    if not user.is_authenticated:
        return items.none()
    return settings.policy.on_side(items, user, side)


@cache
def _confirmable(model: type[AbstractOrderItem], using: str) -> OrderItemQuerySet[Any]:
    # Kept, since it depends on these alone, and to make it costs as much as a statement.
    items: OrderItemQuerySet[Any] = OrderItemQuerySet(model, using=using)
    relations = [*model.order_relations(), LATEST]
    return items.with_open_or_confirmed_cancellation().select_related(*relations).order_by()


def attach(item: Any, standing: "Standing", *, side: Side | None = None) -> Facts:
    """Give an item of :func:`described` or :func:`confirmable` its ``cancellation`` and ``facts``.

    :param standing: of the user that the query set was made for.
    :param side: the only one that the query set asked about, if it is no annotation.
    :returns: the facts.
    """
    latest: Cancellation | None = item.__dict__.pop(LATEST, None)
    item.cancellation = latest
    item.facts = Facts(
        standing,
        item.pk,
        getattr(item, item.UUID_FIELD),
        getattr(item, item.STATUS_FIELD),
        bool(item.on_supplier_side) if side is None else side == Side.SUPPLIER,
        bool(item.on_retailer_side) if side is None else side == Side.RETAILER,
        *((latest.pk, latest.uuid, latest.status) if latest else ()),
    )
    facts: Facts = item.facts
    return facts


def catch_up(item: Any, using: str) -> None:
    """Give a locked item of :func:`described` what its locks return: status and cancellation.

    For a transaction that somebody else began: under REPEATABLE READ, MariaDB's plain reads still
    show what was there when it began, not what was committed while the lock was waited for.
    """
    items: OrderItemQuerySet[Any] = OrderItemQuerySet(type(item))
    rows = locked(items.filter(pk=item.pk), using)
    for status in rows.values_list(item.STATUS_FIELD, flat=True):
        setattr(item, item.STATUS_FIELD, status)
    latest = locked(Cancellation.objects.filter(order_item=item.pk), using).last()
    item.cancellation = latest
    item.facts = item.facts._replace(status=getattr(item, item.STATUS_FIELD))
    if latest is not None:
        latest.order_item = item
        item.facts = item.facts._replace(
            cancellation_pk=latest.pk,
            cancellation_uuid=latest.uuid,
            cancellation_status=latest.status,
        )


def locked_facts(
    pks: Collection[Any], user: "User | None", standing: "Standing", side: Side, using: str
) -> dict[Any, Facts]:
    """Lock items and their cancellations, and only then read what a ruling depends on.

    :param pks: primary keys; those of vanished items are missing in the result.
    :param side: the acting one. Whoever stands on it is not looked for on the other, since
        no ruling depends on that.
    :returns: facts by primary key, in its order.
    """
    model = get_order_item_model()
    items: OrderItemQuerySet[Any] = OrderItemQuerySet(model)
    held = locked(items.filter(Among(F("pk"), pks)), using)
    rows = list(held.values_list("pk", model.UUID_FIELD, model.STATUS_FIELD))
    # Statements of their own, since the one above does not see what was committed while it waited.
    pks = [pk for pk, _, _ in rows]
    on = {side: _on_side_of(pks, user, standing, side, using)}
    rest = [pk for pk in pks if pk not in on[side]]
    on[side.opposite] = _on_side_of(rest, user, standing, side.opposite, using)
    facts = {
        pk: Facts(standing, pk, uuid, status, pk in on[Side.SUPPLIER], pk in on[Side.RETAILER])
        for pk, uuid, status in rows
    }
    # A locking one, since under REPEATABLE READ a plain one does not see it either.
    trail = Cancellation.objects.filter(Among(F("order_item"), pks))
    cancellations: QuerySet[Any] = locked(trail, using)
    for item_pk, *latest in cancellations.values_list("order_item_id", "pk", "uuid", "status"):
        facts[item_pk] = Facts(*facts[item_pk][:6], *latest)
    return facts


def _on_side_of(
    pks: Collection[Any], user: "User | None", standing: "Standing", side: Side, using: str
) -> set[Any]:
    """Tell which of the items the user stands on the side of.

    Their organizations are joined once for all of them; to ask for each row took half of a call.
    """
    if standing.either_side:
        return set(pks)
    items: OrderItemQuerySet[Any] = OrderItemQuerySet(get_order_item_model(), using=using)
    found = _on_side(items.filter(Among(F("pk"), pks)), user, standing, side)
    return set(found.order_by().values_list("pk", flat=True))
