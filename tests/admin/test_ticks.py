"""Ticks are taken away on the confirmation page, and come back to the list with the reader."""

import re

import pytest

from tests.admin.staff_client import kinds, said
from timp_orders.admin import CancellationActionsMixin
from timp_orders.admin.selection import LISTED
from timp_orders.models import Cancellation
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db


def ticked(page, name):
    """The values of the boxes of this name that are ticked, of all."""
    boxes = re.findall(f'<input [^>]*name="{name}"[^>]*>', page.content.decode())
    boxes = [box for box in boxes if 'type="checkbox"' in box]
    return [re.search('value="([^"]*)"', box)[1] for box in boxes if "checked" in box], len(boxes)


def keys(items):
    return [str(item.pk) for item in items]


class TestOnTheConfirmationPage:
    def test_all_are_ticked_at_first(self, desk, crowd):
        items = crowd(3)
        page = desk.announce("confirm", *items)
        assert ticked(page, "kept") == (keys(items), 3)
        labels = ["Confirm 0 cancellations", "Confirm 1 cancellation", "Confirm 2 cancellations"]
        assert page.context["labels"] == [*labels, "Confirm 3 cancellations"]

    def test_what_is_unticked_stays_as_it_is(self, desk, crowd):
        first, second, third = crowd(3)
        page = desk.announce("confirm", first, second, third)
        response = desk.decide(page, kept=[first.pk, third.pk])
        assert said(response) == ["2 cancellations were confirmed."]
        assert Cancellation.objects.get(status="requested").order_item == second

    def test_what_was_not_on_the_page_cannot_be_ticked(self, desk, crowd):
        first, second, other = crowd(3)
        page = desk.announce("confirm", first, second)
        desk.decide(page, kept=[first.pk, other.pk, "x"])
        assert Cancellation.objects.get(status="confirmed").order_item == first

    def test_those_that_the_page_does_not_list_are_decided(self, desk, crowd):
        items = crowd(LISTED + 5)
        page = desk.announce("confirm", *items)
        assert page.context["labels"][0] == "Confirm 5 cancellations"
        assert said(desk.decide(page, kept=[])) == ["5 cancellations were confirmed."]

    def test_without_any_nothing_is_changed_and_the_list_is_as_it_was(self, desk, crowd):
        items = crowd(2)
        response = desk.decide(desk.announce("confirm", *items, awaiting="yes"), kept=[])
        assert said(response) == ["Nothing was ticked; nothing was changed."]
        assert ticked(response, "_selected_action") == (keys(items), 2)
        assert Cancellation.objects.filter(status="requested").count() == 2

    def test_a_single_one_has_no_box(self, desk, crowd, item):
        page = desk.announce("confirm", *crowd(1), item)
        assert kinds(page) == {"change": 1, "refused": 1}
        assert ticked(page, "kept") == ([], 0)
        assert said(desk.decide(page))[0] == "1 cancellation was confirmed."

    def test_after_an_error_of_the_form_they_are_as_they_were(self, desk, crowd, settings):
        settings.TIMP_ORDERS = {"REJECTION_NEEDS_REASON": True}
        first, second, third = crowd(3)
        page = desk.announce("reject", first, second, third)
        again = desk.decide(page, kept=[first.pk, second.pk])
        assert ticked(again, "kept") == (keys([first, second]), 3)
        assert said(desk.decide(again, note="No.", kept=[second.pk])) == [
            "1 cancellation was rejected."
        ]

    def test_a_quantity_can_be_given_where_one_is_left(self, desk, crowd, settings):
        settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}
        first, second = crowd(2)
        page = desk.announce("confirm", first, second)
        response = desk.decide(page, kept=[first.pk, second.pk], quantity=1)
        assert "single item" in response.content.decode()


