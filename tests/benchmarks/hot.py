"""Many clients at once: on the items of one order, beside items of as many orders."""

import threading
import time
from statistics import median

from django.db import connection

from tests.benchmarks.calls import Caller
from tests.benchmarks.timing import progress
from tests.benchmarks.world import seed, url_of

CLIENTS = 64


def measure(options):
    """Confirm with one thread, and one connection, for each client; either way in turn."""
    each, repeats = (2, 1) if options.short else (20, 5)
    rates = {"one hot order": [], "spread items": []}
    for _ in progress(range(repeats), "hot"):
        for way in rates:
            count = CLIENTS * each
            uuids = seed("timp_orders", count, per_order=count if way == "one hot order" else 1)
            rates[way].append(count / _seconds(uuids))
    spread = median(rates["spread items"])
    return [
        {
            "items": way,
            "clients": CLIENTS,
            "confirmed per second": round(median(measured)),
            "throughput": round(median(measured) / spread, 2),
        }
        for way, measured in rates.items()
    ]


def _seconds(uuids):
    """Confirm each item; the clients take turns in the list."""
    errors = []
    ready = threading.Barrier(CLIENTS + 1)

    def client(number):
        call = Caller()
        try:
            connection.ensure_connection()
            ready.wait()
            for uuid in uuids[number::CLIENTS]:
                status, body = call("PATCH", url_of("timp_orders", uuid))
                assert status == 200, body
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=client, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    ready.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    if errors:
        raise errors[0]
    return seconds
