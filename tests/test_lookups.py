"""Values of kept query sets, and lists of keys: they find what the plain look-ups find."""

import threading
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Q
from django.test.utils import CaptureQueriesContext

from timp_orders.models import Cancellation, OrderItem, Organization
from timp_orders.models.querysets import Among
from timp_orders.parameter import Parameter, bound
from timp_orders.testing import CancellationFactory, OrderItemFactory, OrganizationFactory

pytestmark = pytest.mark.django_db

# A column of each kind of key: numbers, UUIDs, texts, foreign keys.
COLUMNS = {
    "pk": lambda item: item.pk,
    "uuid": lambda item: item.uuid,
    "sku_id": lambda item: item.sku_id,
    "order": lambda item: item.order_id,
}


@pytest.fixture
def items(db):
    return [OrderItemFactory(sku_id=f"it's {n}") for n in range(4)]


@pytest.mark.parametrize("column", COLUMNS)
class TestParameter:
    @pytest.fixture
    def key(self, column):
        return Parameter(
            OrderItem._meta.pk if column == "pk" else OrderItem._meta.get_field(column)
        )

    @pytest.fixture
    def kept(self, column, key):
        return OrderItem.objects.filter(**{column: key})

    def test_each_value_finds_its_own_row(self, items, column, key, kept):
        for item in items:
            with bound({key: COLUMNS[column](item)}):
                assert kept.get() == item
                assert kept.all().update(status="Backordered") == 1
        assert set(OrderItem.objects.values_list("status")) == {("Backordered",)}

    def test_it_is_put_into_subqueries_too(self, items, column, key, kept):
        CancellationFactory(order_item=items[1])
        of_it = Cancellation.objects.filter(Q(order_item__in=kept) | Q(order_item__in=kept.none()))
        with bound({key: COLUMNS[column](items[1])}):
            assert of_it.all().count() == 1
        with bound({key: COLUMNS[column](items[0])}):
            assert of_it.all().count() == 0

    def test_within_another_the_inner_value_counts(self, items, column, key, kept):
        value = COLUMNS[column]
        with bound({key: value(items[0])}):
            with bound({key: value(items[1])}):
                assert kept.get() == items[1]
            assert kept.get() == items[0]

    def test_without_a_value_no_statement_is_made(self, items, column, key, kept):
        with bound({key: COLUMNS[column](items[0])}):
            pass
        with CaptureQueriesContext(connection) as captured, pytest.raises(LookupError):
            kept.get()
        assert not captured

    def test_another_thread_has_its_own(self, items, column, key, kept):
        made, value = [], COLUMNS[column]

        def elsewhere():
            with bound({key: value(items[1])}):
                made.append(kept.query.sql_with_params())

        with bound({key: value(items[0])}):
            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()
            made.append(kept.query.sql_with_params())
        assert made[0] != made[1]


def test_two_parameters_of_one_field_are_two(items):
    first, second = Parameter(OrderItem._meta.pk), Parameter(OrderItem._meta.pk)
    assert first != second
    assert first == first.copy()
    kept = OrderItem.objects.filter(Q(pk=first) | Q(pk=second))
    with bound({first: items[0].pk, second: items[1].pk}):
        assert set(kept) == set(items[:2])


def test_a_parameter_follows_a_relation(items):
    user = User.objects.create(username="one")
    organization = OrganizationFactory(members=[user])
    OrganizationFactory()
    key = Parameter(User._meta.pk)
    kept = Organization.objects.filter(members=key)
    with bound({key: user.pk}):
        assert kept.get() == organization


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("size", range(5))
def test_among_keys_are_those_of_a_list(items, column, size):
    keys = [COLUMNS[column](item) for item in items[:size]]
    found = OrderItem.objects.filter(Among(F(column), keys)).order_by("pk")
    assert list(found) == list(OrderItem.objects.filter(**{f"{column}__in": keys}).order_by("pk"))
    assert len(found) == size


def test_among_no_keys_takes_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert list(OrderItem.objects.filter(Among(F("pk"), []))) == []


def test_keys_are_prepared_as_the_field_does(items):
    """A UUID may be named by its text, though the databases keep it in three ways."""
    keys = [str(items[0].uuid), str(uuid4())]
    assert OrderItem.objects.filter(Among(F("uuid"), keys)).get() == items[0]


def test_keys_that_occur_twice_double_no_row(items):
    assert OrderItem.objects.filter(Among(F("pk"), [items[0].pk] * 2)).count() == 1


def test_a_thousand_keys_are_one_parameter_on_postgresql(items):
    """What that database is sent; the tests above send it, where they run on it."""
    keys = list(range(1000))
    query = OrderItem.objects.filter(Among(F("pk"), keys)).query
    (lookup,) = query.where.children
    compiler = query.get_compiler(connection=connection)
    statement, parameters = lookup.as_postgresql(compiler, connection)
    assert parameters == (keys,)
    key_type = OrderItem._meta.pk.cast_db_type(connection)
    assert statement.endswith(f" = ANY(%s::{key_type}[])")
    lookup.rhs = []
    with pytest.raises(EmptyResultSet):
        lookup.as_postgresql(compiler, connection)