class TestBackInTheList:
    def test_they_are_as_they_were(self, desk, crowd):
        first, _second, third = crowd(3)
        page = desk.announce("confirm", first, third, awaiting="yes")
        back = desk.client.get(page.context["back"])
        assert ticked(back, "_selected_action") == (keys([first, third]), 3)

    def test_no_link_and_no_action_goes_on_with_them(self, desk, crowd):
        first, second = crowd(2)
        back = desk.client.get(desk.announce("confirm", first).context["back"])
        assert "ticked=" not in back.content.decode()
        page = desk.announce("confirm", second, ticked=str(first.pk))
        assert page.context["back"].endswith(f"?ticked={second.pk}")

    def test_on_the_page_that_they_were_on(self, desk, crowd):
        items = crowd(60)
        page = desk.announce("confirm", items[0], p="2")
        assert page.context["back"].endswith(f"?p=2&ticked={items[0].pk}")
        back = desk.client.get(page.context["back"])
        assert ticked(back, "_selected_action") == (keys(items[:1]), 10)
        assert desk.decide(page).redirect_chain == [(desk.url("changelist"), 302)]

    def test_too_many_for_an_address_are_not(self, desk, crowd):
        items = crowd(LISTED + 1)
        page = desk.announce("confirm", *items)
        assert page.context["back"] == desk.url("changelist")

    def test_a_list_of_django_s_own_has_them_too(self, rf, superuser, crowd):
        from django.contrib import admin

        from timp_orders.models import OrderItem

        class Plain(CancellationActionsMixin, admin.ModelAdmin):
            pass

        first, second = crowd(2)
        request = rf.get("/", {"ticked": second.pk})
        request.user = superuser
        page = Plain(OrderItem, admin.site).changelist_view(request).render()
        assert ticked(page, "_selected_action") == ([str(second.pk)], 2)
        assert str(first.pk) not in ticked(page, "_selected_action")[0]


class TestGoingOn:
    def page(self, desk, item, action="reject", **query):
        return desk.client.get(desk.url("cancellation_action", item.pk, action), query)

    def test_the_next_page_is_of_the_item_that_has_been_waiting_longest(self, desk, crowd):
        first, second, _third = crowd(3)
        filters = {"_changelist_filters": "awaiting=yes"}
        response = desk.decide(self.page(desk, second, **filters), note="No.", _next="x")
        assert response.context["action"] == "reject"
        assert kinds(response) == {"change": 1}
        url, _status = response.redirect_chain[0]
        assert url.startswith(desk.url("cancellation_action", first.pk, "reject"))
        assert "awaiting%3Dyes" in response.context["back"]
        desk.decide(response, note="No.", _next="x")
        statuses = Cancellation.objects.order_by("pk").values_list("status", flat=True)
        assert list(statuses) == ["rejected", "rejected", "requested"]

    def test_after_the_last_it_is_the_item_s_own_page(self, desk, crowd):
        (only,) = crowd(1)
        response = desk.decide(self.page(desk, only), note="No.", _next="x")
        assert response.redirect_chain == [(desk.url("change", only.pk), 302)]

    def test_it_is_offered_for_a_single_item_that_waits(self, desk, crowd, item):
        first, second = crowd(2)
        assert 'name="_next"' in self.page(desk, first).content.decode()
        assert 'name="_next"' not in desk.announce("reject", first, second).content.decode()
        assert 'name="_next"' not in self.page(desk, item, "request").content.decode()

    def test_after_several_it_is_the_list_whatever_is_posted(self, desk, crowd):
        response = desk.decide(desk.announce("reject", *crowd(2)), note="No.", _next="x")
        assert response.redirect_chain == [(desk.url("changelist"), 302)]

    def test_another_supplier_s_is_not_gone_on_to(self, supplier_desk, crowd):
        CancellationFactory(order_item=OrderItemFactory())
        (own,) = crowd(1)
        response = supplier_desk.decide(self.page(supplier_desk, own), note="No.", _next="x")
        assert response.redirect_chain == [(supplier_desk.url("change", own.pk), 302)]
