from timp_orders import services
from timp_orders.models import OrderItem, Cancellation
import pytest
from timp_orders.testing import *
from django.db import connection
from django.test.utils import CaptureQueriesContext


def test_confirm(item, cancellation, supplier_user, named):
    with CaptureQueriesContext(
        connection,
    ) as q:
        outcome = services.confirm_cancellation(named(item), by=supplier_user, note="hi")
    for s in q.captured_queries:
        print(s["sql"])
    assert outcome.changed == [item.uuid]
    item.refresh_from_db()
    cancellation.refresh_from_db()
    assert (
        item.status == "Cancelled"
        and cancellation.status == "confirmed"
        and cancellation.open is None
    )
    assert outcome.item.cancellation.decided_at == cancellation.decided_at
    assert services.confirm_cancellation(named(item), by=supplier_user, note="hi").unchanged == [
        item.uuid
    ]


def test_bulk(order, supplier, supplier_user, retailer_user):
    items = OrderItemFactory.create_batch(5, order=order, supplier=supplier)
    qs = OrderItem.objects.filter(order=order)
    assert len(services.request_cancellation(qs, by=retailer_user, reason="fraud").changed) == 5
    assert Cancellation.objects.filter(open=True).count() == 5
    with CaptureQueriesContext(
        connection,
    ) as q:
        assert len(services.confirm_cancellation(qs[:3], by=supplier_user).changed) == 3
    for s in q.captured_queries:
        print(s["sql"])
    o = services.request_cancellation(qs[:1], by=retailer_user, reason="fraud")
    print(o)
    with CaptureQueriesContext(
        connection,
    ) as q:
        o = services.reject_cancellation(qs, by=supplier_user)
    assert len(o.changed) == 2
    o = services.request_cancellation(OrderItem.objects.filter(pk=items[0].pk), by=retailer_user)
    assert o.changed and o.item.cancellation.status == "requested"
