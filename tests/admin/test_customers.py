"""Hosts in which one side of an order is a user, a shop's customer: their name does not cross."""

import csv
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.db import models
from django.test.utils import isolate_apps

from timp_orders.admin.columns import SideColumn, standing_on
from timp_orders.models import AbstractOrderItem
from timp_orders.states import Side


@pytest.fixture
def line_model():
    user_model = get_user_model()
    with isolate_apps("tests.admin"):

        class Purchase(models.Model):
            number = models.CharField(max_length=9, default="PO 7")
            customer = models.ForeignKey(user_model, models.CASCADE, related_name="+", null=True)

            class Meta:
                app_label = "tests"

        class Line(AbstractOrderItem):
            purchase = models.ForeignKey(Purchase, models.CASCADE)
            vendor = models.CharField(max_length=9, default="Vendor")
            RETAILER_FIELD = "purchase__customer"
            SUPPLIER_FIELD = "vendor"
            PO_NUMBER_FIELD = SKU_ID_FIELD = SKU_NAME_FIELD = "purchase__number"
            ORDER_UUID_FIELD = "uuid"
            QUANTITY_FIELD = "pk"

            class Meta:
                app_label = "tests"

        yield Line


@pytest.fixture
def line(line_model):
    purchase_model = line_model._meta.get_field("purchase").related_model
    customer = get_user_model()(pk=1, username="clara")
    return line_model(pk=1, purchase=purchase_model(customer=customer))


@pytest.mark.parametrize(("reader_is_too", "shown"), [(True, "clara"), (False, "retailer")])
def test_the_name_of_a_customer_is_shown_to_their_own_side_only(line, reader_is_too, shown):
    assert str(standing_on(Side.RETAILER, line, reader_is_too=reader_is_too)) == shown


def test_a_column_of_the_user_counts_as_their_name(line, line_model, monkeypatch):
    monkeypatch.setattr(line_model, "RETAILER_FIELD", "purchase__customer__username")
    assert standing_on(Side.RETAILER, line, reader_is_too=True) == "clara"
    assert standing_on(Side.RETAILER, line, reader_is_too=False) == "retailer"


def test_a_guest_s_order_is_not_told_from_a_customer_s(line):
    line.purchase.customer = None
    assert standing_on(Side.RETAILER, line, reader_is_too=True) is None
    assert standing_on(Side.RETAILER, line, reader_is_too=False) == "retailer"


def test_what_is_no_user_is_shown_to_everybody(line):
    assert standing_on(Side.SUPPLIER, line, reader_is_too=False) == "Vendor"


@pytest.fixture
def in_force(line_model, monkeypatch):
    for module in ("columns", "exports"):
        monkeypatch.setattr(f"timp_orders.admin.{module}.get_order_item_model", lambda: line_model)


def test_the_list_is_not_ordered_by_the_names_of_customers(in_force):
    assert SideColumn(Side.RETAILER).admin_order_field is None
    assert SideColumn(Side.SUPPLIER).admin_order_field == "order_item__vendor"


@pytest.mark.parametrize(("of_retailer", "shown"), [(True, "clara"), (False, "retailer")])
def test_column_and_export_show_what_the_reader_may_know(
    line, in_force, monkeypatch, of_retailer, shown
):
    from timp_orders.admin import exports
    from timp_orders.admin.cancellation_columns import TOLD
    from timp_orders.admin.exports import csv_rows

    cancellation = SimpleNamespace(
        **dict.fromkeys(("uuid", "reason", "note", "requested_at", "requested_via"), ""),
        **dict.fromkeys(("respond_by", "reminded_at", "overdue_at")),
        **dict.fromkeys(("decision_note", "decided_at", "decided_via", "item_status"), ""),
        status="requested",
        requested_by_name="clara",
        requested_party="retailer",
        decided_party=None,
        decision_reason="",
        **dict.fromkeys(("quantity", "quantity_available", "quantity_confirmed")),
        order_item=line,
        on_retailer_side=of_retailer,
        on_supplier_side=not of_retailer,
    )
    assert str(SideColumn(Side.RETAILER)(cancellation)) == shown
    monkeypatch.setattr(exports, "by_pages", lambda *args, **kwargs: [[cancellation]])
    [row] = csv.DictReader(csv_rows(None, TOLD))
    assert (row["retailer"], row["requested_by"], row["supplier"]) == (shown, shown, "Vendor")


@pytest.mark.django_db
def test_the_confirmation_page_shows_what_the_reader_may_know(
    staff, retailer, supplier_desk, desk_of, cancellation, monkeypatch
):
    monkeypatch.setattr("timp_orders.admin.columns.leads_to_user", lambda *args: True)
    own = staff("cancel_order")
    retailer.members.add(own)
    item, name = cancellation.order_item, retailer.name
    for action, desk, is_shown in [
        ("confirm", supplier_desk, False),
        ("withdraw", desk_of(own), True),
    ]:
        page = desk.announce(action, item)
        [shown] = [listed.timp_texts for group in page.context["groups"] for listed in group.items]
        assert (str(shown["retailer"]) == name) is is_shown
        assert (str(shown["supplier"]) == item.supplier.name) is not is_shown
