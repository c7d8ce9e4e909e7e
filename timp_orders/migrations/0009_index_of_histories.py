import django.db.models.deletion
from django.db import migrations, models

from timp_orders.conf import order_item_model_label


class Migration(migrations.Migration):
    """An index only; no table is written anew."""

    dependencies = [("timp_orders", "0008_protected_trail")]

    operations = [
        migrations.AddIndex(
            "cancellation",
            models.Index(fields=["order_item", "id"], name="timp_orders_cancel_item_idx"),
        ),
        # After that, since MariaDB keeps no foreign key without an index.
        migrations.AlterField(
            "cancellation",
            "order_item",
            models.ForeignKey(
                order_item_model_label(),
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cancellations",
                verbose_name="order item",
                db_index=False,
            ),
        ),
    ]
