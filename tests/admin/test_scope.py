"""A member of staff sees the rows of their own organizations, on every path."""

import csv
import io

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser

from tests.admin.staff_client import kinds, said
from timp_orders.admin import OrderAdmin, OrganizationAdmin
from timp_orders.admin.scope import colleagues
from timp_orders.models import Cancellation, Order, Organization
from timp_orders.testing import (
    CancellationFactory,
    OrderFactory,
    OrderItemFactory,
    OrganizationFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

MODEL = "timp_orders_cancellation"


@pytest.fixture
def own(cancellation):
    return cancellation


@pytest.fixture
def foreign():
    """Another supplier's and another retailer's."""
    return CancellationFactory(
        reason="fraud",
        order_item__status="Backordered",
        order_item__supplier__name="Foreign supplier",
        order_item__order__retailer__name="Foreign retailer",
        order_item__order__po_number="foreign-1",
    )


class TestSupplierStaff:
    def test_lists_counts_and_filters(self, supplier_desk, own, foreign):
        page = supplier_desk.list()
        assert list(page.context["cl"].result_list) == [own.order_item]
        assert page.context["cl"].result_count == 1
        assert "Awaiting decision (1)" in page.content.decode()
        assert "Foreign" not in page.content.decode()
        facets = supplier_desk.list(_facets="True").content.decode()
        assert "Backordered (0)" in facets
        assert "Fraud (0)" in facets
        assert supplier_desk.listed(MODEL) == [own]
        assert "Foreign" not in supplier_desk.list(MODEL).content.decode()

    @pytest.mark.parametrize(
        "query",
        [
            lambda c: {"q": c.order_item.uuid.hex},
            lambda c: {"q": str(c.order_item.order.uuid)},
            lambda c: {"q": c.order_item.order.po_number},
            lambda c: {"supplier__id__exact": c.order_item.supplier_id},
            lambda c: {"reason": "fraud"},
        ],
    )
    def test_no_search_and_no_filter_finds_foreign_ones(self, supplier_desk, own, foreign, query):
        assert foreign.order_item not in supplier_desk.listed(**query(foreign))
        found = supplier_desk.list(MODEL, **query(foreign))
        assert foreign.uuid.hex not in found.content.decode().replace("-", "")

    @pytest.mark.parametrize("name", ["change", "delete", "history"])
    def test_direct_addresses_are_not_found(self, staff, supplier, desk_of, foreign, name):
        everything = [
            f"{verb}_{model}"
            for verb in ("view", "change", "delete")
            for model in ("orderitem", "order", "organization")
        ]
        user = staff("cancel_order", *everything)
        supplier.members.add(user)
        desk = desk_of(user)
        item = foreign.order_item
        for model, pk in (
            ("orderitem", item.pk),
            ("order", item.order_id),
            ("organization", item.supplier_id),
            ("cancellation", foreign.pk),
        ):
            response = desk.client.get(desk.url(name, pk, model=f"timp_orders_{model}"))
            nobody_deletes = model == "cancellation" and name == "delete"
            assert response.status_code in ((403, 404) if nobody_deletes else (404,)), model

    def test_a_foreign_item_is_announced_on_no_path(self, supplier_desk, own, foreign):
        item = foreign.order_item
        url = supplier_desk.url("cancellation_action", item.pk, "confirm")
        assert supplier_desk.client.get(url).status_code == 404
        page = supplier_desk.announce("confirm", own.order_item, item)
        assert kinds(page) == {"change": 1}
        page = supplier_desk.announce("confirm", own.order_item, across=True)
        assert said(supplier_desk.decide(page)) == ["1 cancellation was confirmed."]
        foreign.refresh_from_db()
        assert foreign.status == "requested"

    def test_the_export_has_their_own_only(self, supplier_desk, own, foreign):
        response = supplier_desk.client.get(supplier_desk.url("export", model=MODEL))
        rows = list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"))))
        assert [row["uuid"] for row in rows] == [str(own.uuid)]

    def test_names_of_the_other_side_are_on_no_list_and_in_no_export(self, supplier_desk, own):
        Cancellation.objects.update(requested_by_name="ruth")
        for page in (
            supplier_desk.list(MODEL),
            supplier_desk.client.get(supplier_desk.url("change", own.pk, model=MODEL)),
        ):
            assert "ruth" not in page.content.decode()
        response = supplier_desk.client.get(supplier_desk.url("export", model=MODEL))
        assert "ruth" not in response.getvalue().decode()


class TestRetailerStaff:
    def test_they_see_their_orders_items_and_may_withdraw(self, staff, retailer, desk_of, own):
        user = staff("cancel_order", "view_order")
        retailer.members.add(user)
        desk = desk_of(user)
        assert desk.listed() == [own.order_item]
        assert desk.listed("timp_orders_order") == [own.order_item.order]
        assert desk.act("withdraw", own.order_item) == ["1 request was withdrawn."]
        own.refresh_from_db()
        page = desk.list(MODEL).content.decode()
        assert user.username in page


class TestAutocomplete:
    @pytest.fixture
    def find(self):
        def find(desk, field, term=""):
            model = {"order": "orderitem", "supplier": "orderitem", "retailer": "order"}[field]
            query = {"app_label": "timp_orders", "model_name": model, "field_name": field}
            response = desk.client.get("/admin/autocomplete/", {**query, "term": term})
            return [row["text"] for row in response.json()["results"]]

        return find

    def test_it_offers_their_own_only(self, staff, supplier, retailer, desk_of, own, foreign, find):
        user = staff("view_organization", "view_order")
        supplier.members.add(user)
        retailer.members.add(user)
        desk = desk_of(user)
        assert find(desk, "supplier") == [supplier.name]
        assert find(desk, "retailer") == [retailer.name]
        assert find(desk, "order") == [own.order_item.order.po_number]
        assert find(desk, "order", own.order_item.order.uuid.hex) == find(desk, "order")
        assert find(desk, "order", foreign.order_item.order.uuid.hex) == []

    def test_a_po_number_that_looks_like_a_uuid_is_found_too(self, desk, own, foreign, find):
        uuid = own.order_item.order.uuid
        Order.objects.filter(pk=foreign.order_item.order_id).update(po_number=uuid)
        assert set(find(desk, "order", str(uuid))) == {own.order_item.order.po_number, str(uuid)}

    def test_everything_to_an_operator(self, desk, own, foreign, find):
        assert len(find(desk, "order")) == 2
        assert "Foreign supplier" in find(desk, "supplier")

    def test_a_forged_post_cannot_name_what_is_not_offered(
        self, staff, retailer, supplier, desk_of, foreign
    ):
        user = staff("add_orderitem", "add_order", "change_orderitem", "view_organization")
        retailer.members.add(user)
        supplier.members.add(user)
        desk = desk_of(user)
        data = {"order": foreign.order_item.order_id, "sku_id": "X", "quantity_ordered": 1}
        response = desk.client.post(desk.url("add"), {**data, "supplier": supplier.pk})
        assert response.context["errors"]
        order = {"po_number": "new-1", "retailer": foreign.order_item.order.retailer_id}
        order |= {"created_at_0": "2026-01-01", "created_at_1": "00:00"}
        url = desk.url("add", model="timp_orders_order")
        assert desk.client.post(url, order).context["errors"]
        assert desk.client.post(url, {**order, "retailer": retailer.pk}).status_code == 302

    def test_an_item_is_not_moved_to_another_order_or_supplier(
        self, staff, supplier, desk_of, item
    ):
        user = staff("change_orderitem")
        supplier.members.add(user)
        desk = desk_of(user)
        other = OrganizationFactory(members=[user])
        data = {"order": OrderFactory().pk, "supplier": other.pk, "sku_id": "NEW"}
        desk.client.post(desk.url("change", item.pk), {**data, "quantity_ordered": 1})
        before = (item.order_id, item.supplier_id)
        item.refresh_from_db()
        assert ((item.order_id, item.supplier_id), item.sku_id) == (before, "NEW")

    def test_a_clerk_of_two_retailers_does_not_move_an_order_between_them(
        self, staff, retailer, desk_of, order
    ):
        user = staff("change_order", "view_organization")
        retailer.members.add(user)
        other = OrganizationFactory(org_type="retailer", members=[user])
        desk = desk_of(user)
        data = {"po_number": "NEW", "retailer": other.pk}
        data |= {"created_at_0": "2026-01-01", "created_at_1": "00:00"}
        desk.client.post(desk.url("change", order.pk, model="timp_orders_order"), data)
        order.refresh_from_db()
        assert (order.retailer, order.po_number) == (retailer, "NEW")

    def test_an_operator_does(self, desk, order):
        other = OrganizationFactory(org_type="retailer")
        data = {"po_number": "NEW", "retailer": other.pk}
        data |= {"created_at_0": "2026-01-01", "created_at_1": "00:00"}
        desk.client.post(desk.url("change", order.pk, model="timp_orders_order"), data)
        order.refresh_from_db()
        assert order.retailer == other

    def test_a_clerk_does_not_turn_a_supplier_into_a_retailer(self, staff, supplier, desk_of):
        user = staff("change_organization")
        supplier.members.add(user)
        desk = desk_of(user)
        url = desk.url("change", supplier.pk, model="timp_orders_organization")
        desk.client.post(url, {"name": "Renamed", "org_type": "retailer"})
        supplier.refresh_from_db()
        assert (supplier.name, supplier.org_type) == ("Renamed", "supplier")


class TestOpenSite:
    """An admin site that lets everybody in, as an intranet's may."""

    @pytest.mark.parametrize("kind", [OrganizationAdmin, OrderAdmin])
    def test_an_anonymous_user_sees_no_organization_without_members(self, rf, kind):
        OrderFactory(retailer=OrganizationFactory(org_type="retailer"))
        request = rf.get("/")
        request.user = AnonymousUser()
        model = {OrganizationAdmin: Organization, OrderAdmin: Order}[kind]
        assert not kind(model, admin.site).get_queryset(request).exists()

    def test_an_anonymous_user_has_no_colleagues(self, db):
        assert colleagues(AnonymousUser()) == []


class TestWhoSeesAll:
    @pytest.mark.parametrize("permission", ["cancel_any_order", "view_any_order"])
    def test_they_need_no_other_permission_to_see(self, staff, desk_of, own, foreign, permission):
        desk = desk_of(staff(permission))
        assert len(desk.listed()) == len(desk.listed(MODEL)) == 2

    def test_an_operator_decides_everything(self, staff, desk_of, own, foreign):
        desk = desk_of(staff("cancel_any_order"))
        items = [own.order_item, foreign.order_item]
        assert desk.act("confirm", *items) == ["2 cancellations were confirmed."]

    def test_an_auditor_is_told_every_name(self, staff, desk_of, own):
        Cancellation.objects.update(requested_by_name="ruth")
        assert "ruth" in desk_of(staff("view_any_order")).list(MODEL).content.decode()


def test_staff_without_any_permission_see_no_list(staff, supplier, desk_of, own):
    user = staff()
    supplier.members.add(user)
    for model in ("orderitem", "cancellation", "order", "organization"):
        assert desk_of(user).list(f"timp_orders_{model}").status_code == 403


def test_staff_of_no_organization_see_empty_lists(staff, desk_of, own):
    desk = desk_of(staff("cancel_order"))
    assert desk.listed() == []
    assert desk.listed(MODEL) == []


class TestOrganizations:
    @pytest.mark.parametrize("model", ["orderitem", "order", "organization"])
    def test_no_uuid_is_shown_before_there_is_one(self, desk, item, model):
        pks = {"orderitem": item.pk, "order": item.order_id, "organization": item.supplier_id}
        name = f"timp_orders_{model}"
        add, change = desk.url("add", model=name), desk.url("change", pks[model], model=name)
        assert "field-uuid" not in desk.client.get(add).content.decode()
        assert "field-uuid" in desk.client.get(change).content.decode()

    def test_they_are_kept_in_the_ordinary_way(self, desk):
        user = UserFactory()
        url = desk.url("add", model="timp_orders_organization")
        assert "admin-autocomplete" in desk.client.get(url).content.decode()
        data = {"name": "New", "org_type": "retailer", "members": [user.pk]}
        assert desk.client.post(url, data).status_code == 302
        [organization] = desk.listed("timp_orders_organization", q="new")
        assert list(organization.members.all()) == [user]

    def test_orders_are_found_by_uuid_and_po_number(self, desk, order):
        OrderFactory(po_number="other")
        for term in (str(order.uuid), order.uuid.hex, order.po_number):
            assert desk.listed("timp_orders_order", q=term) == [order]

    def test_a_po_number_that_looks_like_a_uuid_is_found_too(self, desk, order):
        other = OrderFactory(po_number=order.uuid)
        assert desk.listed("timp_orders_order", q=str(order.uuid)) == [other, order]

    def test_one_that_orders_name_cannot_be_deleted(self, desk, item):
        url = desk.url("delete", item.supplier_id, model="timp_orders_organization")
        assert "protected" in desk.client.get(url).content.decode()
        assert OrderItemFactory(supplier=item.supplier).supplier == item.supplier
