"""Quantities, names that clients make, outright cancellations and reasons, over HTTP."""

from uuid import uuid4, uuid5

import pytest

from tests.api import error
from timp_orders.models import Cancellation
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def parts(settings):
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}


@pytest.fixture
def three(order, supplier):
    return OrderItemFactory(order=order, supplier=supplier, quantity_ordered=3)


@pytest.mark.usefixtures("parts")
class TestQuantities:
    def test_the_story_of_a_part(self, call, callers, three):
        asked = call("request", three.uuid, by=callers["retailer"], data={"quantity": 2})
        assert asked.status_code == 200
        assert asked.json()["cancellation"]["quantity"] == 2
        decided = call("confirm", three.uuid, by=callers["supplier"], data={"quantity": 1})
        answer = decided.json()
        assert (answer["status"], answer["quantity_cancelled"], answer["quantity_left"]) == (
            "Allocated",
            1,
            2,
        )
        cancellation = answer["cancellation"]
        assert (cancellation["quantity"], cancellation["quantity_confirmed"]) == (2, 1)
        assert (cancellation["requested_by"], cancellation["decided_by"]) == (
            "retailer",
            "supplier",
        )
        detail = call("item", three.uuid, method="get", by=callers["retailer"]).json()
        assert (detail["quantity_left"], detail["supported_actions"]) == (2, ["request"])
        assert detail["cancellations"] == [cancellation]

    def test_too_great_says_how_many_are_left(self, call, callers, three):
        response = call("request", three.uuid, by=callers["retailer"], data={"quantity": 4})
        assert error(response) == (422, "quantity_too_great")
        assert response.json()["quantity_left"] == 3

    @pytest.mark.parametrize("quantity", [0, -1, "1", 1.5, 1.0, True, [1], 2**31, 10**400])
    def test_no_number_from_one_on_is_invalid(self, call, callers, three, quantity):
        for name in ("request", "confirm", "cancel"):
            response = call(name, three.uuid, by=callers["operator"], data={"quantity": quantity})
            assert error(response) == (400, "invalid")
            assert list(response.json()["errors"]) == ["quantity"]

    @pytest.mark.parametrize("name", ["reject", "withdraw"])
    def test_where_there_is_none_it_is_an_unknown_field(self, call, callers, three, name):
        CancellationFactory(order_item=three)
        response = call(name, three.uuid, by=callers["operator"], data={"quantity": 1})
        assert error(response) == (400, "invalid")
        assert not Cancellation.objects.exclude(status="requested").exists()

    def test_a_decision_that_names_none_after_a_confirmed_part_must(self, call, callers, three):
        for name, by, data in [
            ("request", "retailer", {"quantity": 1}),
            ("confirm", "supplier", {}),
            ("request", "retailer", {"quantity": 1}),
        ]:
            last = call(name, three.uuid, by=callers[by], data=data).json()
        bare = call("confirm", three.uuid, by=callers["supplier"])
        assert error(bare) == (422, "must_be_named")
        order = call("confirm-order", three.order.uuid, by=callers["supplier"])
        assert error(order) == (422, "nothing_to_do")
        assert order.json()["refused"][0]["code"] == "must_be_named"
        named = {"cancellation_uuid": last["cancellation"]["uuid"]}
        assert call("confirm", three.uuid, by=callers["supplier"], data=named).status_code == 200


@pytest.mark.parametrize("name", ["request", "confirm", "cancel"])
def test_without_parts_a_quantity_is_invalid_and_nothing_is_dropped(call, callers, three, name):
    CancellationFactory(order_item=three)
    response = call(name, three.uuid, by=callers["operator"], data={"quantity": 1})
    assert error(response) == (400, "invalid")
    assert Cancellation.objects.get().status == "requested"


def test_without_parts_nothing_is_counted(call, callers, three):
    answer = call("cancel", three.uuid, by=callers["operator"]).json()
    assert (answer["quantity_ordered"], answer["quantity_cancelled"]) == (3, None)
    assert answer["quantity_left"] is None


class TestNamesOfClients:
    @pytest.mark.parametrize(("name", "method"), [("request", "patch"), ("item", "delete")])
    def test_the_same_request_again_is_a_replay_whatever_became_of_it(
        self, call, callers, item, name, method
    ):
        data = {"cancellation_uuid": str(uuid4())}
        status = 200 if method == "patch" else 204
        by = callers["retailer"]
        assert call(name, item.uuid, by=by, method=method, data=data).status_code == status
        call("reject", item.uuid, by=callers["supplier"])
        again = call(name, item.uuid, by=by, method=method, data=data)
        assert again.status_code == status
        cancellation = Cancellation.objects.get()
        assert (str(cancellation.uuid), cancellation.status) == (
            data["cancellation_uuid"],
            "rejected",
        )

    def test_that_of_another_item_is_refused(self, call, callers, item, order, supplier):
        other = CancellationFactory(order_item__order=order, order_item__supplier=supplier)
        data = {"cancellation_uuid": str(other.uuid)}
        response = call("request", item.uuid, by=callers["retailer"], data=data)
        assert error(response) == (422, "uuid_reused")

    def test_while_another_is_open_it_is_refused(self, call, callers, item, cancellation):
        data = {"cancellation_uuid": str(uuid4())}
        response = call("request", item.uuid, by=callers["retailer"], data=data)
        assert error(response) == (422, "already_requested")

    def test_of_an_order_each_item_gets_one_of_its_own(self, call, callers, item, order, supplier):
        other = OrderItemFactory(order=order, supplier=supplier)
        name = uuid4()
        data = {"order_uuid": str(order.uuid), "cancellation_uuid": str(name)}
        first = call("request-order", by=callers["retailer"], data=data).json()
        assert set(first["changed"]) == {str(item.uuid), str(other.uuid)}
        for found in (item, other):
            assert found.cancellations.get().uuid == uuid5(name, str(found.uuid))
        call("reject-order", order.uuid, by=callers["supplier"])
        again = call("request-order", by=callers["retailer"], data=data).json()
        assert set(again["unchanged"]) == set(first["changed"])
        assert Cancellation.objects.count() == 2


