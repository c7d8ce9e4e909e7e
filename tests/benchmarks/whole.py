"""A whole order over the API, and a selection across pages in the admin, from click to answer."""

import json
import time

from django.contrib.auth.models import User
from django.db import connection, reset_queries
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment

from tests.admin.staff_client import Desk
from tests.benchmarks.timing import progress
from tests.benchmarks.world import TOKEN, analyze, seed
from timp_orders.models import OrderItem
from timp_orders.services.batches import BATCH_SIZE


def measure(options):
    """Confirm as many items as make one batch, and several."""
    setup_test_environment()  # so that the answers of the admin tell what is in them
    orders = [10, BATCH_SIZE, 2 * BATCH_SIZE]
    selections = [BATCH_SIZE, 2 * BATCH_SIZE] if options.short else [BATCH_SIZE, 10 * BATCH_SIZE]
    _order(1)  # caches of the process, which the first call fills
    _selection(1)
    rows = [_order(count) for count in progress(orders, "orders")]
    return rows + [_selection(count) for count in progress(selections, "selections")]


def _order(count):
    uuids = seed("timp_orders", count, per_order=count)
    order_uuid = OrderItem.objects.get(uuid=uuids[0]).order.uuid
    client = Client(headers={"Authorization": f"Token {TOKEN}"})

    def confirm():
        url = f"/timp/orders/cancel/{order_uuid}/confirm/"
        answer = client.patch(url, b"{}", content_type="application/json")
        assert len(json.loads(answer.content)["changed"]) == count, answer.content[:500]

    return {"what": "whole order, API", "items": count, **_measured(confirm)}


def _selection(count):
    seed("timp_orders", count)
    admin, _ = User.objects.get_or_create(username="admin", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(admin)
    desk = Desk(client)
    first = OrderItem.objects.filter(cancellations__status="requested").first()

    def confirm():
        page = desk.announce("confirm", first, across=True, awaiting="yes")
        (message,) = map(str, desk.decide(page).context["messages"])
        assert message.startswith(f"{count} "), message

    return {"what": "selection, admin", "items": count, **_measured(confirm)}


def _measured(confirm):
    analyze()
    reset_queries()
    with CaptureQueriesContext(connection) as captured:
        start = time.perf_counter()
        confirm()
        seconds = time.perf_counter() - start
    return {"seconds": round(seconds, 2), "statements": len(captured)}
