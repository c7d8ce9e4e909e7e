import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("timp_orders", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                (
                    "state",
                    models.PositiveSmallIntegerField(
                        choices=[(10, "New"), (20, "Picked"), (30, "Sent"), (90, "Cancelled")],
                        default=10,
                    ),
                ),
                ("article", models.CharField(max_length=40)),
                ("title", models.CharField(max_length=80)),
                ("pieces", models.PositiveIntegerField(default=1)),
                (
                    "purchase",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="timp_orders.order",
                        to_field="uuid",
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="timp_orders.organization",
                        to_field="uuid",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
    ]
