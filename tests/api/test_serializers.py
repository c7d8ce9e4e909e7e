"""What a host derives from a serializer is an ordinary subclass; the app's own are shared."""

import json
from datetime import datetime
from decimal import Decimal

import pytest
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import CharField

from timp_orders.api import serializers
from timp_orders.api.serializers import shared
from timp_orders.services import SYSTEM
from timp_orders.services.caller import Caller
from timp_orders.services.reads import visible_item
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
