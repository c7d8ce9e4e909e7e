"""Lists of keys: they find what the plain look-ups find."""

from uuid import UUID, uuid4

import pytest
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import ExpressionWrapper, F

from timp_orders.models import OrderItem
from timp_orders.models.lookups import Among
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


class Halved(models.IntegerField):
    """A host's own field: what the database has is twice as much."""

    def get_prep_value(self, value):
        return None if value is None else value * 2


def test_integers_of_a_field_of_the_hosts_are_prepared_by_it():
    item = OrderItemFactory(quantity_ordered=4)
    quantity = ExpressionWrapper(F("quantity_ordered"), Halved())
    assert OrderItem.objects.filter(Among(quantity, [2])).get() == item
    assert not OrderItem.objects.filter(Among(quantity, [4])).exists()


def test_keys_that_occur_twice_double_no_row(items):
    assert OrderItem.objects.filter(Among(F("pk"), [items[0].pk] * 2)).count() == 1


@pytest.mark.parametrize(
    ("column", "keys", "sent"),
    [
        ("pk", [1, 22, 333], "{1,22,333}"),
        ("order", [1, 2], "{1,2}"),
        ("sku_id", ["it's 1", '"', "{}"], ["it's 1", '"', "{}"]),
        ("pk", ["1"], "{1}"),
    ],
)
def test_all_keys_are_one_parameter_on_postgresql(column, keys, sent):
    """What that database is sent; the tests above send it, where they run on it."""
    (lookup,) = OrderItem.objects.filter(Among(F(column), keys)).query.where.children
    compiler = OrderItem.objects.all().query.get_compiler(connection=connection)
    kind = lookup.lhs.output_field.cast_db_type(connection)
    statement, parameters = lookup.as_postgresql(compiler, connection)
    assert statement.endswith(f" = ANY(%s::{kind}[])")
    assert parameters == (sent,)


def test_uuids_are_one_text_where_the_database_has_them(monkeypatch):
    monkeypatch.setattr(connection.features, "has_native_uuid_field", True)
    (lookup,) = OrderItem.objects.filter(Among(F("uuid"), [UUID(int=1)])).query.where.children
    compiler = OrderItem.objects.all().query.get_compiler(connection=connection)
    _, parameters = lookup.as_postgresql(compiler, connection)
    assert parameters == ("{00000000-0000-0000-0000-000000000001}",)


def test_no_keys_are_no_statement_on_postgresql():
    (lookup,) = OrderItem.objects.filter(Among(F("pk"), [])).query.where.children
    with pytest.raises(EmptyResultSet):
        lookup.as_postgresql(OrderItem.objects.all().query.get_compiler("default"), connection)
