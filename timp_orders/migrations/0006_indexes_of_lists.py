from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("timp_orders", "0005_parts_reasons_and_sides")]

    operations = [
        migrations.AddIndex(
            "orderitem",
            models.Index(fields=["supplier", "id"], name="timp_orders_item_supplier_idx"),
        ),
        migrations.AddIndex(
            "cancellation",
            models.Index(fields=["requested_at"], name="timp_orders_cancel_request_idx"),
        ),
        migrations.AddIndex(
            "cancellation",
            models.Index(fields=["decided_at"], name="timp_orders_cancel_decided_idx"),
        ),
    ]
