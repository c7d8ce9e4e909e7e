import uuid

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# Hosts that use the app's own items never set it.
ORDER_ITEM_MODEL = getattr(settings, "TIMP_ORDERS_ORDER_ITEM_MODEL", "timp_orders.OrderItem")


class Migration(migrations.Migration):
    """Apart from 0001: a host's own items may have a foreign key to the orders made there."""

    initial = True

    dependencies = [
        ("timp_orders", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        migrations.swappable_dependency(ORDER_ITEM_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "uuid",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, unique=True, verbose_name="UUID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("Unallocated", "Unallocated"),
                            ("Allocated", "Allocated"),
                            ("Backordered", "Backordered"),
                            ("Rejected", "Rejected"),
                            ("HasTracking", "Has tracking"),
                            ("Cancelled", "Cancelled"),
                        ],
                        default="Unallocated",
                        max_length=32,
                        verbose_name="status",
                    ),
                ),
                ("sku_id", models.CharField(db_index=True, max_length=64, verbose_name="SKU")),
                ("sku_name", models.CharField(blank=True, max_length=200, verbose_name="SKU name")),
                (
                    "quantity_ordered",
                    models.PositiveIntegerField(
                        default=1,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="quantity",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="timp_orders.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "supplier",
                    models.ForeignKey(
                        limit_choices_to={"org_type": "supplier"},
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="order_items",
                        to="timp_orders.organization",
                        verbose_name="supplier",
                    ),
                ),
            ],
            options={
                "verbose_name": "order item",
                "verbose_name_plural": "order items",
                "ordering": ["-pk"],
                "swappable": "TIMP_ORDERS_ORDER_ITEM_MODEL",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("quantity_ordered__gte", 1)),
                        name="timp_orders_orderitem_quantity_positive",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Cancellation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "uuid",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, unique=True, verbose_name="UUID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "requested"),
                            ("confirmed", "confirmed"),
                            ("rejected", "rejected"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="requested",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                (
                    "open",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(models.Q(("status", "requested")), then=models.Value(True))
                        ),
                        output_field=models.BooleanField(null=True),
                        verbose_name="open",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=64, verbose_name="reason")),
                ("note", models.TextField(blank=True, verbose_name="note")),
                (
                    "requested_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="requested at"
                    ),
                ),
                (
                    "requested_via",
                    models.CharField(
                        choices=[("api", "API"), ("admin", "admin"), ("code", "code")],
                        default="code",
                        max_length=8,
                        verbose_name="requested via",
                    ),
                ),
                (
                    "requested_by_name",
                    models.CharField(
                        blank=True, max_length=255, verbose_name="requested by (name)"
                    ),
                ),
                ("decision_note", models.TextField(blank=True, verbose_name="decision note")),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided at"),
                ),
                (
                    "decided_via",
                    models.CharField(
                        blank=True,
                        choices=[("api", "API"), ("admin", "admin"), ("code", "code")],
                        max_length=8,
                        verbose_name="decided via",
                    ),
                ),
                (
                    "decided_by_name",
                    models.CharField(blank=True, max_length=255, verbose_name="decided by (name)"),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
                    ),
                ),
                (
                    "order_item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cancellations",
                        to=ORDER_ITEM_MODEL,
                        verbose_name="order item",
                    ),
                ),
            ],
            options={
                "verbose_name": "cancellation",
                "verbose_name_plural": "cancellations",
                "ordering": ["-pk"],
                "permissions": [
                    (
                        "cancel_order",
                        "Can request, decide and withdraw cancellations on their own side",
                    ),
                    ("cancel_any_order", "Can request, decide and withdraw any cancellation"),
                    ("view_any_order", "Can see the cancellations of every organization"),
                ],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["status", "id"], name="timp_orders_cancel_status_idx")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("open", "order_item"), name="timp_orders_cancellation_one_open"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["requested", "confirmed", "rejected", "withdrawn"])
                        ),
                        name="timp_orders_cancellation_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "requested"), ("decided_at", None)),
                            models.Q(
                                models.Q(("status", "requested"), _negated=True),
                                ("decided_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="timp_orders_cancellation_decided_at",
                    ),
                ],
            },
        ),
    ]
