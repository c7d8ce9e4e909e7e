"""The migrations: complete, named by hand, there and back; and what the database itself refuses."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import Error, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from timp_orders import migrations
from timp_orders.models import Cancellation, Order, OrderItem, Organization
from timp_orders.services import SYSTEM, confirm_cancellation
from timp_orders.states import CancellationStatus
from timp_orders.testing import CancellationFactory, OrderFactory, OrderItemFactory

FILES = sorted(path.stem for path in Path(migrations.__file__).parent.glob("[0-9]*.py"))
DECIDED = [status for status in CancellationStatus.values if status != "requested"]


def tables():
    return {name for name in connection.introspection.table_names() if name.startswith("timp_")}


def test_each_has_a_number_and_a_name_given_by_hand():
    assert FILES
    assert [int(name[:4]) for name in FILES] == list(range(1, len(FILES) + 1))
    for name in FILES:
        assert re.fullmatch(r"\d{4}_[a-z][a-z0-9_]+", name)
        assert "auto" not in name.split("_")


@pytest.mark.django_db
def test_none_is_missing():
    call_command("makemigrations", "timp_orders", "--check", "--dry-run", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_they_run_forward_back_to_nothing_and_forward_again():
    latest = tables()
    assert {"timp_orders_organization", "timp_orders_order", "timp_orders_cancellation"} <= latest
    try:
        call_command("migrate", "timp_orders", "zero", verbosity=0)
        assert tables() == set()
    finally:
        call_command("migrate", verbosity=0)
    assert tables() == latest


@pytest.mark.django_db
class TestWhatTheDatabaseRefuses:
    """Whatever wrote it: the service functions, or somebody's SQL."""

    @pytest.fixture
    def refused(self):
        # An IntegrityError, but MariaDB has other errors for a check that fails.
        def refused(write):
            with transaction.atomic(), pytest.raises(Error), transaction.atomic():
                write()

        return refused

    def test_a_second_open_cancellation_of_an_item(self, item, cancellation, refused):
        refused(lambda: Cancellation.unguarded.bulk_create([Cancellation(order_item=item)]))

    def test_a_decided_one_that_opens_again_beside_an_open_one(self, item, cancellation, refused):
        decided = CancellationFactory(order_item=item, status="rejected")
        row = Cancellation.unguarded.filter(pk=decided.pk)
        refused(lambda: row.update(status="requested", decided_at=None))

    @pytest.mark.parametrize("status", DECIDED)
    def test_a_decision_without_its_time(self, cancellation, refused, status):
        row = Cancellation.unguarded.filter(pk=cancellation.pk)
        refused(lambda: row.update(status=status))

    def test_the_time_of_a_decision_on_an_open_one(self, cancellation, refused):
        row = Cancellation.unguarded.filter(pk=cancellation.pk)
        refused(lambda: row.update(decided_at=timezone.now()))

    @pytest.mark.parametrize("status", ["", "Requested", "cancelled"])
    def test_a_status_that_is_none(self, cancellation, refused, status):
        row = Cancellation.unguarded.filter(pk=cancellation.pk)
        refused(lambda: row.update(status=status, decided_at=timezone.now()))

    def test_a_quantity_of_nothing(self, item, refused):
        row = OrderItem.objects.filter(pk=item.pk)
        refused(lambda: row.update(quantity_ordered=0))

    @pytest.mark.parametrize("org_type", ["", "SUPPLIER", "supplier ", "xsupplier", "both"])
    def test_an_organization_of_an_unknown_type(self, supplier, refused, org_type):
        row = Organization.objects.filter(pk=supplier.pk)
        refused(lambda: row.update(org_type=org_type))
        refused(lambda: Organization.objects.create(name="Wrong", org_type=org_type))

    @pytest.mark.parametrize("model", [Cancellation, OrderItem, Order])
    def test_a_uuid_twice(self, cancellation, model, refused):
        other = CancellationFactory()
        one = {
            Cancellation: cancellation,
            OrderItem: cancellation.order_item,
            Order: cancellation.order_item.order,
        }[model]
        another = {
            Cancellation: other,
            OrderItem: other.order_item,
            Order: other.order_item.order,
        }[model]
        refused(
            lambda: (
                getattr(model, "unguarded", model.objects)
                .filter(pk=another.pk)
                .update(uuid=one.uuid)
            )
        )

    def test_it_takes_many_decided_ones_beside_an_open_one(self, item, cancellation):
        for status in [*DECIDED, *DECIDED]:
            CancellationFactory(order_item=item, status=status)
        assert item.cancellations.count() == 2 * len(DECIDED) + 1
        assert item.cancellations.get(open=True) == cancellation

    def test_it_takes_a_po_number_twice_and_every_status_of_the_hosts(self, order):
        assert OrderFactory(po_number=order.po_number).pk != order.pk
        assert OrderFactory(po_number=order.po_number, retailer=order.retailer).pk != order.pk
        assert OrderItemFactory(status="The host's own").pk

    def test_it_takes_long_numbers_and_skus(self, order):
        number, sku = "☃" * 255, "𝄞" * 255
        order.po_number = number
        order.save()
        item = OrderItemFactory(order=order, sku_id=sku)
        item.refresh_from_db()
        assert (item.order.po_number, item.sku_id) == (number, sku)


