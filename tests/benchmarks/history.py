"""Calls on an item that was requested and rejected 20,000 times, beside one where it was two."""

import json
import random
import time
from statistics import median

from django.contrib.auth.models import Permission, User
from django.utils import timezone
from rest_framework.authtoken.models import Token

from tests.benchmarks.calls import Caller
from tests.benchmarks.timing import WARM_UP, progress
from tests.benchmarks.world import TOKEN, analyze, organizations, seed
from timp_orders.models import Cancellation, OrderItem

LENGTHS = {"short": 2, "long": 20_000}
RETAILER_TOKEN = "benchmark-token-of-the-retailer"
ITEM = "/timp/orders/items/cancel/{item.uuid}/"
ORDER = "/timp/orders/cancel/"

# In the order in which they are made; after each round all is as it was before.
STEPS = {
    "request": (RETAILER_TOKEN, "PATCH", ITEM + "request/"),
    "detail": (TOKEN, "GET", ITEM),
    "reject": (TOKEN, "PATCH", ITEM + "reject/"),
    "request the order": (RETAILER_TOKEN, "PATCH", ORDER),
    "reject the order": (TOKEN, "PATCH", ORDER + "{item.order.uuid}/reject/"),
}


def measure(options):
    """Make each call on either item, in turn."""
    rounds = WARM_UP + (10 if options.short else 300)
    _add_retailer_user()
    # A short history has to stay short, so each of these items has its own round.
    short = _items(LENGTHS["short"], rounds)
    (long,) = _items(LENGTHS["long"], 1)
    analyze()
    shuffled = random.Random(7)
    times = {(step, length): [] for step in STEPS for length in LENGTHS}
    for number in progress(range(rounds), "history"):
        items = {"short": short[number], "long": long}
        for length in shuffled.sample(list(items), 2):
            for step in STEPS:
                times[step, length].append(_timed(step, items[length]))
    medians = {pair: median(spent[WARM_UP:]) * 1000 for pair, spent in times.items()}
    return [
        {
            "call": step,
            "short, ms": round(medians[step, "short"], 2),
            "long, ms": round(medians[step, "long"], 2),
            "slower": round(medians[step, "long"] / medians[step, "short"], 2),
        }
        for step in STEPS
    ]


def _timed(step, item):
    token, method, path = STEPS[step]
    body = {"order_uuid": str(item.order.uuid)} if path == ORDER else {}
    call = Caller(token, json.dumps(body).encode())
    start = time.perf_counter()
    status, answer = call(method, path.format(item=item))
    seconds = time.perf_counter() - start
    assert status == 200, answer[:500]
    assert b'"unchanged":[]' in answer or b"order_uuid" in answer
    return seconds


def _add_retailer_user():
    _, retailer = organizations("timp_orders")
    user = User.objects.create(username="retailer")
    user.user_permissions.add(Permission.objects.get(codename="cancel_order"))
    retailer.members.add(user)
    Token.objects.create(user=user, key=RETAILER_TOKEN)


def _items(length, count):
    """Add items, each the only one of its order, with as many rejected cancellations."""
    uuids = seed("timp_orders", count, per_order=1)
    items = list(OrderItem.objects.filter(uuid__in=uuids).select_related("order"))
    decided = {"status": "rejected", "decided_at": timezone.now()}
    Cancellation.unguarded.filter(order_item__in=items).update(**decided)
    Cancellation.unguarded.bulk_create(
        (
            Cancellation(order_item=item, requested_at=timezone.now(), **decided)
            for item in items
            for _ in range(length - 1)
        ),
        batch_size=2000,
    )
    return items
