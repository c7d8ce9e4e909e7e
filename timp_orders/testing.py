"""factory-boy factories for a host's tests (extra ``testing``).

>>> supplier = OrganizationFactory(org_type="supplier", members=[user])
>>> item = OrderItemFactory(supplier=supplier, status="Allocated")
>>> cancellation = CancellationFactory(order_item=item)
"""

from collections.abc import Iterable
from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone
from factory.django import DjangoModelFactory

from timp_orders.conf import order_item_model_label
from timp_orders.models import Cancellation, Order, Organization
from timp_orders.states import CancellationStatus, ItemStatus, Side

__all__ = [
    "CancellationFactory",
    "OrderFactory",
    "OrderItemFactory",
    "OrganizationFactory",
    "UserFactory",
]


class UserFactory(DjangoModelFactory[Any]):
    """A user, by default one who may decide cancellations on their own side.

    ``permissions`` are code names of this app's permissions.
    """

    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user-{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")

    @factory.post_generation
    def permissions(self, create: bool, extracted: Iterable[str] | None, **kwargs: Any) -> None:
        codenames = ["cancel_order"] if extracted is None else list(extracted)
        user: Any = self  # factory-boy calls this with what was made
        user.user_permissions.add(
            *Permission.objects.filter(
                content_type__app_label="timp_orders", codename__in=codenames
            )
        )


class OrganizationFactory(DjangoModelFactory[Organization]):
    """An organization; ``members`` are users."""

    class Meta:
        model = Organization
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Organization {n}")
    org_type = Side.SUPPLIER

    @factory.post_generation
    def members(self, create: bool, extracted: Iterable[Any] | None, **kwargs: Any) -> None:
        self.members.add(*(extracted or ()))


class OrderFactory(DjangoModelFactory[Order]):
    class Meta:
        model = Order

    po_number = factory.Sequence(lambda n: f"po-{n:010}")
    retailer = factory.SubFactory(OrganizationFactory, org_type=Side.RETAILER)


class OrderItemFactory(DjangoModelFactory[Any]):
    """An item of the app's own model; a host with its own model subclasses this."""

    class Meta:
        model = order_item_model_label()

    order = factory.SubFactory(OrderFactory)
    supplier = factory.SubFactory(OrganizationFactory, org_type=Side.SUPPLIER)
    sku_id = factory.Sequence(lambda n: f"SKU-{n}")
    sku_name = "A thing"
    quantity_ordered = 1
    status = ItemStatus.ALLOCATED


class CancellationFactory(DjangoModelFactory[Cancellation]):
    """A cancellation, by default an open one; give ``status`` for a decided one.

    ``quantity`` asks for a part of the item, ``quantity_confirmed`` confirms fewer. The item is
    left as it is, and is taken for one of which nothing was cancelled before.
    """

    class Meta:
        model = Cancellation
        skip_postgeneration_save = True

    order_item = factory.SubFactory(OrderItemFactory)
    status = CancellationStatus.REQUESTED
    decided_at = factory.LazyAttribute(
        lambda c: None if c.status == CancellationStatus.REQUESTED else timezone.now()
    )
    quantity = None
    quantity_available = factory.LazyAttribute(
        lambda c: c.order_item.value_of(c.order_item.QUANTITY_FIELD) if _is_counted(c) else None
    )
    quantity_confirmed = factory.LazyAttribute(
        lambda c: c.quantity or c.quantity_available if _is_confirmed(c) else None
    )
    quantity_left = factory.LazyAttribute(
        lambda c: c.quantity_available - c.quantity_confirmed if _is_confirmed(c) else None
    )

    @classmethod
    def _get_manager(cls, model_class: type[Cancellation]) -> Any:
        door = model_class.unguarded
        database: str = cls._meta.database  # type: ignore[attr-defined]
        # As factory-boy does it: the default one is left to the host's router.
        return door if database == DEFAULT_DB_ALIAS else door.using(database)


def _is_counted(cancellation: Any) -> bool:
    return cancellation.quantity is not None or cancellation.order_item.counts_parts()


def _is_confirmed(cancellation: Any) -> bool:
    return _is_counted(cancellation) and cancellation.status == CancellationStatus.CONFIRMED
