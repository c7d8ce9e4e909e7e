"""The list of cancellations leads on: open ones are decided there, and on the page of each."""

import pytest
from django.contrib import admin

from tests.admin.staff_client import actions, kept, kinds, said
from timp_orders.admin import CancellationAdmin
from timp_orders.models import Cancellation
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db

MODEL = "timp_orders_cancellation"


@pytest.fixture
def opened(order, supplier):
    items = OrderItemFactory.create_batch(3, order=order, supplier=supplier)
    return [CancellationFactory(order_item=item) for item in items]


def announce(desk, action, *cancellations, **query):
    data = {"action": f"{action}_cancellation", "index": "0"}
    data["_selected_action"] = [it.pk for it in cancellations]
    return desk.client.post(desk.url("changelist", model=MODEL), data, query_params=query)


class TestFromTheList:
    @pytest.mark.parametrize(
        ("action", "status"),
        [("confirm", "confirmed"), ("reject", "rejected"), ("withdraw", "withdrawn")],
    )
    def test_open_ones_are_decided(self, desk, opened, action, status):
        page = announce(desk, action, *opened[:2])
        assert kinds(page) == {"change": 2}
        assert desk.decide(page).redirect_chain == [(desk.url("changelist", model=MODEL), 302)]
        assert [Cancellation.objects.get(pk=it.pk).status for it in opened] == [
            status,
            status,
            "requested",
        ]

    def test_closed_ones_are_left_out_even_if_their_item_has_an_open_one(self, desk, opened):
        first, second, _third = opened
        closed = [CancellationFactory(order_item=first.order_item, status="rejected")]
        closed.append(CancellationFactory(order_item=OrderItemFactory(), status="confirmed"))
        page = announce(desk, "confirm", second, *closed)
        assert kinds(page) == {"change": 1}
        assert said(page) == ["2 selected cancellations are not open; they were left out."]
        assert said(desk.decide(page)) == ["1 cancellation was confirmed."]
        first.refresh_from_db()
        assert first.status == "requested"

    def test_what_was_requested_anew_in_the_meantime_is_left_alone(self, desk, opened):
        first, second, _third = opened
        page = announce(desk, "confirm", first, second)
        Cancellation.unguarded.filter(pk=first.pk).update(
            status="rejected", open=None, decided_at=first.requested_at
        )
        CancellationFactory(order_item=first.order_item)
        messages = said(desk.decide(page))
        assert messages[0] == "1 cancellation was confirmed."
        assert len(messages) == 2

    def test_back_leads_to_the_list_with_filters_and_ticks(self, desk, opened):
        page = announce(desk, "confirm", opened[0], opened[2], status__exact="requested")
        back = desk.client.get(page.context["back"])
        ticked = [it.pk for it in back.context["cl"].result_list if it.timp_ticked]
        assert sorted(ticked) == sorted([opened[0].pk, opened[2].pk])
        assert "status__exact=requested" in page.context["back"]

    def test_single_ones_can_be_unticked(self, desk, opened):
        page = announce(desk, "confirm", *opened)
        desk.decide(page, kept=kept(page)[1:])
        assert Cancellation.objects.filter(status="confirmed").count() == 2

    def test_only_what_the_user_could_take_is_offered(self, staff, supplier, desk_of, opened):
        user = staff("cancel_order")
        supplier.members.add(user)
        assert actions(desk_of(user).list(MODEL)) == ["confirm_cancellation", "reject_cancellation"]

    def test_an_auditor_is_offered_nothing(self, staff, desk_of, opened):
        desk = desk_of(staff("view_any_order"))
        assert actions(desk.list(MODEL)) == []
        announce(desk, "confirm", *opened)
        assert Cancellation.objects.filter(status="requested").count() == 3

    def test_another_supplier_s_are_not_there(self, supplier_desk, opened):
        foreign = CancellationFactory()
        page = announce(supplier_desk, "confirm", opened[0], foreign)
        assert kinds(page) == {"change": 1}
        supplier_desk.decide(page)
        foreign.refresh_from_db()
        assert foreign.status == "requested"

    def test_where_the_items_have_no_confirmation_page_there_are_no_actions(
        self, rf, superuser, opened
    ):
        request = rf.get("/")
        request.user = superuser
        alone = CancellationAdmin(Cancellation, admin.AdminSite("alone"))
        assert alone.get_actions(request) == {}


class TestOnItsPage:
    def page(self, desk, cancellation):
        return desk.client.get(desk.url("change", cancellation.pk, model=MODEL))

    def test_an_open_one_has_buttons_that_lead_to_the_decision(self, desk, opened):
        buttons = self.page(desk, opened[0]).context["cancellation_buttons"]
        assert [action for action, *_ in buttons] == ["confirm", "reject", "withdraw"]
        announced = desk.client.get(buttons[0][2])
        assert kinds(announced) == {"change": 1}
        desk.decide(announced)
        opened[0].refresh_from_db()
        assert opened[0].status == "confirmed"

    def test_a_closed_one_has_none(self, desk, opened):
        closed = CancellationFactory(order_item=opened[0].order_item, status="rejected")
        assert self.page(desk, closed).context["cancellation_buttons"] == []

    def test_for_an_auditor_it_has_none(self, staff, desk_of, opened):
        page = self.page(desk_of(staff("view_any_order")), opened[0])
        assert page.context["cancellation_buttons"] == []

    def test_it_says_what_the_cancellation_is_of(self, desk, opened):
        item = opened[0].order_item
        content = self.page(desk, opened[0]).content.decode()
        for text in (item.order.po_number, item.sku_id, item.supplier.name, item.order.retailer):
            assert str(text) in content

    def test_its_history_is_the_item_s(self, desk, opened):
        response = desk.client.get(desk.url("history", opened[0].pk, model=MODEL))
        assert response["Location"] == desk.url("history", opened[0].order_item_id)

    def test_where_items_have_no_page_its_history_is_its_own(self, rf, superuser, opened):
        request = rf.get("/")
        request.user = superuser
        site = admin.AdminSite("alone")
        site.register(Cancellation, CancellationAdmin)
        page = site._registry[Cancellation].history_view(request, str(opened[0].pk))
        assert page.status_code == 200

    def test_a_foreign_one_has_no_history(self, supplier_desk):
        url = supplier_desk.url("history", CancellationFactory().pk, model=MODEL)
        assert supplier_desk.client.get(url).status_code == 404
