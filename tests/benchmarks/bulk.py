"""Many items by one call of the service, beside many calls and hand-written statements."""

import gc
import re
import time
from pathlib import Path
from statistics import median

from django.db import connection, transaction
from django.utils import timezone

from tests.benchmarks.confirm import statements
from tests.benchmarks.timing import progress
from tests.benchmarks.world import analyze, seed, supplier_user
from timp_orders.models import OrderItem
from timp_orders.services import confirm_cancellation
from timp_orders.services.batches import BATCH_SIZE

LOCK_ITEMS = "SELECT id FROM timp_orders_orderitem WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
LOCK_CANCELLATIONS = """
SELECT id FROM timp_orders_cancellation WHERE order_item_id = ANY(%s) AND status = 'requested'
ORDER BY id FOR UPDATE
"""
UPDATE_ITEMS = "UPDATE timp_orders_orderitem SET status = 'Cancelled' WHERE id = ANY(%s)"
UPDATE_CANCELLATIONS = """
UPDATE timp_orders_cancellation SET status = 'confirmed', decided_at = %s, decided_via = 'code',
decided_by_id = %s, decided_by_name = %s WHERE order_item_id = ANY(%s) AND status = 'requested'
"""


def measure(options):
    """Confirm the same number of items each way, several times over, and one large lot."""
    count, huge = (1000, 5000) if options.short else (10_000, 100_000)
    repeats = 1 if options.short else 5
    user = supplier_user()
    ways = {"one call": _one_call}
    if connection.vendor == "postgresql":
        ways["hand-written"] = _by_hand
    spent = {way: [] for way in ways}
    for _ in progress(range(repeats), "bulk"):
        for way, confirm in ways.items():
            spent[way].append(_timed(confirm, user, _seeded(count)))
    spent["single calls"] = [_timed(_single_calls, user, _seeded(count))]
    one = median(spent["one call"])
    rows = [
        {
            "way": way,
            "items": count,
            "seconds": round(median(times), 2),
            "of one call": round(median(times) / one, 2),
        }
        for way, times in spent.items()
    ]
    rows[0]["statements"] = _statements(user, count)
    two = _statements(user, 2 * BATCH_SIZE) - _statements(user, BATCH_SIZE)
    rows.append({"way": "each further batch", "items": BATCH_SIZE, "statements": two})
    pks = _seeded(huge)
    before = peak(anew=True)
    seconds = _timed(_one_call, user, pks)
    growth = f"{peak() - before:.0f} MiB"
    rows.append(
        {"way": "one call", "items": huge, "seconds": round(seconds, 2), "memory growth": growth}
    )
    return rows


def _seeded(count):
    """Make items, each with a request; name them by a range of primary keys."""
    seed("timp_orders", count)
    pks = OrderItem.objects.order_by("-pk").values_list("pk", flat=True)[:count]
    return min(pks), max(pks)


def _named(pks):
    return OrderItem.objects.filter(pk__range=pks)


def _timed(confirm, user, pks):
    analyze()
    start = time.perf_counter()
    confirm(user, pks)
    seconds = time.perf_counter() - start
    assert not _named(pks).exclude(status="Cancelled").exists()
    return seconds


def _one_call(user, pks):
    confirm_cancellation(_named(pks), by=user).raise_if_refused()


def _single_calls(user, pks):
    for uuid in progress(list(_named(pks).values_list("uuid", flat=True)), "single calls"):
        confirm_cancellation(OrderItem.objects.filter(uuid=uuid), by=user).raise_if_refused()


def _by_hand(user, pks):
    keys = list(_named(pks).values_list("pk", flat=True))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK_ITEMS, [keys])
        cursor.execute(LOCK_CANCELLATIONS, [keys])
        cursor.execute(UPDATE_ITEMS, [keys])
        cursor.execute(UPDATE_CANCELLATIONS, [timezone.now(), user.pk, user.username, keys])


def _statements(user, count):
    pks = _seeded(count)
    return statements(lambda: _one_call(user, pks))


def peak(*, anew=False):
    """The most memory that this process had since it was asked for anew, in MiB (Linux)."""
    if anew:
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 2**10
