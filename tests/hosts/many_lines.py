"""The recipe for a table of millions: the host's own migrations, run on rows that were there."""

import uuid
from importlib import import_module

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count

values = import_module("tests.hosts.companies.migrations.0004_line_uuid_values")
MANY = 3 * values.BATCH_SIZE + 500

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(name):
    """Migrate the host's app, and return its lines as they are then."""
    executor = MigrationExecutor(connection)
    executor.migrate([("companies", name)])
    return executor.loader.project_state([("companies", name)]).apps.get_model("companies", "Line")


@pytest.fixture
def lines():
    """Lines as they were before the host had cancellations."""
    call_command("migrate", "timp_orders", "zero", verbosity=0)
    model = migrate("0002_lines")
    apps = model._meta.apps
    company = apps.get_model("companies", "Company").objects.create(name="Both")
    product = apps.get_model("companies", "Product").objects.create(sku="SKU", seller=company)
    purchase = apps.get_model("companies", "Purchase").objects.create(number="po-1", buyer=company)
    model.objects.bulk_create(
        (model(product=product, purchase=purchase) for _ in range(MANY)), batch_size=5000
    )
    yield model
    call_command("migrate", verbosity=0)


def test_every_line_gets_a_uuid_of_its_own(lines):
    model = migrate("0005_line_uuid_unique")
    counted = model.objects.aggregate(rows=Count("pk"), uuids=Count("uuid", distinct=True))
    assert counted == {"rows": MANY, "uuids": MANY}
    first, second = model.objects.order_by("pk")[:2]
    second.uuid = first.uuid
    with pytest.raises(IntegrityError):
        second.save()


def test_the_column_is_empty_at_first_so_that_it_is_added_at_once(lines):
    assert migrate("0003_line_uuid").objects.filter(uuid=None).count() == MANY


def test_a_backfill_that_broke_off_goes_on_where_it_stopped(lines, monkeypatch):
    made = []

    def breaking_off():
        if len(made) == 2 * values.BATCH_SIZE + 7:
            raise KeyboardInterrupt
        made.append(uuid.UUID(int=len(made)))
        return made[-1]

    monkeypatch.setattr(values.uuid, "uuid4", breaking_off)
    with pytest.raises(KeyboardInterrupt):
        migrate("0004_line_uuid_values")
    monkeypatch.undo()

    model = migrate("0003_line_uuid")
    done = set(model.objects.exclude(uuid=None).values_list("uuid", flat=True))
    assert done == set(made[: 2 * values.BATCH_SIZE])
    model = migrate("0005_line_uuid_unique")
    kept = set(model.objects.values_list("uuid", flat=True))
    assert len(kept) == MANY
    assert done < kept


def test_it_tells_how_far_it_is(lines, monkeypatch):
    told = []

    class Progress(values.tqdm):
        def update(self, n=1):
            told.append((n, self.total))
            return super().update(n)

    monkeypatch.setattr(values, "tqdm", Progress)
    migrate("0004_line_uuid_values")
    assert [n for n, _ in told] == [values.BATCH_SIZE] * 3 + [500]
    assert {total for _, total in told} == {MANY}
