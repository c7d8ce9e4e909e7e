import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column of NULLs, which every database adds at once, however many rows there are."""

    dependencies = [("companies", "0002_lines")]

    operations = [
        # Without a default here: it would be called once, and all rows would get the same UUID.
        migrations.AddField("line", "uuid", models.UUIDField(null=True, editable=False)),
        migrations.AlterField(
            "line", "uuid", models.UUIDField(null=True, editable=False, default=uuid.uuid4)
        ),
    ]
