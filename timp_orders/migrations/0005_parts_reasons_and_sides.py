from django.db import migrations, models
from django.db.models import F, Q

PARTIES = [("supplier", "supplier"), ("retailer", "retailer"), ("system", "system")]


class Migration(migrations.Migration):
    """Columns that are null, or whose default the database knows: no row is written for them.

    So processes of the release before go on meanwhile. docs/operations.rst says what each step does
    to a large table.
    """

    dependencies = [("timp_orders", "0004_cancellation_item_status")]

    operations = [
        migrations.AddField(
            model_name="cancellation",
            name="quantity",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="quantity"),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="quantity_available",
            field=models.PositiveIntegerField(
                blank=True, null=True, verbose_name="quantity available"
            ),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="quantity_confirmed",
            field=models.PositiveIntegerField(
                blank=True, null=True, verbose_name="quantity confirmed"
            ),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="quantity_left",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="quantity left"),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="requested_side",
            field=models.CharField(
                blank=True,
                choices=PARTIES,
                db_default="",
                default="",
                max_length=8,
                verbose_name="requested by (side)",
            ),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="decision_reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=64,
                verbose_name="decision reason",
            ),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="decided_side",
            field=models.CharField(
                blank=True,
                choices=PARTIES,
                db_default="",
                default="",
                max_length=8,
                verbose_name="decided by (side)",
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellation",
            constraint=models.CheckConstraint(
                condition=Q(quantity=None)
                | Q(
                    quantity__gte=1,
                    quantity_available__isnull=False,
                    quantity__lte=F("quantity_available"),
                ),
                name="timp_orders_cancellation_quantity_available",
            ),
        ),
        migrations.AddConstraint(
            model_name="cancellation",
            constraint=models.CheckConstraint(
                condition=Q(quantity_confirmed=None)
                | (
                    Q(status="confirmed", quantity_confirmed__gte=1)
                    & (Q(quantity=None) | Q(quantity_confirmed__lte=F("quantity")))
                ),
                name="timp_orders_cancellation_quantity_confirmed",
            ),
        ),
    ]
