from django.db import migrations


class Migration(migrations.Migration):
    """Of the model only; no table is changed."""

    dependencies = [("timp_orders", "0007_deadlines")]

    operations = [
        migrations.AlterModelOptions(
            "cancellation",
            {
                "base_manager_name": "objects",
                "default_permissions": ("view",),
                "ordering": ["-pk"],
                "permissions": [
                    (
                        "cancel_order",
                        "Can request, decide and withdraw cancellations on their own side",
                    ),
                    ("cancel_any_order", "Can request, decide and withdraw any cancellation"),
                    ("view_any_order", "Can see the cancellations of every organization"),
                ],
                "verbose_name": "cancellation",
                "verbose_name_plural": "cancellations",
            },
        ),
    ]
