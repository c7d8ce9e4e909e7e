"""Lists of keys: they find what the plain look-ups find."""

from uuid import uuid4

import pytest
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F

from timp_orders.models import OrderItem
from timp_orders.models.querysets import Among
from timp_orders.testing import OrderItemFactory

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
