"""Overdue cancellations that silence confirms: one command, and two at once."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from statistics import median

from django.db import connection
from django.test import override_settings
from django.utils import timezone

from tests.benchmarks.confirm import statements
from tests.benchmarks.timing import progress
from tests.benchmarks.world import analyze, seed
from tests.servers import ROOT
from timp_orders.models import Cancellation
from timp_orders.services import enforce_deadlines
from timp_orders.services.batches import BATCH_SIZE

SETTINGS = {"RESPOND_WITHIN": timedelta(hours=48), "ON_DEADLINE": "confirm"}
SCRIPT = """
import django
django.setup()
from django.core.management import call_command
from tests.benchmarks.bulk import peak
call_command("enforce_deadlines")
print(f"{peak():.0f} MiB")
"""


def measure(options):
    """Confirm the same number each way, several times over, the ways by turns."""
    count, repeats = (1000, 1) if options.short else (100_000, 3)
    spent, memory = {1: [], 2: []}, {}
    for _ in progress(range(repeats), "deadlines"):
        for commands, times in spent.items():
            times.append(_commands(commands, count, memory))
    one = median(spent[1])
    rows = [
        {
            "way": name,
            "cancellations": count,
            "seconds": round(median(spent[commands]), 2),
            "of one command": round(median(spent[commands]) / one, 2),
        }
        for commands, name in ((1, "one command"), (2, "two at once"))
    ]
    rows[0]["peak memory"] = memory[1]
    _commands(1, BATCH_SIZE, memory)
    rows.append({"way": "one command", "cancellations": BATCH_SIZE, "peak memory": memory[1]})
    with override_settings(TIMP_ORDERS=SETTINGS):
        two = _statements(2 * BATCH_SIZE) - _statements(BATCH_SIZE)
    rows.append({"way": "each further batch", "cancellations": BATCH_SIZE, "statements": two})
    return rows


def _overdue(count):
    """Make overdue cancellations, beside as many that are not."""
    for respond_by in (timezone.now() - timedelta(hours=1), timezone.now() + timedelta(days=9)):
        seed("timp_orders", count)
        Cancellation.unguarded.filter(respond_by=None).update(respond_by=respond_by)
    analyze()


def _commands(number, count, memory):
    """Run commands until all are done.

    :param memory: gets the most that one of them had, by how many they were.
    :returns: how many seconds they took, with their start.
    """
    _overdue(count)
    name = connection.settings_dict["NAME"]
    environment = {
        **os.environ,
        "BENCHMARK_DATABASE": str(name),
        "BENCHMARK_DEADLINES": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "example_project")]),
    }
    start = time.perf_counter()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(number)
    ]
    told = [process.communicate()[0] for process in processes]
    seconds = time.perf_counter() - start
    assert not any(process.returncode for process in processes), told
    memory[number] = told[0].splitlines()[-1]
    left = Cancellation.objects.filter(status="requested", respond_by__lt=timezone.now())
    assert not left.exists()
    Cancellation.unguarded.filter(status="requested").delete()
    return seconds


def _statements(count):
    _overdue(count)
    found = statements(enforce_deadlines)
    Cancellation.unguarded.filter(status="requested").delete()
    return found
