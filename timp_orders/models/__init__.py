"""Organizations, orders, order items and their cancellations."""

import uuid

from django.apps import apps
from django.conf import settings as django_settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from timp_orders.conf import ORDER_ITEM_MODEL as SWAPPABLE
from timp_orders.conf import order_item_model_label, settings
from timp_orders.models.abstract import AbstractOrderItem, StaleStatus
from timp_orders.models.cancellation import Cancellation
from timp_orders.models.trail import ProtectedTrail
from timp_orders.states import Lifecycle, Side

__all__ = [
    "AbstractOrderItem",
    "Cancellation",
    "Order",
    "OrderItem",
    "Organization",
    "ProtectedTrail",
    "StaleStatus",
    "get_order_item_model",
]


def get_order_item_model() -> "type[AbstractOrderItem]":
    """Return the order item model that is in force, as ``get_user_model()`` does for users.

    :raises LookupError: ``TIMP_ORDERS_ORDER_ITEM_MODEL`` names no installed model.
    :raises ValueError: it is not of the form ``"app_label.ModelName"``.
    """
    model: type[AbstractOrderItem] = apps.get_model(order_item_model_label(), require_ready=False)
    return model


class Organization(models.Model):
    """A retailer or a supplier; users are its members."""

    uuid = models.UUIDField(_("UUID"), unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=200)
    org_type = models.CharField(_("type"), max_length=16, choices=Side.choices)
    members = models.ManyToManyField(
        django_settings.AUTH_USER_MODEL,
        verbose_name=_("members"),
        related_name="timp_organizations",
        blank=True,
        db_constraint=False,  # users may live in another database, here and below
    )

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                # To an IN, MariaDB may be blind to case and to blanks at the end; to a LIKE not.
                condition=Q(org_type__in=Side.values)
                & (Q(org_type__endswith=Side.SUPPLIER) | Q(org_type__endswith=Side.RETAILER)),
                name="timp_orders_organization_type_known",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    """An order of a retailer's, known to it by its PO number, and to everyone by its UUID.

    A retailer may use a PO number for several orders.
    """

    uuid = models.UUIDField(_("UUID"), unique=True, default=uuid.uuid4, editable=False)
    po_number = models.CharField(_("PO number"), max_length=255)
    retailer = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        verbose_name=_("retailer"),
        related_name="orders",
        limit_choices_to={"org_type": Side.RETAILER},
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-pk"]
        indexes = [
            # The PO number first: it also serves look-ups by the PO number alone.
            models.Index(fields=["po_number", "retailer"], name="timp_orders_order_po_idx")
        ]

    def __str__(self) -> str:
        return self.po_number


class OrderItem(AbstractOrderItem):
    """One SKU of an order, fulfilled by one supplier.

    Swappable: ``TIMP_ORDERS_ORDER_ITEM_MODEL`` names another model to take its place.
    """

    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, verbose_name=_("order"), related_name="items"
    )
    supplier = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        verbose_name=_("supplier"),
        related_name="order_items",
        limit_choices_to={"org_type": Side.SUPPLIER},
    )
    sku_id = models.CharField(_("SKU"), max_length=255, db_index=True)
    sku_name = models.CharField(_("SKU name"), max_length=200, blank=True)
    quantity_ordered = models.PositiveIntegerField(
        _("quantity"), default=1, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = _("order item")
        verbose_name_plural = _("order items")
        ordering = ["-pk"]
        # Only where the host sets it: without a value, makemigrations could not resolve a foreign
        # key of the host's to this model.
        swappable = (
            SWAPPABLE
            if getattr(django_settings, SWAPPABLE, None) == order_item_model_label()
            else None
        )
        indexes = [
            # One supplier's items in the order of the list, however many they are.
            models.Index(fields=["supplier", "id"], name="timp_orders_item_supplier_idx")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity_ordered__gte=1), name="timp_orders_orderitem_quantity_positive"
            )
        ]

    @classmethod
    def lifecycle(cls) -> Lifecycle:
        """Return what the statuses mean, as ``TIMP_ORDERS`` says it."""
        return Lifecycle(
            frozenset(settings.CANCELLABLE_STATUSES),
            frozenset(settings.SHIPPED_STATUSES),
            settings.CANCELLED_STATUS,
        )
