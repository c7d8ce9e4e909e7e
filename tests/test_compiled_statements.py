"""Compiled statements: they do what their query sets do, with each call's own values."""

import threading
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from tests.test_lookups import COLUMNS
from timp_orders.models import Cancellation, Order, OrderItem, Organization
from timp_orders.statements import Parameter, Selection, Update
from timp_orders.testing import CancellationFactory, OrderItemFactory, OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def items(db):
    return [OrderItemFactory(sku_id=f"it's {n}") for n in range(3)]


def parameter(name, model=OrderItem):
    return Parameter(name, model._meta.pk if name == "pk" else model._meta.get_field(name))


@pytest.mark.parametrize("column", COLUMNS)
class TestEachKindOfColumn:
    @pytest.fixture
    def rows(self, column):
        return OrderItem.objects.filter(**{column: parameter(column)})

    def test_each_value_selects_its_own_row(self, items, column, rows):
        select = Selection(rows)
        for item in items:
            assert select(**{column: COLUMNS[column](item)}) == [item]

    def test_each_value_updates_its_own_row(self, items, column, rows):
        update = Update(rows, {"status": parameter("status")})
        for item, status in zip(items, ["Cancelled", "Backordered", "it's"], strict=True):
            assert update(status=status, **{column: COLUMNS[column](item)}) == 1
            item.refresh_from_db()
            assert item.status == status

    def test_it_is_put_into_subqueries_too(self, items, column, rows):
        cancellation = CancellationFactory(order_item=items[1])
        none = Q(order_item__in=rows.none())
        select = Selection(Cancellation.objects.filter(Q(order_item__in=rows) | none))
        assert select(**{column: COLUMNS[column](items[1])}) == [cancellation]
        assert select(**{column: COLUMNS[column](items[0])}) == []

    def test_without_its_value_no_statement_is_sent(self, items, column, rows):
        select, update = Selection(rows), Update(rows, {"status": "Cancelled"})
        for statement in (select, update):
            with CaptureQueriesContext(connection) as captured, pytest.raises(KeyError):
                statement()
            assert not captured


@pytest.mark.parametrize(
    "shown",
    [
        lambda rows: rows.select_related("order"),
        lambda rows: rows.values_list("uuid", flat=True),
        lambda rows: rows.values_list("uuid", "order__uuid"),
        lambda rows: rows.values("uuid", "order__po_number"),
        lambda rows: rows.order_by("-pk")[:2],
        lambda rows: rows.only("sku_id"),
    ],
)
def test_a_selection_reads_what_the_query_set_reads(items, shown, django_assert_num_queries):
    wanted = list(shown(OrderItem.objects.filter(pk__gte=items[1].pk)))
    select = Selection(shown(OrderItem.objects.filter(pk__gte=parameter("pk"))))
    with django_assert_num_queries(1):
        found = select(pk=items[1].pk)
    assert found == wanted
    if isinstance(found[0], OrderItem):
        with CaptureQueriesContext(connection) as of_found:
            orders = [(item.order.po_number, item._state.db) for item in found]
        with CaptureQueriesContext(connection) as of_wanted:
            assert orders == [(item.order.po_number, item._state.db) for item in wanted]
        assert len(of_found) == len(of_wanted)


def test_a_value_follows_a_relation(items):
    user = User.objects.create(username="one")
    organization = OrganizationFactory(members=[user])
    OrganizationFactory()
    key = Parameter("user", User._meta.pk)
    assert Selection(Organization.objects.filter(members=key))(user=user.pk) == [organization]


def test_two_values_of_one_column_are_two(items):
    either = Q(pk=Parameter("first", OrderItem._meta.pk))
    either |= Q(pk=Parameter("second", OrderItem._meta.pk))
    select = Selection(OrderItem.objects.filter(either).order_by("pk"))
    assert select(first=items[0].pk, second=items[2].pk) == [items[0], items[2]]


def test_a_column_is_compared_with_one_value_and_given_another(items):
    item = items[0]
    becomes = Parameter("becomes", OrderItem._meta.get_field("status"))
    rows = OrderItem.objects.filter(pk=parameter("pk"), status=parameter("status"))
    update = Update(rows, {"status": becomes})
    assert update(pk=item.pk, status="Allocated", becomes="Cancelled") == 1
    assert update(pk=item.pk, status="Allocated", becomes="Cancelled") == 0


def test_moments_and_nothing_are_written(items):
    cancellation = CancellationFactory(order_item=items[0])
    columns = ["respond_by", "requested_by_id"]
    update = Update(
        Cancellation.unguarded.filter(pk=parameter("pk", Cancellation)),
        {name: parameter(name, Cancellation) for name in columns},
    )
    user = User.objects.create(username="one")
    moment = datetime(2030, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
    for values in [(moment, user.pk), (None, None)]:
        assert update(pk=cancellation.pk, **dict(zip(columns, values, strict=True))) == 1
        cancellation.refresh_from_db()
        assert tuple(getattr(cancellation, name) for name in columns) == values


def test_an_update_that_fails_breaks_the_transaction_around_it(items):
    update = Update(
        Order.objects.filter(pk=parameter("pk", Order)), {"uuid": parameter("uuid", Order)}
    )
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            update(pk=items[0].order_id, uuid=items[1].order.uuid)
        assert connection.needs_rollback
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_each_thread_uses_its_own_connection(items):
    select = Selection(OrderItem.objects.filter(pk=parameter("pk")))
    update = Update(OrderItem.objects.filter(pk=parameter("pk")), {"status": parameter("status")})
    found = []

    def elsewhere():
        with CaptureQueriesContext(connections["default"]) as captured:
            found.extend(select(pk=items[1].pk))
            update(pk=items[1].pk, status="Backordered")
        found.append(len(captured))
        connections["default"].connection.close()  # Django does not close one in memory

    with CaptureQueriesContext(connection) as captured:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert found == [items[1], 2]
    assert not captured


def test_a_selection_keeps_no_connection(items):
    """It would outlive the thread that compiled the statement."""
    select = Selection(OrderItem.objects.filter(pk=parameter("pk")))
    select(pk=items[0].pk)
    assert select._compiler.connection is None
