"""Organizations of known types only; PO numbers and SKUs of 255 characters.

A retailer may use a PO number for several orders. docs/operations.rst says what each step does to a
large table.
"""

from typing import Any

from django.db import migrations, models

TYPES = ["supplier", "retailer"]


def refuse_unknown_types(apps: Any, schema_editor: Any) -> None:
    """Say which organizations the constraint below would refuse."""
    organizations = apps.get_model("timp_orders", "Organization").objects
    every = organizations.using(schema_editor.connection.alias).order_by("pk")
    # Compared here, since MariaDB may be blind to case.
    wrong = [row for row in every.iterator() if row.org_type not in TYPES]
    if wrong:
        rows = "; ".join(f"{row.pk} ({row.name}): {row.org_type!r}" for row in wrong[:20])
        raise ValueError(
            f"{len(wrong)} organizations are neither a 'supplier' nor a 'retailer'. Give each one "
            f"of these types in org_type, then migrate again: {rows}"
        )


class Migration(migrations.Migration):
    dependencies = [("timp_orders", "0002_order_items")]

    operations = [
        migrations.RunPython(refuse_unknown_types, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("org_type__in", TYPES),
                    models.Q(
                        ("org_type__endswith", "supplier"),
                        ("org_type__endswith", "retailer"),
                        _connector="OR",
                    ),
                ),
                name="timp_orders_organization_type_known",
            ),
        ),
        # The new index before the old one goes: MariaDB needs one for look-ups meanwhile.
        migrations.AlterField(
            model_name="order",
            name="po_number",
            field=models.CharField(max_length=255, verbose_name="PO number"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["po_number", "retailer"], name="timp_orders_order_po_idx"),
        ),
        migrations.RemoveConstraint(model_name="order", name="timp_orders_order_po_number_unique"),
        migrations.AlterField(
            model_name="orderitem",
            name="sku_id",
            field=models.CharField(db_index=True, max_length=255, verbose_name="SKU"),
        ),
    ]
