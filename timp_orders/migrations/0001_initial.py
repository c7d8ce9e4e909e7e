import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Organization",
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
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "org_type",
                    models.CharField(
                        choices=[("supplier", "supplier"), ("retailer", "retailer")],
                        max_length=16,
                        verbose_name="type",
                    ),
                ),
                (
                    "members",
                    models.ManyToManyField(
                        blank=True,
                        db_constraint=False,
                        related_name="timp_organizations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="members",
                    ),
                ),
            ],
            options={
                "verbose_name": "organization",
                "verbose_name_plural": "organizations",
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Order",
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
                ("po_number", models.CharField(max_length=64, verbose_name="PO number")),
                (
                    "retailer",
                    models.ForeignKey(
                        limit_choices_to={"org_type": "retailer"},
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="timp_orders.organization",
                        verbose_name="retailer",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_index=True, default=django.utils.timezone.now, verbose_name="created at"
                    ),
                ),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("po_number", "retailer"), name="timp_orders_order_po_number_unique"
                    )
                ],
            },
        ),
    ]
