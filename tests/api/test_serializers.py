"""What a host derives from a serializer goes by its fields; ours is the same, by hand."""

import json

import pytest
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import CharField

from timp_orders.api import serializers
from timp_orders.models import Cancellation
from timp_orders.services.caller import Caller
from timp_orders.services.reads import visible_item
from timp_orders.testing import CancellationFactory

pytestmark = pytest.mark.django_db

OF_ITEMS = ["NamedItemSerializer", "ItemSerializer", "ItemDetailSerializer"]
OF_CANCELLATIONS = ["CancellationSerializer", "ListedCancellationSerializer"]


def rendered(kind, instance, user):
    context = {"request": type("Request", (), {"user": user})}
    return json.loads(JSONRenderer().render(kind(instance, context=context).data))


@pytest.mark.parametrize("status", [None, "requested", "confirmed"])
@pytest.mark.parametrize("name", OF_ITEMS + OF_CANCELLATIONS)
def test_what_is_written_by_hand_is_what_the_fields_say(name, item, supplier_user, status):
    if status:
        CancellationFactory(order_item=item, status=status, note="☃", reason="fraud")
    ours = getattr(serializers, name)
    hosts = type("HostSerializer", (ours,), {"__module__": "shop.serializers"})
    read = visible_item(Caller.of(supplier_user))
    instances = [read] if name in OF_ITEMS else Cancellation.objects.all()
    for instance in instances:
        by_hand = rendered(ours, instance, supplier_user)
        assert by_hand == rendered(hosts, instance, supplier_user)
        assert list(by_hand) == list(ours().fields)


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
