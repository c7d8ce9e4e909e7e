"""``manage.py protect_trail``: what the database refuses, and what it lets through."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, router, transaction
from django.db.utils import OperationalError

from timp_orders import services, triggers
from timp_orders.models import Cancellation, Order, OrderItem, Organization
from timp_orders.models.trail import PERSONAL
from timp_orders.services import SYSTEM
from timp_orders.services.erasure import erased_by_batches
from timp_orders.testing import CancellationFactory, OrderItemFactory, UserFactory

# MariaDB commits before and after it creates a trigger.
creates_triggers = pytest.mark.django_db(transaction=True)

TABLE = "timp_orders_cancellation"
NOW = datetime(2030, 1, 2, tzinfo=UTC)


def protect(*arguments):
    call_command("protect_trail", *arguments, verbosity=0)


@pytest.fixture(scope="class")
def protected(django_db_setup, django_db_blocker):
    """The triggers are there before a test begins its transaction, and until it is rolled back."""
    with django_db_blocker.unblock():
        protect()
    yield
    with django_db_blocker.unblock():
        protect("--remove")


def execute(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.rowcount


def refused(write, message):
    with pytest.raises(IntegrityError, match=f"timp_orders: {message}"), transaction.atomic():
        write()


@pytest.fixture
def decided(item, retailer_user, supplier_user):
    """A cancellation that users requested and rejected, each with a note."""
    services.request_cancellation(item, by=retailer_user, reason="fraud", note="Call Ruth")
    services.reject_cancellation(item, by=supplier_user, note="Sam says no")
    return Cancellation.objects.get()


OTHERS = {
    "id": lambda one: one.pk + 1000,
    "uuid": lambda one: uuid4(),
    "order_item": lambda one: OrderItemFactory(),
    "status": lambda one: "withdrawn",
    "quantity": lambda one: 1,
    "quantity_available": lambda one: 7,
    "quantity_left": lambda one: 7,
    "reason": lambda one: "Fraud",  # another text to the last byte, whatever the collation says
    "requested_at": lambda one: one.requested_at + timedelta(microseconds=1),
    "requested_via": lambda one: "api",
    "requested_side": lambda one: "system",
    "respond_by": lambda one: NOW,
    "reminded_at": lambda one: NOW,
    "overdue_at": lambda one: NOW,
    "on_deadline": lambda one: "confirm",
    "item_status": lambda one: "allocated",
    "decision_reason": lambda one: "fraud",
    "decided_at": lambda one: None,
    "decided_via": lambda one: "",
    "decided_side": lambda one: "",
    "quantity_confirmed": lambda one: 1,
}
FACTS = {field.name for field in Cancellation._meta.local_concrete_fields} - {*PERSONAL, "open"}


@pytest.mark.django_db
@pytest.mark.usefixtures("protected")
class TestWhatIsRefused:
    def test_the_list_of_facts_is_complete(self):
        assert set(OTHERS) == FACTS

    @pytest.mark.parametrize("status", ["requested", "confirmed", "rejected", "withdrawn"])
    def test_to_delete_a_cancellation(self, status):
        one = CancellationFactory(status=status)
        for write in (
            lambda: execute(f"DELETE FROM {TABLE} WHERE id = %s", one.pk),
            lambda: execute(f"DELETE FROM {TABLE}"),
            lambda: Cancellation.unguarded.all().delete(),
        ):
            refused(write, "a cancellation is never deleted; see manage.py protect_trail")
        assert Cancellation.objects.get() == one

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="has no triggers on TRUNCATE")
    def test_to_truncate(self, decided):
        connection.check_constraints()  # PostgreSQL truncates nothing that waits for these
        refused(lambda: execute(f"TRUNCATE {TABLE}"), "a cancellation is never deleted")
        refused(lambda: execute("TRUNCATE timp_orders_orderitem CASCADE"), "a cancellation is")
        assert Cancellation.objects.get() == decided

    @pytest.mark.parametrize("name", OTHERS)
    def test_to_change_a_fact_of_a_decided_one(self, decided, name):
        before = Cancellation.objects.values().get()
        row = Cancellation.unguarded.filter(pk=decided.pk)
        value = OTHERS[name](decided)
        refused(lambda: row.update(**{name: value}), "facts of a decided cancellation never change")
        assert Cancellation.objects.values().get() == before

    def test_to_open_it_again(self, decided):
        row = Cancellation.unguarded.filter(pk=decided.pk)
        refused(lambda: row.update(status="requested", decided_at=None), "facts of a decided")

    @pytest.mark.parametrize("name", PERSONAL)
    def test_to_replace_what_is_personal(self, decided, name):
        other = UserFactory() if name.endswith("_by") else "Somebody else"
        refused(lambda: Cancellation.objects.update(**{name: other}), "facts of a decided")

    @pytest.mark.parametrize("act", ["requested", "decided"])
    def test_to_write_a_side_that_was_not_kept(self, act):
        CancellationFactory(status="rejected", requested_by_name="ruth", decided_by_name="sam")
        row = Cancellation.unguarded
        refused(lambda: row.update(**{f"{act}_side": "supplier"}), "facts of a decided")


@pytest.mark.django_db
@pytest.mark.usefixtures("protected")
class TestWhatWorks:
    def test_the_services_do_all_that_they_do(self, named):
        items = OrderItemFactory.create_batch(6)
        services.request_cancellation(named(*items[:4]), by=SYSTEM)
        services.confirm_cancellation(items[0], by=SYSTEM)
        services.reject_cancellation(named(*items[1:3]), by=SYSTEM, note="No")
        services.withdraw_cancellation(items[3], by=SYSTEM)
        services.cancel_items(named(*items), by=SYSTEM)
        assert sorted(Cancellation.objects.values_list("status", flat=True)) == [
            *["confirmed"] * 6,
            *["rejected"] * 2,
            "withdrawn",
        ]

    def test_deadlines_are_marked_and_enforced(self, settings):
        settings.TIMP_ORDERS = {"ON_DEADLINE": "confirm"}
        CancellationFactory(respond_by=datetime(2020, 1, 1, tzinfo=UTC))
        done = services.enforce_deadlines()
        assert (done.overdue, done.confirmed) == (1, 1)
        assert Cancellation.objects.get().overdue_at

    @pytest.mark.parametrize("notes", [False, True])
    def test_personal_data_is_erased(self, decided, retailer_user, notes):
        CancellationFactory(status="confirmed", requested_by_name="retailer", decided_by_name="sam")
        assert sum(erased_by_batches(user=retailer_user.pk, notes=notes)) == 1
        later = datetime(9000, 1, 1, tzinfo=UTC)
        assert sum(erased_by_batches(decided_before=later, notes=notes)) == 2
        for one in Cancellation.objects.all():
            assert (one.requested_by_id, one.requested_by_name) == (None, "")
            assert (one.requested_side, one.decided_side) == ("retailer", "supplier")
            assert not (notes and one.note)

    def test_users_are_deleted(self, decided, retailer_user, supplier_user):
        retailer_user.delete()
        supplier_user.delete()
        found = Cancellation.objects.get()
        assert (found.requested_by, found.decided_by) == (None, None)
        assert (found.requested_by_name, found.decided_by_name) == ("retailer", "supplier")

    def test_what_changes_nothing_is_let_through(self, decided):
        Cancellation.unguarded.update(status=decided.status, requested_at=decided.requested_at)

    def test_open_ones_are_written(self, cancellation):
        assert Cancellation.unguarded.update(respond_by=NOW, reminded_at=NOW, note="Two") == 1


@creates_triggers
class TestTheCommand:
    def test_it_may_be_repeated_both_ways(self, cancellation, capsys):
        assert not triggers.is_protected("default")
        for _ in range(2):
            call_command("protect_trail", "--database", "default")
            assert triggers.is_protected("default")
            refused(lambda: execute(f"DELETE FROM {TABLE}"), "a cancellation is never deleted")
        for _ in range(2):
            call_command("protect_trail", "--remove")
            assert not triggers.is_protected("default")
        assert capsys.readouterr().out == (
            "The audit trail in the database 'default' is protected by triggers.\n" * 2
            + "The audit trail in the database 'default' is not protected by triggers.\n" * 2
        )
        assert execute(f"DELETE FROM {TABLE}") == 1

    def test_it_takes_the_database_of_the_cancellations(self, monkeypatch):
        asked = []
        monkeypatch.setattr(router, "db_for_write", lambda model: asked.append(model) or "default")
        protect("--remove")
        assert asked == [Cancellation]

    def test_a_database_that_there_is_not_is_refused(self):
        with pytest.raises(CommandError, match="invalid choice: 'elsewhere'"):
            protect("--database", "elsewhere")

    @pytest.mark.parametrize("arguments", [[], ["--remove"]])
    def test_another_kind_of_database_is_refused(self, monkeypatch, arguments):
        monkeypatch.setattr(connection, "vendor", "oracle")
        assert not triggers.is_protected("default")
        with pytest.raises(CommandError, match="no triggers of the audit trail for oracle"):
            protect(*arguments)

    def test_what_the_database_says_is_told(self, monkeypatch):
        def fail(*args):
            raise OperationalError("permission denied")

        monkeypatch.setattr("timp_orders.triggers._execute", fail)
        with pytest.raises(CommandError, match="permission denied"):
            protect()

    def test_the_tables_are_flushed_once_the_triggers_are_gone(self, decided):
        options = {"interactive": False, "inhibit_post_migrate": True, "verbosity": 0}
        protect()
        try:
            with pytest.raises(CommandError, match="couldn't be flushed"):
                call_command("flush", reset_sequences=False, **options)
        finally:
            connection.enable_constraint_checking()  # which MariaDB's flush leaves off
            protect("--remove")
        assert Cancellation.objects.get() == decided
        call_command("flush", reset_sequences=False, **options)
        assert not Cancellation.objects.exists()


@creates_triggers
class TestMigrations:
    @pytest.fixture(autouse=True)
    def _latest_afterwards(self):
        yield
        protect("--remove")
        Cancellation.unguarded.all().delete()
        for model in (OrderItem, Order, Organization):
            model.objects.all().delete()
        call_command("migrate", verbosity=0)

    def migrate(self, name):
        call_command("migrate", "timp_orders", name, verbosity=0)

    @pytest.mark.parametrize("name", ["0006", "0004", "0002"])
    def test_back_and_forward_again_everything_stays_protected(self, name):
        made = CancellationFactory(status="rejected")
        protect()
        self.migrate(name)
        refused(lambda: execute(f"DELETE FROM {TABLE}"), "a cancellation is never deleted")
        change = f"UPDATE {TABLE} SET status = 'confirmed'"
        refused(lambda: execute(change), "facts of a decided cancellation never change")
        open_one = f"UPDATE {TABLE} SET requested_by_name = ''"
        assert execute(open_one) == 1 or connection.vendor == "mysql"  # which counts changes
        self.migrate("0008")
        refused(lambda: execute(f"DELETE FROM {TABLE}"), "a cancellation is never deleted")
        refused(lambda: execute(change), "facts of a decided cancellation never change")
        assert Cancellation.objects.get() == made

    def test_what_was_not_protected_is_not_afterwards(self):
        self.migrate("0006")
        self.migrate("0008")
        assert not triggers.is_protected("default")

    def test_without_migrations_to_run_nothing_happens(self):
        protect()
        triggers.suspend("default", [])
        triggers.protect_again("default")
        assert triggers.is_protected("default")

    def test_a_migration_may_fill_a_column_of_decided_ones_and_not_delete(self):
        CancellationFactory(status="rejected")
        protect()
        triggers.suspend("default", ["something to run"])
        assert execute(f"UPDATE {TABLE} SET item_status = 'Allocated'") == 1
        refused(lambda: execute(f"DELETE FROM {TABLE}"), "a cancellation is never deleted")
        triggers.protect_again("default")
        refused(lambda: execute(f"UPDATE {TABLE} SET item_status = 'New'"), "facts of a decided")

    def test_nothing_is_left_when_the_table_goes(self):
        protect()
        try:
            self.migrate("zero")
            assert not triggers.is_protected("default")
            left = connection.vendor == "postgresql" and execute(
                "SELECT FROM pg_proc WHERE proname LIKE 'timp_%%'"
            )
            assert not left  # of the function
            with pytest.raises(CommandError, match="There is no table of cancellations in"):
                protect()
        finally:
            call_command("migrate", verbosity=0)
        assert not triggers.is_protected("default")
