"""Calls on a whole order."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator

from tests.api import arguments, error
from timp_orders.models import Cancellation, OrderItem
from timp_orders.testing import CancellationFactory, OrderFactory, OrderItemFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("name", "status"), [("confirm", "confirmed"), ("reject", "rejected")])
def test_a_supplier_sees_and_decides_its_own_items_only(call, world, name, status):
    other = CancellationFactory(order_item__order=world.order)
    answer = call(f"{name}-order", world.order.uuid, by=world.supplier)
    assert str(other.order_item.uuid) not in answer.content.decode()
    assert answer.json()["changed"] == [str(world.item.uuid)]
    world.cancellation.refresh_from_db()
    other.refresh_from_db()
    assert (world.cancellation.status, other.status) == (status, "requested")


def test_an_order_in_which_a_supplier_has_nothing_does_not_exist_for_it(call, world):
    order = CancellationFactory().order_item.order
    response = call("confirm-order", order.uuid, by=world.supplier)
    nothing = call("confirm-order", world.nowhere, by=world.supplier)
    assert error(response) == (404, "not_found")
    assert response.content == nothing.content


def test_a_request_reaches_every_suppliers_items_with_its_reason_and_note(call, world):
    Cancellation.unguarded.filter(pk=world.cancellation.pk).delete()
    other = OrderItemFactory(order=world.order)
    shipped = OrderItemFactory(order=world.order, status="HasTracking")
    body = {"order_uuid": str(world.order.uuid), "reason": "fraud", "note": "n"}
    answer = call("request-order", by=world.retailer, data=body).json()
    assert sorted(answer["changed"]) == sorted([str(world.item.uuid), str(other.uuid)])
    assert answer["refused"] == [
        {
            "order_item_uuid": str(shipped.uuid),
            "code": "already_shipped",
            "detail": "The item has already been shipped.",
        }
    ]
    assert set(Cancellation.objects.values_list("reason", "note")) == {("fraud", "n")}


def test_a_replay_is_the_same_answer_with_everything_unchanged(call, world):
    first = call("confirm-order", world.order.uuid, by=world.supplier, data={"note": "once"})
    again = call("confirm-order", world.order.uuid, by=world.supplier, data={"note": "twice"})
    assert first.json()["changed"] == again.json()["unchanged"] == [str(world.item.uuid)]
    world.cancellation.refresh_from_db()
    assert world.cancellation.decision_note == "once"


def test_who_stands_on_the_other_side_only_is_409(call, world):
    response = call("confirm-order", world.order.uuid, by=world.retailer)
    assert error(response) == (409, "wrong_side")


@pytest.mark.parametrize("name", ["request-order", "confirm-order", "reject-order"])
def test_1000_items_take_no_more_statements_than_two(call, world, retailer, supplier, name):
    def statements(count):
        order = OrderFactory(retailer=retailer)
        items = OrderItem.objects.bulk_create(
            OrderItem(order=order, supplier=supplier, sku_id="x") for _ in range(count)
        )
        args, kwargs = [order.uuid], {}
        if name == "request-order":
            args, kwargs = [], {"data": {"order_uuid": str(order.uuid)}}
        else:
            Cancellation.unguarded.bulk_create(Cancellation(order_item=item) for item in items)
        with CaptureQueriesContext(connection) as captured:
            response = call(name, *args, by=world.operator, **kwargs)
        assert len(response.json()["changed"]) == count
        # SQLite takes a limited number of parameters, so Django splits an INSERT.
        return sum(not query["sql"].startswith("INSERT") for query in captured)

    statements(2)
    two = statements(2)
    assert statements(1000) == two


def test_only_the_latest_cancellation_counts(call, world, order, supplier):
    item = OrderItemFactory(order=order, supplier=supplier)
    for status in ("rejected", "withdrawn"):
        CancellationFactory(order_item=item, status=status)
    answer = call("reject-order", order.uuid, by=world.supplier).json()
    assert answer["changed"] == [str(world.item.uuid)]
    assert (answer["unchanged"], answer["refused"]) == ([], [])


class TestAHostWhoseOrdersHaveNoUUID:
    @pytest.fixture(autouse=True)
    def _without(self, monkeypatch):
        monkeypatch.setattr(OrderItem, "ORDER_UUID_FIELD", "")

    @pytest.mark.parametrize("name", ["request-order", "confirm-order", "reject-order"])
    def test_there_are_no_calls_on_whole_orders(self, call, world, name):
        args, kwargs = arguments(name, "order", world.order.uuid)
        response = call(name, *args, by=world.operator, **kwargs)
        assert error(response) == (404, "not_found")
        world.cancellation.refresh_from_db()
        assert world.cancellation.status == "requested"

    def test_answers_have_null_in_its_place(self, call, world):
        listed = call("cancellations", method="get", by=world.supplier).json()["results"]
        detail = call("item", world.item.uuid, method="get", by=world.supplier).json()
        done = call("confirm", world.item.uuid, by=world.supplier).json()
        assert listed[0]["order_item"]["order_uuid"] is None
        assert detail["order_uuid"] is done["order_uuid"] is None

    def test_its_filter_is_an_unknown_parameter(self, call, world):
        path = f"/timp/orders/items/cancel/?order_uuid={world.order.uuid}"
        response = call(path, method="get", by=world.supplier)
        assert error(response) == (400, "invalid")

    def test_the_schema_does_not_describe_the_filter(self):
        schema = SchemaGenerator().get_schema(request=None, public=True)
        parameters = schema["paths"]["/timp/orders/items/cancel/"]["get"]["parameters"]
        names = [parameter["name"] for parameter in parameters]
        assert "order_uuid" not in names
        assert "po_number" in names
