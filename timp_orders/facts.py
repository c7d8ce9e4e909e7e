"""What a ruling on an item depends on, read without a lock or under one."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from timp_orders import errors
from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.querysets import LATEST, OrderItemQuerySet, locked
from timp_orders.states import Action, Lifecycle, Ruling, Side, rule

if TYPE_CHECKING:
    from timp_orders.policy import Standing, User

__all__ = ["Facts", "attach", "catch_up", "described", "locked_facts", "ruling"]


class Facts(NamedTuple):
    """One item, where the caller stands towards it, and its latest cancellation."""

    pk: Any
    uuid: UUID
    status: Any
    on_supplier_side: bool
    on_retailer_side: bool
    cancellation_pk: int | None = None
    cancellation_uuid: UUID | None = None
    cancellation_status: str | None = None

    def stands_on(self, side: Side) -> bool:
        return self.on_supplier_side if side == Side.SUPPLIER else self.on_retailer_side


def ruling(
    action: Action,
    facts: Facts,
    standing: "Standing",
    lifecycle: Lifecycle,
    expected: UUID | None = None,
) -> Ruling | type[errors.CancellationError]:
    """Say what the action does to the item: who may not see a thing learns nothing else of it.

    :param expected: the UUID of the cancellation that the caller meant, if they named one.
    :returns: ``"change"``, ``"replay"``, or the class of the error that refuses it.
    """
    if not (standing.sees_all or facts.on_supplier_side or facts.on_retailer_side):
        return errors.NotFound
    if not standing.may_cancel:
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
    # Without any it takes None: without arguments it would join every relation.
    joined: list[Any] = model.order_relations() or [None]
    return (
        OrderItemQuerySet(model, using=using)
        .select_related(*joined)
        .with_sides(user, standing)
        .with_latest_cancellation()
    )


def attach(item: Any) -> Facts:
    """Give an item of :func:`described` its ``cancellation`` and its ``facts``.

    :returns: the facts.
    """
    values = {
        field.attname: item.__dict__.pop(LATEST + field.attname)
        for field in Cancellation._meta.concrete_fields
    }
    item.cancellation = None
    if values["id"] is not None:
        item.cancellation = Cancellation.from_db(
            item._state.db, list(values), list(values.values())
        )
        item.cancellation.order_item = item
    item.facts = Facts(
        item.pk,
        getattr(item, item.UUID_FIELD),
        getattr(item, item.STATUS_FIELD),
        bool(item.on_supplier_side),
        bool(item.on_retailer_side),
        values["id"],
        values["uuid"],
        values["status"],
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
    pks: Iterable[Any], user: "User | None", standing: "Standing", using: str
) -> dict[Any, Facts]:
    """Lock items and their cancellations, and only then read what a ruling depends on.

    :param pks: primary keys; those of vanished items are missing in the result.
    :returns: facts by primary key, in its order.
    """
    model = get_order_item_model()
    items: OrderItemQuerySet[Any] = OrderItemQuerySet(model)
    held: Any = locked(items.filter(pk__in=pks), using).with_sides(user, standing)
    rows = held.values_list(
        "pk", model.UUID_FIELD, model.STATUS_FIELD, "on_supplier_side", "on_retailer_side"
    )
    facts = {row[0]: Facts(*row) for row in rows}
    # A statement of its own, since the one above does not see what was committed while it waited;
    # and a locking one, since under REPEATABLE READ a plain one does not either.
    trail = Cancellation.objects.filter(order_item__in=list(facts))
    cancellations: QuerySet[Any] = locked(trail, using)
    for item_pk, *latest in cancellations.values_list("order_item_id", "pk", "uuid", "status"):
        facts[item_pk] = Facts(*facts[item_pk][:5], *latest)
    return facts
