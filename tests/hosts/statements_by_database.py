"""Which database each statement goes to. Run by ``tests/test_databases.py``."""

import pytest
from django.db import connections, transaction
from django.test.utils import CaptureQueriesContext

from tests.hosts.own_database.world import make_world
from timp_orders import services
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import SYSTEM
from timp_orders.signals import cancellation_confirmed

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def world():
    return make_world()


def statements(capture):
    return [query["sql"] for query in capture.captured_queries]


@pytest.mark.parametrize("count", [1, 2])
def test_the_app_reads_locks_and_writes_on_its_own_database_only(world, count):
    lines = OrderItem.objects.filter(pk__in=[line.pk for line in world.lines[:count]])
    trail, default = connections["trail"], connections["default"]
    with CaptureQueriesContext(trail) as on_trail, CaptureQueriesContext(default) as on_default:
        services.request_cancellation(lines, by=world.retailer_user)
        services.confirm_cancellation(lines, by=world.supplier_user)
    assert Cancellation.objects.using("trail").filter(status="confirmed").count() == count
    assert not [sql for sql in statements(on_default) if "timp_orders_" in sql]
    if trail.features.has_select_for_update:
        assert [sql for sql in statements(on_trail) if "FOR " in sql]


def test_its_transaction_is_that_databases(world):
    def note(**kwargs):
        transaction.on_commit(lambda: done.append("committed"), using="trail")
        raise RuntimeError("vetoed")

    done = []
    lines = OrderItem.objects.filter(pk=world.lines[0].pk)
    services.request_cancellation(lines, by=SYSTEM)
    cancellation_confirmed.connect(note)
    try:
        with pytest.raises(RuntimeError, match="vetoed"):
            services.confirm_cancellation(lines, by=SYSTEM)
    finally:
        cancellation_confirmed.disconnect(note)
    assert Cancellation.objects.get().status == "requested"
    assert OrderItem.objects.get(pk=world.lines[0].pk).status == "Allocated"
    assert done == []
