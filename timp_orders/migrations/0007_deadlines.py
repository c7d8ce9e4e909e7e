from django.db import migrations, models

VIA = [("api", "API"), ("admin", "admin"), ("code", "code"), ("deadline", "deadline")]


class Migration(migrations.Migration):
    """Columns that are null, or whose default the database knows: no row is written for them."""

    dependencies = [("timp_orders", "0006_indexes_of_lists")]

    operations = [
        migrations.AddField(
            model_name="cancellation",
            name="respond_by",
            field=models.DateTimeField(blank=True, null=True, verbose_name="answer by"),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="reminded_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="reminded at"),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="overdue_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="overdue since"),
        ),
        migrations.AddField(
            model_name="cancellation",
            name="on_deadline",
            field=models.CharField(
                blank=True,
                choices=[("nothing", "nothing"), ("confirm", "confirm"), ("reject", "reject")],
                db_default="",
                default="",
                max_length=8,
                verbose_name="on the deadline",
            ),
        ),
        migrations.AlterField(
            model_name="cancellation",
            name="requested_via",
            field=models.CharField(
                choices=VIA, default="code", max_length=8, verbose_name="requested via"
            ),
        ),
        migrations.AlterField(
            model_name="cancellation",
            name="decided_via",
            field=models.CharField(
                blank=True, choices=VIA, max_length=8, verbose_name="decided via"
            ),
        ),
        migrations.AddIndex(
            model_name="cancellation",
            index=models.Index(
                fields=["status", "respond_by"], name="timp_orders_cancel_respond_idx"
            ),
        ),
    ]
