"""What a host derives from a serializer is an ordinary subclass; the app's own are shared."""

import csv
import json
from datetime import datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import CharField
from rest_framework.test import APIRequestFactory, force_authenticate

from timp_orders.api import serializers
from timp_orders.api.list_views import CancellationsView
from timp_orders.api.serializers import shared
from timp_orders.models import OrderItem
from timp_orders.services import SYSTEM
from timp_orders.services.caller import Caller
from timp_orders.services.reads import visible_cancellations, visible_item
from timp_orders.testing import CancellationFactory

pytestmark = pytest.mark.django_db


def rendered(kind, instance, user):
    context = {"request": type("Request", (), {"user": user})}
    return json.loads(JSONRenderer().render(kind(instance, context=context).data))


@pytest.mark.parametrize("status", [None, "requested", "confirmed"])
@pytest.mark.parametrize("name", ["ItemSerializer", "ItemDetailSerializer"])
def test_a_shared_serializer_answers_as_one_of_its_own_does(name, item, supplier_user, status):
    if status:
        CancellationFactory(order_item=item, status=status, note="☃", reason="fraud")
    kind = getattr(serializers, name)
    read = visible_item(Caller.of(supplier_user))
    own = rendered(kind, read, supplier_user)
    assert json.loads(JSONRenderer().render(shared(kind).to_representation(read))) == own
    assert list(own) == list(kind().fields)


@pytest.mark.parametrize("zone", ["UTC", "America/Lima"])
def test_a_shared_serializer_uses_the_time_zone_of_the_request(item, cancellation, zone):
    read = visible_item(Caller.of(SYSTEM))
    with timezone.override(zone):
        answer = shared(serializers.ItemSerializer).to_representation(read)
        offset = timezone.localtime(cancellation.requested_at).strftime("%z")
    requested_at = answer["cancellation"]["requested_at"]
    assert datetime.fromisoformat(requested_at) == cancellation.requested_at
    assert datetime.fromisoformat(requested_at).strftime("%z") == offset


@pytest.mark.parametrize(
    ("stored", "shown"), [(2, 2), (Decimal("2.000"), 2), (Decimal("2.500"), 2.5), (None, None)]
)
def test_a_quantity_is_shown_as_it_is_stored(item, stored, shown):
    read = visible_item(Caller.of(SYSTEM))
    read.quantity_ordered = stored
    assert shared(serializers.ItemSerializer).to_representation(read)["quantity_ordered"] == shown


def test_a_host_adds_replaces_and_removes_fields(item, supplier_user):
    class Ours(serializers.ItemSerializer):
        sku_name = None
        sku_id = CharField(source="order.po_number")
        supplier_name = CharField(source="supplier.name")

    read = visible_item(Caller.of(supplier_user))
    answer = rendered(Ours, read, supplier_user)
    assert "sku_name" not in answer
    assert answer["sku_id"] == item.order.po_number
    assert answer["supplier_name"] == item.supplier.name
    assert answer["supported_actions"] == []


def test_a_hosts_list_is_described_by_its_own_serializer(cancellation, supplier_user):
    class Ours(serializers.ListedCancellationSerializer):
        label = CharField(source="get_status_display")  # a method, which REST framework calls

        class Meta(serializers.ListedCancellationSerializer.Meta):
            fields = [*serializers.ListedCancellationSerializer.Meta.fields, "label", "open"]

    class OurView(CancellationsView):
        def get_serializer_class(self):
            return Ours

    request = APIRequestFactory().get("/")
    force_authenticate(request, supplier_user)
    (row,) = OurView.as_view()(request).data["results"]
    assert (row["label"], row["open"], row["status"]) == ("requested", True, "requested")
    own = shared(serializers.ListedCancellationSerializer)
    (read,) = visible_cancellations(Caller.of(supplier_user))
    assert {**row, **own.to_representation(read)} == row


@pytest.mark.parametrize("kind", [serializers.ListedCancellationSerializer, list])
def test_only_the_apps_own_kinds_are_shared(kind):
    assert (shared(kind) is shared(kind) is not None) == (kind is not list)


def test_what_a_relation_that_is_null_leads_to_is_null_or_an_empty_text(item):
    read = visible_item(Caller.of(SYSTEM))
    read.__dict__["_state"].fields_cache["order"] = None
    answer = shared(serializers.ItemSerializer).to_representation(read)
    assert (answer["order_uuid"], answer["po_number"]) == (None, "")


def test_a_path_that_ends_at_a_null_is_an_empty_text(item, monkeypatch):
    read = visible_item(Caller.of(SYSTEM))
    read.product = None
    monkeypatch.setattr(OrderItem, "SKU_NAME_FIELD", "product__name")
    assert shared(serializers.ItemSerializer).to_representation(read)["sku_name"] == ""


@pytest.mark.parametrize(
    "name", ["cancellation", "latest_cancellation", "facts", "texts", "on_supplier_side", "refusal"]
)
def test_a_hosts_own_names_on_its_items_are_left_alone(call, world, monkeypatch, name):
    """A property without a setter would be an error as soon as something were attached by it."""
    monkeypatch.setattr(OrderItem, name, property(lambda self: "the host's"), raising=False)
    detail = call("item", world.item.uuid, method="get", by=world.supplier).json()
    listed = call("cancellations", method="get", by=world.supplier).json()["results"]
    done = call("confirm", world.item.uuid, by=world.supplier).json()
    assert detail["cancellation"]["status"] == listed[0]["status"] == "requested"
    assert done["cancellation"]["status"] == "confirmed"
    assert getattr(OrderItem.objects.get(), name) == "the host's"


class TestNamesOfStatuses:
    """A host whose statuses are codes says how partners read them."""

    @pytest.fixture(autouse=True)
    def _names(self, monkeypatch):
        names = {"Allocated": "At the packing desk", "HasTracking": "On its way"}
        monkeypatch.setattr(OrderItem, "STATUS_NAMES", names)

    def test_answers_have_the_name(self, call, world):
        detail = call("item", world.item.uuid, method="get", by=world.supplier).json()
        listed = call("cancellations", method="get", by=world.supplier).json()["results"]
        assert detail["status"] == listed[0]["order_item"]["status"] == "At the packing desk"
        done = call("confirm", world.item.uuid, by=world.supplier).json()
        assert done["status"] == "Cancelled"  # without a name of its own

    def test_problems_have_the_name(self, call, world):
        OrderItem.objects.update(status="HasTracking")
        problem = call("confirm", world.item.uuid, by=world.supplier).json()
        assert (problem["code"], problem["item_status"]) == ("already_shipped", "On its way")

    def test_the_export_has_the_name(self, admin_client, world):
        path = reverse("admin:timp_orders_cancellation_export")
        (row,) = csv.DictReader(admin_client.get(path).getvalue().decode("utf-8-sig").splitlines())
        assert row["item_status"] == "At the packing desk"
        assert row["quantity_ordered"] == "1"

    def test_the_examples_of_the_schema_have_the_names(self):
        text = json.dumps(SchemaGenerator().get_schema(request=None, public=True))
        assert "At the packing desk" in text
        assert "On its way" in text
        assert "HasTracking" not in text
