"""Suppliers and retailers are searched by who sees all of them, and listed for the others."""

import pytest
from django.contrib import admin

from timp_orders.admin import OrderItemAdmin
from timp_orders.models import OrderItem
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db

MODEL = "timp_orders_cancellation"
EXACT, SEARCH = "supplier__id__exact", "search_supplier"
SIDES = {
    "supplier": ("order_item__supplier__id__exact", "search_order_item_supplier"),
    "retailer": ("order_item__order__retailer__id__exact", "search_order_item_order_retailer"),
}


@pytest.fixture
def items(order, supplier):
    own = OrderItemFactory(order=order, supplier=supplier)
    other = OrderItemFactory(supplier__name="Nordic Oak", order__retailer__name="Kitchen & Co")
    for item in (own, other):
        CancellationFactory(order_item=item)
    return own, other


def spec_of(page, lookup=EXACT):
    specs = page.context["cl"].filter_specs
    return next(spec for spec in specs if lookup in spec.expected_parameters())


def named(page, lookup=EXACT):
    return [name for _key, name in spec_of(page, lookup).lookup_choices]


def sidebar(page):
    return page.content.decode().split('id="changelist-filter"')[1]


class TestWhoSeesAll:
    def test_is_shown_a_field_and_no_names(self, desk, items):
        page = desk.list()
        assert f'<input type="search" name="{SEARCH}" value=""' in sidebar(page)
        assert named(page) == []

    def test_finds_by_a_part_of_a_name_and_can_choose(self, desk, items):
        OrderItemFactory(supplier__name="Oak and Sons")
        page = desk.list(**{SEARCH: "oak"})
        assert len(page.context["cl"].result_list) == 2
        assert named(page) == ["Nordic Oak", "Oak and Sons"]
        chosen = desk.list(**{EXACT: items[1].supplier.pk})
        assert [it.pk for it in chosen.context["cl"].result_list] == [items[1].pk]
        assert named(chosen) == ["Nordic Oak"]
        assert f'<a href="?{EXACT}={items[1].supplier.pk}">Nordic Oak</a>' in sidebar(page)

    def test_keeps_the_other_filters_but_not_the_page(self, desk, items):
        page = desk.list(awaiting="yes", p="1", **{SEARCH: "oak"})
        assert '<input type="hidden" name="awaiting" value="yes">' in sidebar(page)
        assert 'type="hidden" name="p"' not in sidebar(page)
        assert '<a href="?awaiting=yes">All</a>' in sidebar(page)

    @pytest.mark.parametrize("side", SIDES)
    def test_cancellations_are_found_by_either_side(self, desk, items, side):
        _own, other = items
        exact, search = SIDES[side]
        organization = other.supplier if side == "supplier" else other.order.retailer
        for query in ({exact: organization.pk}, {search: organization.name[:6]}):
            assert [it.order_item for it in desk.listed(MODEL, **query)] == [other]
        assert len(desk.listed(MODEL)) == 2

    @pytest.mark.parametrize("value", ["x", "99999999999999999999999", "\0"])
    @pytest.mark.parametrize("name", [EXACT, SEARCH])
    def test_a_wrong_value_is_no_failure(self, desk, items, name, value):
        response = desk.client.get(desk.url("changelist"), {name: value}, follow=True)
        assert response.status_code == 200

    def test_what_is_not_found_is_an_empty_list(self, desk, items):
        page = desk.list(**{SEARCH: "nobody"})
        assert list(page.context["cl"].result_list) == []
        assert named(page) == []

    def test_facets_count_what_was_found(self, desk, items):
        assert "Nordic Oak (1)" in sidebar(desk.list(_facets="True", **{SEARCH: "oak"}))

    def test_the_export_is_limited_by_them(self, desk, items):
        own, other = items
        url = desk.url("export", model=MODEL)
        text = desk.client.get(url, {SIDES["supplier"][1]: "oak"}).getvalue().decode()
        assert str(own.uuid) not in text
        assert str(other.uuid) in text


class TestWhoSeesSome:
    def test_is_shown_a_list_of_theirs(self, supplier_desk, items):
        second = OrderItemFactory(supplier__name="Other one")
        second.supplier.members.add(*items[0].supplier.members.all())
        page = supplier_desk.list()
        assert set(named(page)) == {items[0].supplier.name, "Other one"}
        assert SEARCH not in sidebar(page)

    def test_a_foreign_one_is_not_named(self, supplier_desk, items):
        own, other = items
        page = supplier_desk.list(**{EXACT: other.supplier.pk})
        assert list(page.context["cl"].result_list) == []
        assert named(page) == [own.supplier.name]

    def test_does_not_search(self, supplier_desk, items):
        assert supplier_desk.list(**{SEARCH: "Nordic"})["Location"].endswith("?e=1")

    def test_a_filter_with_one_choice_still_filters(self, supplier_desk, items):
        assert supplier_desk.listed(**{EXACT: items[1].supplier.pk}) == []


def test_without_an_admin_of_organizations_they_are_listed(rf, superuser, items):
    request = rf.get("/")
    request.user = superuser
    alone = OrderItemAdmin(OrderItem, admin.AdminSite("alone"))
    specs = alone.get_changelist_instance(request).filter_specs
    spec = next(it for it in specs if EXACT in it.expected_parameters())
    assert not spec.is_searched
    assert len(spec.lookup_choices) == 2