@pytest.mark.django_db(transaction=True)
class TestWithData:
    """Each migration from the one before and back, with rows of every kind."""

    @pytest.fixture(autouse=True)
    def _latest_afterwards(self):
        yield
        Cancellation.unguarded.all().delete()
        for model in (OrderItem, Order, Organization):
            model.objects.all().delete()
        call_command("migrate", verbosity=0)

    @pytest.fixture
    def rows(self):
        for status in CancellationStatus.values:
            CancellationFactory(status=status)

        def rows():
            found = {}
            for table in sorted(tables() - {"timp_orders_organization_members"}):
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT * FROM {table} ORDER BY id")
                    names = [column[0] for column in cursor.description]
                    found[table] = [dict(zip(names, row, strict=True)) for row in cursor]
            return found

        return rows

    @pytest.mark.parametrize("name", FILES[1:-1])
    def test_back_to_each_and_forward_again_keeps_every_row(self, rows, name):
        before = rows()
        call_command("migrate", "timp_orders", name, verbosity=0)
        between = rows()
        for table, found in between.items():
            for row, old in zip(found, before[table], strict=True):
                assert row == {column: old[column] for column in row}
        call_command("migrate", verbosity=0)
        assert rows() == before

    def test_the_release_before_requests_and_confirms_on_the_new_tables(self, item, settings):
        """While a deployment goes on, its processes still run."""
        old = MigrationLoader(connection).project_state(
            [("timp_orders", "0004_cancellation_item_status")]
        )
        cancellations = old.apps.get_model("timp_orders", "Cancellation").objects
        named = cancellations.create(order_item_id=item.pk, requested_by_name="ruth")
        OrderItem.objects.filter(pk=item.pk, status="Allocated").update(status="Cancelled")
        decision = {"status": "confirmed", "decided_at": timezone.now(), "decided_by_name": "simon"}
        assert cancellations.filter(pk=named.pk, decided_at=None).update(**decision) == 1
        read = Cancellation.objects.get()
        assert (read.requested_party, read.decided_party) == ("retailer", "supplier")
        assert (read.quantity, read.quantity_confirmed, read.quantity_left) == (None, None, None)
        for is_on in (False, True):
            settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": is_on}
            assert confirm_cancellation(item, by=SYSTEM).unchanged == [item.uuid]

    def test_organizations_of_unknown_types_are_named_before_they_are_refused(self):
        call_command("migrate", "timp_orders", "0002", verbosity=0)
        wrong = [Organization(name="Wrong", org_type="SUPPLIER"), Organization(name="None")]
        Organization.objects.bulk_create(wrong)
        with pytest.raises(ValueError, match=r"2 organizations .*\(Wrong\): 'SUPPLIER'.*None"):
            call_command("migrate", verbosity=0)
        Organization.objects.update(org_type="retailer")
        call_command("migrate", verbosity=0)
