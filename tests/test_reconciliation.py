"""``manage.py audit_cancellations``: every contradiction is found, and nothing is changed."""

import json
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.operations import RemoveConstraint
from django.db.migrations.state import ProjectState

from tests.test_services import rows
from timp_orders.models import Cancellation, OrderItem
from timp_orders.reconciliation import INCONSISTENCIES, find_inconsistencies
from timp_orders.testing import CancellationFactory, OrderItemFactory, UserFactory

pytestmark = pytest.mark.django_db


def found():
    return [(finding.code, finding.cancellation_uuid) for finding in find_inconsistencies()]


def audit(*arguments):
    """Return the exit code's error, and the lines."""
    output = StringIO()
    try:
        call_command("audit_cancellations", *arguments, stdout=output)
    except CommandError as error:
        return str(error), output.getvalue().splitlines()
    return "", output.getvalue().splitlines()


def cancelled(*statuses):
    """Make a cancelled item with cancellations in these statuses, and return the last of these."""
    item = OrderItemFactory(status="Cancelled")
    return [CancellationFactory(order_item=item, status=status) for status in statuses][-1]


def without_name(name):
    made = CancellationFactory(status="rejected", **{f"{name}_by_name": ""})
    Cancellation.unguarded.filter(pk=made.pk).update(**{f"{name}_by": UserFactory()})
    return made


def of_a_user_who_is_gone(name):
    made = CancellationFactory(status="rejected")
    gone = 1 + max([0, *User.objects.values_list("pk", flat=True)])
    values = {f"{name}_by_id": gone, f"{name}_by_name": "gone"}
    Cancellation.unguarded.filter(pk=made.pk).update(**values)
    return made


MADE = {
    "not_cancelled": [lambda: CancellationFactory(status="confirmed")],
    "cancelled_while_open": [
        lambda: cancelled("requested"),
        lambda: cancelled("confirmed", "requested"),
    ],
    "open_with_decision": [lambda: CancellationFactory(decided_by_name="somebody")],
    "name_missing": [lambda: without_name("requested"), lambda: without_name("decided")],
    "user_missing": [
        lambda: of_a_user_who_is_gone("requested"),
        lambda: of_a_user_who_is_gone("decided"),
    ],
}


def test_a_user_without_a_name_left_none_behind():
    made = without_name("decided")
    User.objects.update(username="")
    assert Cancellation.objects.get() == made
    assert found() == []


def test_a_user_whose_name_is_a_number_has_one(monkeypatch):
    made = without_name("decided")
    monkeypatch.setattr(User, "USERNAME_FIELD", "id")
    assert found() == [("name_missing", made.uuid)]


@pytest.mark.parametrize(("code", "make"), [(c, make) for c, made in MADE.items() for make in made])
def test_each_contradiction_is_found_and_nothing_is_changed(code, make):
    wrong = make()
    before = rows()
    assert (code, wrong.uuid) in found()
    error, lines = audit()
    assert error == f"Findings: {len(lines)}."
    assert any(line.startswith(f"{code} ") and str(wrong.uuid) in line for line in lines)
    assert rows() == before


def test_an_open_one_before_a_decided_one_is_found():
    item = OrderItemFactory()
    opened = CancellationFactory(order_item=item)
    CancellationFactory(order_item=item, status="rejected")
    assert found() == [("open_not_latest", opened.uuid)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="takes a constraint off")
@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("decided_without_time", {"status": "rejected"}),
        ("unknown_status", {"status": "cancelled", "decided_at": "2030-01-01T00:00:00Z"}),
    ],
)
def test_what_the_database_refuses_is_found_where_it_did_not(code, values):
    made = CancellationFactory()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        Cancellation.unguarded.filter(pk=made.pk).update(**values)
        cursor.execute("PRAGMA ignore_check_constraints = OFF")
    assert (code, made.uuid) in found()


