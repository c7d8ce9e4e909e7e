"""Suppliers and retailers are searched by who sees all of them, and listed for the others."""

import pytest
from django.contrib import admin

from timp_orders.admin import OrderItemAdmin
from timp_orders.models import OrderItem
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db

MODEL = "timp_orders_cancellation"
ITEMS_SUPPLIER = "supplier__id__exact"
SUPPLIER, RETAILER = (f"order_item__{it}__id__exact" for it in ("supplier", "order__retailer"))


@pytest.fixture
def items(order, supplier):
    own = OrderItemFactory(order=order, supplier=supplier)
    other = OrderItemFactory()
    for item in (own, other):
        CancellationFactory(order_item=item)
    return own, other


def spec_of(page, lookup):
    return next(
        spec for spec in page.context["cl"].filter_specs if lookup in spec.expected_parameters()
    )


class TestWhoSeesAll:
    def test_searches_items_by_supplier(self, desk, items, django_assert_num_queries):
        own, _other = items
        page = desk.list()
        content = page.content.decode()
        assert f'name="{ITEMS_SUPPLIER}"' in content
        assert own.supplier.name not in content.split('id="changelist-filter"')[1]
        assert "admin/js/autocomplete.js" in content

    def test_what_was_chosen_is_named_and_can_be_given_up(self, desk, items):
        own, _other = items
        page = desk.list(awaiting="yes", **{ITEMS_SUPPLIER: own.supplier.pk})
        sidebar = page.content.decode().split('id="changelist-filter"')[1]
        assert [it.pk for it in page.context["cl"].result_list] == [own.pk]
        option = f'<option value="{own.supplier.pk}" selected>{own.supplier.name}</option>'
        assert option in sidebar
        assert '<input type="hidden" name="awaiting" value="yes">' in sidebar
        assert '<a href="?awaiting=yes">All</a>' in sidebar

    @pytest.mark.parametrize(("lookup", "side"), [(SUPPLIER, "supplier"), (RETAILER, "retailer")])
    def test_cancellations_are_found_by_either_side(self, desk, items, lookup, side):
        own, _other = items
        organization = own.supplier if side == "supplier" else own.order.retailer
        found = desk.listed(MODEL, **{lookup: organization.pk})
        assert [it.order_item for it in found] == [own]
        assert len(desk.listed(MODEL)) == 2

    @pytest.mark.parametrize("value", ["x", "99999999999999999999999", "\0"])
    def test_a_wrong_value_leads_to_the_whole_list(self, desk, items, value):
        response = desk.client.get(desk.url("changelist"), {ITEMS_SUPPLIER: value}, follow=True)
        assert response.status_code == 200

    def test_counts_of_choices_are_none(self, desk, items):
        assert desk.list(_facets="True").status_code == 200

    def test_the_export_is_limited_by_them(self, desk, items):
        own, other = items
        url = desk.url("export", model=MODEL)
        text = desk.client.get(url, {SUPPLIER: own.supplier.pk}).getvalue().decode()
        assert str(own.uuid) in text
        assert str(other.uuid) not in text


class TestWhoSeesSome:
    def test_is_shown_a_list_of_theirs(self, supplier_desk, items):
        second = OrderItemFactory(supplier__name="Other one")
        second.supplier.members.add(*items[0].supplier.members.all())
        spec = spec_of(supplier_desk.list(), ITEMS_SUPPLIER)
        assert not spec.is_searched
        assert {name for _pk, name in spec.lookup_choices} == {items[0].supplier.name, "Other one"}

    def test_a_foreign_one_is_not_named(self, supplier_desk, items):
        _own, other = items
        page = supplier_desk.list(**{ITEMS_SUPPLIER: other.supplier.pk})
        assert list(page.context["cl"].result_list) == []
        assert other.supplier.name not in page.content.decode()


def test_without_an_admin_of_organizations_they_are_listed(rf, superuser, items):
    request = rf.get("/")
    request.user = superuser
    alone = OrderItemAdmin(OrderItem, admin.AdminSite("alone"))
    spec = next(
        it
        for it in alone.get_changelist_instance(request).filter_specs
        if ITEMS_SUPPLIER in it.expected_parameters()
    )
    assert not spec.is_searched
    assert len(spec.lookup_choices) == 2
