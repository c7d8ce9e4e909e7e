"""The demonstration's data can be loaded again, whatever was done with them."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import override_settings

from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import SYSTEM, confirm_cancellation

pytestmark = pytest.mark.django_db


def load():
    with override_settings(DEBUG=True):
        call_command("demo", no_serve=True, stdout=StringIO())
    statuses = OrderItem.objects.order_by("uuid").values_list("uuid", "status")
    return list(statuses), Cancellation.objects.filter(open=True).count()


def test_it_begins_anew_after_everything_was_confirmed():
    loaded = load()
    assert loaded[1]
    confirm_cancellation(OrderItem.objects, by=SYSTEM)
    assert Cancellation.objects.filter(open=True).count() < loaded[1]
    assert load() == loaded


def test_cancellations_are_made_in_the_order_of_their_requests():
    load()
    moments = list(Cancellation.objects.order_by("pk").values_list("requested_at", flat=True))
    assert moments == sorted(moments)
