from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("timp_orders", "0003_types_and_longer_numbers")]

    operations = [
        migrations.AddField(
            model_name="cancellation",
            name="item_status",
            # The database knows the default, so that processes of the release before can go on.
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=255,
                verbose_name="item status before",
            ),
        ),
    ]
