"""Saving a form does not undo what was committed after its item was read."""

import threading
from contextlib import contextmanager

import pytest
from django.contrib import admin
from django.db import connection, connections
from django.db.models.signals import pre_save
from django.test import override_settings

from timp_orders.admin.item_forms import leave_out
from timp_orders.models import OrderItem
from timp_orders.testing import OrderItemFactory, OrganizationFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.admin.hosts"),
]


@contextmanager
def committed_before_save(item, **values):
    """Let another connection write to the item just before a form saves it."""

    def write():
        try:
            OrderItem.objects.filter(pk=item.pk).update(**values)
        finally:
            connections.close_all()

    def meanwhile(sender, **kwargs):
        if connection.vendor == "sqlite":  # it knows one writer only, which is the form's own
            OrderItem.objects.filter(pk=item.pk).update(**values)
        else:
            thread = threading.Thread(target=write)
            thread.start()
            thread.join()

    pre_save.connect(meanwhile, sender=OrderItem)
    try:
        yield
    finally:
        pre_save.disconnect(meanwhile, sender=OrderItem)


def form_of(item, **changes):
    return {
        "order": item.order_id,
        "supplier": item.supplier_id,
        "sku_id": item.sku_id,
        "sku_name": "new",
        "quantity_ordered": 7,
        **changes,
    }


def formset_of(item, prefix, **changes):
    data = form_of(item, id=item.pk, **changes)
    return {
        f"{prefix}-TOTAL_FORMS": 1,
        f"{prefix}-INITIAL_FORMS": 1,
        **{f"{prefix}-0-{name}": value for name, value in data.items()},
    }


class TestStatus:
    @pytest.fixture(params=["admin", "mixing", "subclassing"])
    def site(self, request, superuser, desk_of):
        return desk_of(superuser, site=request.param)

    def test_a_decision_made_meanwhile_stays_after_the_form_of_an_item(self, site, item):
        url = site.url("change", item.pk)
        with committed_before_save(item, status="Cancelled"):
            response = site.client.post(url, form_of(item, status="Allocated", reference="x"))
        assert response.status_code == 302
        item.refresh_from_db()
        assert (item.sku_name, item.quantity_ordered, item.status) == ("new", 7, "Cancelled")

    def test_a_decision_made_meanwhile_stays_after_an_editable_list(self, superuser, desk_of, item):
        desk = desk_of(superuser, site="mixing")
        data = formset_of(item, "form", status="HasTracking")
        with committed_before_save(item, status="Cancelled"):
            response = desk.client.post(desk.url("changelist"), {**data, "_save": "Save"})
        assert response.status_code == 302
        item.refresh_from_db()
        assert (item.sku_name, item.status) == ("new", "Cancelled")

    def test_a_decision_made_meanwhile_stays_after_an_inline(self, superuser, desk_of, item):
        desk = desk_of(superuser, site="mixing")
        order = item.order
        url = desk.url("change", order.pk, model="timp_orders_order")
        data = {"po_number": order.po_number, "retailer": order.retailer_id}
        data |= {"created_at_0": "2026-01-01", "created_at_1": "00:00"}
        data |= formset_of(item, "items", status="Allocated")
        with committed_before_save(item, status="Cancelled"):
            response = desk.client.post(url, data)
        assert response.status_code == 302
        item.refresh_from_db()
        assert (item.sku_name, item.quantity_ordered, item.status) == ("new", 7, "Cancelled")

    def test_an_inline_offers_the_status_for_new_items_only(self, superuser, desk_of, item):
        desk = desk_of(superuser, site="mixing")
        page = desk.client.get(desk.url("change", item.order_id, model="timp_orders_order"))
        [formset] = page.context["inline_admin_formsets"]
        disabled = [form.fields["status"].disabled for form in formset.formset.forms]
        assert disabled == [True, False]

    def test_the_mixin_offers_the_status_for_new_items_only(self, superuser, desk_of, item):
        desk = desk_of(superuser, site="mixing")
        for name, args, editable in [("add", [], True), ("change", [item.pk], False)]:
            form = desk.client.get(desk.url(name, *args)).context["adminform"].form
            assert ("status" in form.fields) is editable


class TestSides:
    def test_an_item_that_was_moved_meanwhile_is_not_moved_back(self, superuser, desk_of, item):
        desk = desk_of(superuser)
        other = OrganizationFactory()
        with committed_before_save(item, supplier=other):
            desk.client.post(desk.url("change", item.pk), form_of(item))
        item.refresh_from_db()
        assert (item.sku_name, item.supplier) == ("new", other)

    def test_what_the_form_changes_is_written(self, superuser, desk_of, item):
        desk = desk_of(superuser)
        other = OrderItemFactory()
        data = form_of(item, order=other.order_id, supplier=other.supplier_id)
        desk.client.post(desk.url("change", item.pk), data)
        item.refresh_from_db()
        assert (item.order, item.supplier) == (other.order, other.supplier)


class Replica:
    def db_for_write(self, model, **hints):
        return "default"


def test_an_item_that_a_replica_read_is_written_without_what_is_left_out(item):
    item._state.db = "replica"
    item.sku_name = "new"
    with override_settings(DATABASE_ROUTERS=["tests.admin.test_lost_updates.Replica"]):
        leave_out(item, "status", "order")
        OrderItem.objects.update(status="Cancelled")
        item.save()
    item.refresh_from_db()
    assert (item.sku_name, item.status) == ("new", "Cancelled")


def test_the_sites_pass_their_checks():
    from tests.admin import hosts

    assert [site.check(None) for site in (admin.site, hosts.mixing)] == [[], []]
