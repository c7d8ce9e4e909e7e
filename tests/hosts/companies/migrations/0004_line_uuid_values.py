import uuid

from django.db import migrations
from tqdm import tqdm

BATCH_SIZE = 1000


def fill(apps, schema_editor):
    """Give every line its UUID. Interrupted, it goes on where it stopped."""
    model = apps.get_model("companies", "Line")
    empty = model.objects.using(schema_editor.connection.alias).filter(uuid=None).order_by("pk")
    with tqdm(total=empty.count(), unit=" lines", disable=None) as progress:
        last = 0
        while batch := list(empty.filter(pk__gt=last).only("pk")[:BATCH_SIZE]):
            for line in batch:
                line.uuid = uuid.uuid4()
            empty.bulk_update(batch, ["uuid"])
            last = batch[-1].pk
            progress.update(len(batch))


class Migration(migrations.Migration):
    # Each batch commits by itself: no lock is held for long, and no work is lost.
    atomic = False

    dependencies = [("companies", "0003_line_uuid")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