class TestOutright:
    def test_a_supplier_may_where_the_host_allows_it(self, call, callers, item, settings):
        by = callers["supplier"]
        assert error(call("cancel", item.uuid, by=by)) == (409, "wrong_side")
        detail = call("item", item.uuid, by=by, method="get").json()
        assert detail["supported_actions"] == []
        settings.TIMP_ORDERS = {"SUPPLIER_MAY_CANCEL": True}
        detail = call("item", item.uuid, by=by, method="get").json()
        assert detail["supported_actions"] == ["cancel"]
        answer = call("cancel", item.uuid, by=by, data={"reason": "out_of_stock"}).json()
        assert answer["status"] == "Cancelled"
        cancellation = answer["cancellation"]
        assert (cancellation["requested_by"], cancellation["decided_by"]) == (
            "supplier",
            "supplier",
        )
        assert cancellation["reason"] == "out_of_stock"

    @pytest.mark.parametrize("caller", ["retailer", "auditor"])
    def test_others_never_may(self, call, callers, item, settings, caller):
        settings.TIMP_ORDERS = {"SUPPLIER_MAY_CANCEL": True}
        assert error(call("cancel", item.uuid, by=callers[caller])) == (409, "wrong_side")

    def test_the_open_one_is_confirmed(self, call, callers, item, cancellation):
        data = {"cancellation_uuid": str(cancellation.uuid), "note": "By phone"}
        answer = call("cancel", item.uuid, by=callers["operator"], data=data).json()
        assert answer["cancellation"]["uuid"] == str(cancellation.uuid)
        assert answer["cancellation"]["decision_note"] == "By phone"
        assert Cancellation.objects.count() == 1

    def test_another_than_the_open_one_is_superseded(self, call, callers, item, cancellation):
        data = {"cancellation_uuid": str(uuid4())}
        response = call("cancel", item.uuid, by=callers["operator"], data=data)
        assert error(response) == (422, "superseded")

    def test_a_reason_is_one_of_the_hosts(self, call, callers, item):
        data = {"reason": "already_shipped"}  # it is one of a rejection
        response = call("cancel", item.uuid, by=callers["operator"], data=data)
        assert error(response) == (400, "invalid")


class TestReasonsOfRejections:
    def test_it_is_told_to_both_sides(self, call, callers, item, cancellation):
        data = {"reason": "in_production", "note": "On the line"}
        call("reject", item.uuid, by=callers["supplier"], data=data)
        answer = call("item", item.uuid, method="get", by=callers["retailer"]).json()
        told = answer["cancellation"]
        assert (told["decision_reason"], told["decision_note"]) == (
            "in_production",
            "On the line",
        )

    def test_of_an_order_too(self, call, callers, item, cancellation):
        call("reject-order", item.order.uuid, by=callers["supplier"], data={"reason": "other"})
        assert Cancellation.objects.get().decision_reason == "other"

    @pytest.mark.parametrize("name", ["reject", "reject-order"])
    @pytest.mark.parametrize("data", [None, {}, {"note": " "}, {"reason": ""}, {"reason": None}])
    def test_where_the_host_wants_one_none_is_invalid(
        self, call, callers, item, cancellation, settings, name, data
    ):
        settings.TIMP_ORDERS = {"REJECTION_NEEDS_REASON": True}
        uuid = item.order.uuid if name == "reject-order" else item.uuid
        kwargs = {} if data is None else {"data": data}
        response = call(name, uuid, by=callers["supplier"], **kwargs)
        assert error(response) == (400, "invalid")
        assert list(response.json()["errors"]) == ["reason"]
        said = {"note": "Packed"}
        assert call(name, uuid, by=callers["supplier"], data=said).status_code == 200

    @pytest.mark.parametrize("name", ["reject", "reject-order"])
    def test_an_unknown_one_is_invalid(self, call, callers, item, cancellation, name):
        uuid = item.order.uuid if name == "reject-order" else item.uuid
        response = call(name, uuid, by=callers["supplier"], data={"reason": "fraud"})
        assert error(response) == (400, "invalid")