@pytest.fixture
def without_unique_constraint(transactional_db):
    """Take off what keeps an item from having two open cancellations, as an import may."""
    before = ProjectState.from_apps(apps)
    after = before.clone()
    operation = RemoveConstraint("Cancellation", "timp_orders_cancellation_one_open")
    operation.state_forwards("timp_orders", after)
    with connection.schema_editor() as editor:
        operation.database_forwards("timp_orders", editor, before, after)
    yield
    Cancellation.unguarded.all().delete()
    with connection.schema_editor() as editor:
        operation.database_backwards("timp_orders", editor, after, before)


def test_the_newer_of_two_open_cancellations_is_found(without_unique_constraint, item):
    _, newer = (CancellationFactory(order_item=item) for _ in range(2))
    assert found() == [("two_open", newer.uuid)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="takes a foreign key off")
def test_a_cancellation_of_an_item_that_is_gone_is_found():
    made = CancellationFactory()
    with connection.constraint_checks_disabled():
        OrderItem.objects.filter(pk=made.order_item_id)._raw_delete("default")
    try:
        assert ("item_missing", made.uuid) in found()
    finally:
        Cancellation.unguarded.filter(pk=made.pk).delete()


@pytest.mark.parametrize(
    "make",
    [
        lambda: cancelled("confirmed"),
        lambda: cancelled("rejected", "confirmed"),
        lambda: CancellationFactory(status="rejected"),
        lambda: CancellationFactory(status="withdrawn"),
        CancellationFactory,
        OrderItemFactory,
    ],
)
def test_what_is_right_is_left_alone(make):
    make()
    assert found() == []
    assert audit() == ("", ["Nothing was found."])
    assert audit("--json") == ("", [])


def test_json_lines_have_all_that_is_known():
    wrong = CancellationFactory(status="confirmed")
    error, (line,) = audit("--json")
    assert error
    assert json.loads(line) == {
        "code": "not_cancelled",
        "cancellation_uuid": str(wrong.uuid),
        "cancellation_status": "confirmed",
        "order_item_uuid": str(wrong.order_item.uuid),
        "item_status": "Allocated",
    }


@pytest.mark.parametrize(("count", "spans"), [(0, 1), (1, 1), (9, 1), (10, 2), (25, 3), (30, 4)])
def test_statements_grow_with_spans_of_keys_and_not_with_what_is_found(
    order, supplier, django_assert_num_queries, settings, monkeypatch, count, spans
):
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}
    monkeypatch.setattr("timp_orders.reconciliation._SPAN", 10)
    items = OrderItem.objects.bulk_create(
        OrderItem(order=order, supplier=supplier, sku_id=str(n), status="Cancelled")
        for n in range(count)
    )
    made = Cancellation.unguarded.bulk_create(Cancellation(order_item=item) for item in items)
    keys = 1  # a statement finds where a span ends
    with django_assert_num_queries(spans * (len(INCONSISTENCIES) + keys)):
        assert [uuid for _, uuid in found()] == [cancellation.uuid for cancellation in made]


def test_what_changes_while_it_is_read_is_read_on(monkeypatch):
    monkeypatch.setattr("timp_orders.reconciliation._SPAN", 2)
    wrong = [CancellationFactory(status="confirmed") for _ in range(4)]
    reading = find_inconsistencies()
    assert next(reading).cancellation_uuid == wrong[0].uuid
    Cancellation.unguarded.filter(pk=wrong[1].pk).delete()
    Cancellation.unguarded.filter(pk=wrong[2].pk).delete()
    wrong.append(CancellationFactory(status="confirmed"))
    left = [finding.cancellation_uuid for finding in reading]
    # The first span was read, the one after is as it is by now.
    assert left == [one.uuid for one in (wrong[1], wrong[3], wrong[4])]


def test_users_in_another_database_are_not_asked_for(settings):
    of_a_user_who_is_gone("decided")
    settings.DATABASE_ROUTERS = [f"{__name__}.UsersElsewhere"]
    assert found() == []


class UsersElsewhere:
    def db_for_write(self, model, **hints):
        return "elsewhere" if model is User else None
