import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    """From here on the column is what ``AbstractOrderItem`` declares."""

    dependencies = [("companies", "0004_line_uuid_values")]

    operations = [
        migrations.AlterField(
            "line",
            "uuid",
            models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="UUID"),
        ),
    ]
