"""What hosts may do with the classes: mix in, subclass, unregister."""

import pytest
from django.contrib import admin
from django.core import checks
from django.db import models
from django.template import TemplateDoesNotExist
from django.test.utils import isolate_apps

from tests.admin import hosts
from tests.admin.staff_client import actions, kinds, said
from timp_orders.admin import OrderAdmin, OrderItemAdmin, OrganizationAdmin
from timp_orders.admin.columns import joined, shown
from timp_orders.models import (
    AbstractOrderItem,
    Cancellation,
    Order,
    OrderItem,
    Organization,
)
from timp_orders.testing import OrderItemFactory, OrganizationFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.admin.hosts")]


class TestMixin:
    @pytest.fixture
    def mixing(self, superuser, desk_of):
        return desk_of(superuser, site="mixing")

    def test_the_actions_join_the_host_s_own(self, mixing, item, cancellation):
        assert actions(mixing.list())[-1] == "print_labels"
        assert mixing.act("confirm", item) == ["1 cancellation was confirmed."]
        data = {"action": "print_labels", "_selected_action": [item.pk]}
        response = mixing.client.post(mixing.url("changelist"), data, follow=True)
        assert said(response) == ["1 labels"]

    def test_every_link_stays_on_the_host_s_site(self, mixing, item, cancellation):
        page = mixing.announce("confirm", item)
        assert page.context["decide_url"].startswith("/mixing/")
        assert "/admin/" not in page.content.decode().replace("/static/admin/", "")
        change = mixing.client.get(mixing.url("change", item.pk)).content.decode()
        assert mixing.url("cancellation_action", item.pk, "confirm") in change

    def test_the_filters_need_nothing_else(self, mixing, crowd):
        crowd(2, reason="fraud")
        OrderItemFactory()
        assert len(mixing.listed(awaiting="yes")) == 2
        assert len(mixing.listed(reason="fraud")) == 2
        assert len(mixing.listed(awaiting="no")) == 1

    def test_whoever_the_host_shows_an_item_sees_no_foreign_trail(
        self, staff, desk_of, cancellation
    ):
        user = staff("view_orderitem", "cancel_order")
        OrganizationFactory(members=[user])  # another supplier
        stranger = desk_of(user, site="mixing")
        item = cancellation.order_item
        response = stranger.client.get(stranger.url("change", item.pk))
        assert response.status_code == 200
        assert "cancellation-trail" not in response.content.decode()
        page = stranger.announce("confirm", item)
        assert kinds(page) == {"refused": 1}
        assert str(item.uuid) not in page.content.decode()
        missing = stranger.url("cancellation_action", 0, "confirm")
        assert stranger.client.get(missing).status_code == 404

    def test_who_may_not_see_the_host_s_items_decides_none(
        self, staff, supplier, desk_of, superuser, cancellation
    ):
        user = staff("cancel_order")
        supplier.members.add(user)
        desk = desk_of(user, site="mixing")
        item = cancellation.order_item
        assert desk.announce("confirm", item).status_code == 403
        one = desk.url("cancellation_action", item.pk, "confirm")
        assert desk.client.get(one).status_code == 403
        assert desk.client.post(desk.url("cancellation")).status_code == 403


class TestSubclass:
    @pytest.fixture
    def careful(self, superuser, desk_of):
        return desk_of(superuser, site="subclassing")

    def test_its_own_attributes_win(self, careful, item, cancellation):
        item.sku_name = "Red kite"
        item.save()
        response = careful.list(q="kite")
        assert response.context["cl"].list_display == [
            "action_checkbox",
            "sku_id",
            "open_cancellation",
        ]
        assert response.context["cl"].list_filter == ("status",)
        assert list(response.context["cl"].result_list) == [item]
        assert actions(response) == ["reject_cancellation", "delete_selected"]
        with pytest.raises(TemplateDoesNotExist, match=r"careful\.html"):
            careful.announce("reject", item)

    def test_its_permission_counts_everywhere(self, staff, desk_of, item):
        desk = desk_of(staff("cancel_any_order"), site="subclassing")
        assert actions(desk.list()) == []
        assert desk.announce("reject", item).status_code == 403
        response = desk.client.get(desk.url("change", item.pk))
        assert response.context["cancellation_buttons"] == []

    def test_relations_whose_admin_is_missing_are_typed_by_key(self, careful, item):
        page = careful.client.get(careful.url("change", item.pk)).content.decode()
        assert f'<input type="text" name="supplier" value="{item.supplier_id}"' in page
        assert "admin-autocomplete" not in page
        supplier = OrganizationFactory()
        data = {"order": item.order_id, "sku_id": "X", "quantity_ordered": 1}
        careful.client.post(careful.url("change", item.pk), {**data, "supplier": supplier.pk})
        item.refresh_from_db()
        assert item.supplier == supplier

    def test_the_checks_find_nothing(self):
        assert checks.run_checks() == []
        for site in (admin.site, hosts.mixing, hosts.subclassing):
            assert site.check(None) == []


class TestUnregister:
    def test_a_host_may_unregister_each(self, superuser, desk_of, cancellation):
        for model, own in (
            (OrderItem, OrderItemAdmin),
            (Order, OrderAdmin),
            (Organization, OrganizationAdmin),
        ):
            admin.site.unregister(model)
            try:
                assert admin.site.check(None) == []
            finally:
                admin.site.register(model, own)

    def test_a_cancellation_then_names_its_item_without_a_link(
        self, superuser, desk_of, cancellation
    ):
        desk = desk_of(superuser)
        url = desk.url("change", cancellation.pk, model="timp_orders_cancellation")
        item = cancellation.order_item
        admin.site.unregister(OrderItem)
        try:
            page = desk.client.get(url).content.decode()
        finally:
            admin.site.register(OrderItem, OrderItemAdmin)
        assert f'<div class="readonly">{item.uuid}</div>' in page

    def test_a_history_outlives_the_admin_that_wrote_it(self, superuser, desk_of, cancellation):
        desk_of(superuser).act("confirm", cancellation.order_item)
        assert Cancellation.objects.get().decided_by == superuser


class TestOwnItemModel:
    @isolate_apps("tests.admin")
    def test_its_paths_may_lead_to_fields_relations_and_properties(self):
        class Shop(models.Model):
            class Meta:
                app_label = "tests"

        class Line(AbstractOrderItem):
            shop = models.ForeignKey(Shop, models.CASCADE)
            ORDER_UUID_FIELD = "uuid"
            PO_NUMBER_FIELD = "po"
            RETAILER_FIELD = "shop"
            SUPPLIER_FIELD = "shop__name"
            SKU_ID_FIELD = SKU_NAME_FIELD = "po"
            QUANTITY_FIELD = "pk"
            po = "PO 7"

            class Meta:
                app_label = "tests"

        line = Line(status="HasTracking")
        assert [shown(line, "po"), shown(line, "status")] == ["PO 7", "Has tracking"]
        assert Line.every_relation() == ["shop"]
        assert joined(Line.objects.all()).query.select_related == {"shop": {}}

    @isolate_apps("tests.admin")
    def test_it_may_have_no_relations(self):
        class Row(AbstractOrderItem):
            ORDER_UUID_FIELD = PO_NUMBER_FIELD = RETAILER_FIELD = SUPPLIER_FIELD = "uuid"
            SKU_ID_FIELD = SKU_NAME_FIELD = QUANTITY_FIELD = "uuid"

            class Meta:
                app_label = "tests"

        assert joined(Row.objects.all()).query.select_related is False
