"""The confirm through gunicorn with several workers, under clients that never wait."""

import http.client
import os
import random
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from django.db import connection

from tests.benchmarks.timing import progress
from tests.benchmarks.world import TOKEN, contenders, seed, url_of

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 4
CLIENTS = 4
LOT = 100
"""Requests of one contender before it is the next one's turn."""


def measure(options):
    """Send lots of confirms of one contender and another, by turns."""
    lots = 3 if options.short else 20
    names = contenders()
    # The first lot is not counted.
    uuids = {name: seed(name, LOT * (lots + 1)) for name in names}
    rates = {name: [] for name in names}
    shuffled = random.Random(7)
    with _gunicorn() as port, ThreadPoolExecutor(CLIENTS) as clients:
        for number in progress(range(lots + 1), "gunicorn"):
            shuffled.shuffle(names)
            for name in names:
                lot = uuids[name][number * LOT : (number + 1) * LOT]
                start = time.perf_counter()
                list(clients.map(lambda uuid, name=name: _confirm(port, name, uuid), lot))
                if number:
                    rates[name].append(LOT / (time.perf_counter() - start))
    reference = median(rates["tutorial"])
    return [
        {
            "contender": name,
            "workers": WORKERS,
            "clients": CLIENTS,
            "confirmed per second": round(median(rates[name])),
            "throughput": round(median(rates[name]) / reference, 2),
        }
        for name in contenders()
    ]


def _confirm(port, name, uuid):
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
    server.request("PATCH", url_of(name, uuid), b"{}", headers)
    answer = server.getresponse()
    assert answer.status == 200, answer.read()[:500]
    answer.read()
    server.close()


@contextmanager
def _gunicorn():
    """Serve the test database; the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--log-level", "warning"),
            *("--workers", str(WORKERS), "--bind", f"127.0.0.1:{port}"),
            "django.core.wsgi:get_wsgi_application()",
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "example_project")]),
            "BENCHMARK_DATABASE": str(connection.settings_dict["NAME"]),
        },
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port, process):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, "gunicorn has ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("gunicorn does not listen")
