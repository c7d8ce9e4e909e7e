"""Many changes over HTTP in one call, beside single calls and one call of the service."""

import gc
import json
import time
from statistics import median

from tests.benchmarks.calls import Caller
from tests.benchmarks.timing import progress
from tests.benchmarks.world import analyze, seed, supplier_user, url_of
from timp_orders.models import OrderItem
from timp_orders.services import confirm_cancellation

PATH = "/timp/orders/items/cancel/"
COUNT = 500


def measure(options):
    """Confirm the same number of items each way, in turn, several times over."""
    repeats = 2 if options.short else 11
    user = supplier_user()
    ways = {
        "one call, one note": lambda uuids: _many(uuids, "Back on the shelf."),
        "one call, a note each": lambda uuids: _many(uuids, None),
        "one call of the service": lambda uuids: _service(uuids, user),
        "single calls": _single,
    }
    spent = {way: [] for way in ways}
    for _ in progress(range(repeats), "changes"):
        for way, confirm in ways.items():
            spent[way].append(_timed(confirm))
    one = median(spent["one call, one note"])
    return [
        {
            "way": way,
            "items": COUNT,
            "ms": round(median(times) * 1000, 1),
            "of one call": round(median(times) / one, 2),
        }
        for way, times in spent.items()
    ]


def _timed(confirm):
    uuids = seed("timp_orders", COUNT)
    analyze()
    gc.collect()
    start = time.perf_counter()
    confirm(uuids)
    seconds = time.perf_counter() - start
    cancelled = OrderItem.objects.filter(uuid__in=uuids, status="Cancelled")
    assert cancelled.count() == COUNT
    return seconds


def _many(uuids, note):
    changes = [
        {"order_item_uuid": str(uuid), "action": "confirm", "note": note or f"Box {number}."}
        for number, uuid in enumerate(uuids)
    ]
    status, body = Caller(body=json.dumps({"changes": changes}).encode())("PATCH", PATH)
    assert status == 200, body


def _service(uuids, user):
    confirm_cancellation(uuids, by=user, note="Back on the shelf.").raise_if_refused()


def _single(uuids):
    call = Caller(body=b'{"note": "Back on the shelf."}')
    for uuid in uuids:
        status, body = call("PATCH", url_of("timp_orders", uuid))
        assert status == 200, body
