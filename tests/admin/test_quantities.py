"""Parts of a quantity, outright cancellations and reasons of rejections, as staff see them."""

import csv

import pytest

from tests.admin.staff_client import actions, kinds, said
from timp_orders import services
from timp_orders.models import OrderItem
from timp_orders.services import SYSTEM
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(order, supplier, settings):
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}
    return OrderItemFactory(order=order, supplier=supplier, quantity_ordered=3)


def text(response):
    return response.content.decode()


class TestParts:
    def test_the_page_for_one_item_asks_how_many(self, desk, three):
        page = desk.announce("request", three)
        assert page.context["form"].fields["quantity"].max_value == 3
        assert "3 of 3 left" in text(page)
        assert said(desk.decide(page, quantity="2")) == ["1 cancellation was requested."]
        page = desk.announce("confirm", three)
        assert page.context["form"].fields["quantity"].max_value == 2
        desk.decide(page, quantity="1")
        assert three.cancellations.get().quantity_confirmed == 1
        assert "2 of 3 left" in text(desk.announce("request", three))

    def test_left_empty_it_is_all_of_them(self, desk, three):
        desk.act("cancel", three, quantity="")
        three.refresh_from_db()
        assert three.status == "Cancelled"

    @pytest.mark.parametrize("quantity", ["0", "4", "-1", "x", "1.5"])
    def test_one_that_cannot_be_is_an_error_of_the_form(self, desk, three, quantity):
        page = desk.decide(desk.announce("request", three), quantity=quantity)
        assert page.context["form"].errors["quantity"]
        assert not three.cancellations.exists()

    def test_for_several_none_is_asked_and_one_that_is_sent_is_an_error(
        self, desk, three, order, supplier
    ):
        other = OrderItemFactory(order=order, supplier=supplier)
        page = desk.announce("request", three, other)
        assert "quantity" not in page.context["form"].fields
        again = desk.decide(page, quantity="1")
        assert "A quantity can be given for a single item only." in text(again)
        assert not three.cancellations.exists()

    def test_lists_trail_and_export_say_it(self, desk, three):
        services.request_cancellation(three, by=SYSTEM, quantity=2)
        for model in ("timp_orders_orderitem", "timp_orders_cancellation"):
            assert "2 of 3" in text(desk.list(model))
        services.confirm_cancellation(three, by=SYSTEM, quantity=1)
        page = text(desk.client.get(desk.url("change", three.pk)))
        assert "Quantity: 2 of 3" in page
        assert "1 of 2" in page
        listed = text(desk.list("timp_orders_cancellation"))
        assert 'confirmed<div class="help">1 of 2</div>' in listed
        response = desk.client.get(desk.url("export", model="timp_orders_cancellation"))
        lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
        (row,) = csv.DictReader(lines)
        columns = ("quantity", "quantity_available", "quantity_confirmed", "quantity_ordered")
        assert [row[name] for name in columns] == ["2", "3", "1", "3"]

    def test_without_parts_nothing_is_said_of_quantities(self, desk, item):
        page = desk.announce("request", item)
        assert "quantity" not in page.context["form"].fields
        assert "left" not in kinds(page)
        desk.decide(page)
        assert "quantity asked" not in text(desk.list("timp_orders_cancellation")).lower()


class TestCancelNow:
    def test_operators_are_offered_it_and_suppliers_where_they_may(
        self, desk, supplier_desk, item, settings
    ):
        assert "cancel_items" in actions(desk.list())
        assert "cancel_items" not in actions(supplier_desk.list())
        settings.TIMP_ORDERS = {"SUPPLIER_MAY_CANCEL": True}
        assert "cancel_items" in actions(supplier_desk.list())
        assert said(supplier_desk.decide(supplier_desk.announce("cancel", item))) == [
            "1 item was cancelled."
        ]

    def test_a_forged_post_of_another_is_forbidden(self, desk, supplier_desk, item):
        one = supplier_desk.url("cancellation_action", item.pk, "cancel")
        assert supplier_desk.announce("cancel", item).status_code == 403
        assert supplier_desk.client.get(one).status_code == 403

    def test_items_with_and_without_an_open_one(self, desk, cancellation, order, supplier):
        other = OrderItemFactory(order=order, supplier=supplier)
        page = desk.announce("cancel", cancellation.order_item, other)
        assert kinds(page) == {"change": 2}
        assert said(desk.decide(page, reason="fraud")) == ["2 items were cancelled."]
        assert set(OrderItem.objects.values_list("status", flat=True)) == {"Cancelled"}
        assert other.cancellations.get().reason == "fraud"

    def test_a_page_that_is_sent_twice_cancels_once(self, desk, three):
        page = desk.announce("cancel", three)
        desk.decide(page, quantity="1")
        again = desk.decide(page, quantity="1")
        assert "newer cancellation" in said(again)[0]
        assert three.cancellations.get().quantity_confirmed == 1
        page = desk.announce("cancel", three)  # another page means another one
        desk.decide(page, quantity="1")
        assert three.cancellations.count() == 2

    def test_one_that_was_opened_since_is_not_decided_unseen(self, desk, item):
        page = desk.announce("cancel", item)
        CancellationFactory(order_item=item)
        assert "newer cancellation" in said(desk.decide(page))[0]
        assert item.cancellations.get().status == "requested"


class TestReasonsOfRejections:
    def test_the_form_has_them_and_trail_and_filter_show_them(self, desk, cancellation):
        desk.act("reject", cancellation.order_item, reason="in_production")
        cancellation.refresh_from_db()
        assert cancellation.decision_reason == "in_production"
        page = desk.client.get(desk.url("change", cancellation.order_item.pk))
        assert "In production" in text(page)
        for reason, count in (("in_production", 1), ("other", 0)):
            found = desk.listed("timp_orders_cancellation", decision_reason=reason)
            assert len(found) == count
