"""The recipe of docs/side-effects.rst for rows that items share: calls that cross do not wait."""

import re
import sys
import threading
from textwrap import dedent
from types import ModuleType

import pytest
from django.db import connection, models

from tests.servers import ROOT
from timp_orders.models import OrderItem
from timp_orders.services import (
    SYSTEM,
    Change,
    apply_changes,
    cancel_items,
    confirm_cancellation,
    reject_cancellation,
)
from timp_orders.signals import cancellations_changed
from timp_orders.testing import CancellationFactory, OrderFactory

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = (ROOT / "docs" / "side-effects.rst").read_text()
RECIPE = dedent(re.search(r"    :caption: shop/receivers.py\n\n((?:    .*\n|\n)+)", PAGE)[1])
SKUS = [f"SKU-{number}" for number in range(5)]
ROUNDS = 10


class Stock(models.Model):
    sku = models.CharField(max_length=20, unique=True)
    free = models.IntegerField(default=0)

    class Meta:
        app_label = "shop_of_the_recipe"


@pytest.fixture(autouse=True)
def restock(monkeypatch):
    """The recipe's receiver, connected, and its table."""
    with connection.schema_editor() as editor:
        editor.create_model(Stock)
    Stock.objects.bulk_create(Stock(sku=sku) for sku in SKUS)
    shop = ModuleType("shop.models")
    shop.Stock = Stock
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    monkeypatch.setitem(sys.modules, "shop.models", shop)
    module = {}
    exec(compile(RECIPE, "shop/receivers.py", "exec"), module)
    yield module["restock"]
    cancellations_changed.disconnect(module["restock"])
    with connection.schema_editor() as editor:
        editor.delete_model(Stock)


def order_of(*skus):
    """Make an order with an item of two of each SKU, and an open cancellation of each."""
    order = OrderFactory()
    for sku in skus:
        CancellationFactory(
            order_item__order=order, order_item__sku_id=sku, order_item__quantity_ordered=2
        )
    return order


def stock():
    return dict(Stock.objects.values_list("sku", "free"))


def test_what_is_cancelled_is_given_back_and_nothing_else(settings):
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}
    items = list(OrderItem.objects.filter(order=order_of(*SKUS, SKUS[0])).order_by("pk"))
    apply_changes(
        [
            Change(items[0], "confirm"),
            Change(items[1], "confirm", quantity=1),
            Change(items[2], "reject"),
            Change(items[3], "withdraw"),
            Change(items[5], "confirm"),
        ],
        by=SYSTEM,
    )
    reject_cancellation(items[4], by=SYSTEM)
    assert stock() == dict(zip(SKUS, [4, 1, 0, 0, 0], strict=True))
    cancel_items(items[2], by=SYSTEM)
    assert stock()[SKUS[2]] == 2


@pytest.mark.skipif(connection.vendor == "sqlite", reason="has one writer at a time")
def test_calls_that_cross_are_never_busy():
    errors = []

    def confirm(items, gate):
        try:
            gate.wait()
            confirm_cancellation(items, by=SYSTEM).raise_if_refused()
        except BaseException as error:  # raised below
            errors.append(error)
        finally:
            connection.close()

    for _ in range(ROUNDS):
        orders = [order_of(*SKUS), order_of(*SKUS[::-1]), order_of(*SKUS[2:], *SKUS[:2])]
        gate = threading.Barrier(len(orders))
        threads = [
            threading.Thread(target=confirm, args=[OrderItem.objects.filter(order=order), gate])
            for order in orders
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
    assert set(stock().values()) == {2 * 3 * ROUNDS}
