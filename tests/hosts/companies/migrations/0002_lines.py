import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The host's lines as they were before it had cancellations."""

    dependencies = [("companies", "0001_initial")]

    # Added with the app: its cancellations have a foreign key to the lines.
    run_before = [("timp_orders", "0002_order_items")]

    operations = [
        migrations.CreateModel(
            name="Line",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("status", models.CharField(default="open", max_length=8)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="companies.product",
                    ),
                ),
                (
                    "purchase",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="companies.purchase",
                    ),
                ),
            ],
        ),
    ]
