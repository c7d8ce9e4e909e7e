"""Races of runs that enforce deadlines: with people, with each other, and with kill -9.

``python -m tests.races.deadlines`` is one run after another, of a few each, until nothing is due.
"""

import os
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from datetime import timedelta

if __name__ == "__main__":
    import django

    django.setup()

from django.utils import timezone

from tests.races.models import MARKS, Witness
from tests.races.scenarios import decision_calls
from tests.races.stage import check, check_answers, check_decisions
from tests.servers import ROOT
from timp_orders.models import Cancellation
from timp_orders.services import enforce_deadlines

BATCH = 20


def due(stage, size):
    """Make items whose cancellations are overdue, or nearly so."""
    items = stage.items(size)
    now = timezone.now()
    moments = [now - timedelta(hours=1), now + timedelta(minutes=30)]
    rows = Cancellation.unguarded.filter(order_item__in=[item.pk for item in items])
    for number, moment in enumerate(moments):
        some = [item.pk for item in items[number::3]]
        rows.filter(order_item__in=some).update(respond_by=moment)
    return items


class Runs(threading.Thread):
    """Processes that enforce deadlines, one after another as they are killed, until all is done."""

    def __init__(self, server, kills):
        super().__init__(daemon=True)
        self.server, self.kills, self.killed, self.error = server, kills, 0, None

    def run(self):
        while self.error is None:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.races.deadlines"],
                cwd=ROOT,
                env=self.server.environment,
                stderr=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            process.stdout.readline()  # it has begun
            if self.killed < self.kills:
                time.sleep(random.uniform(0, 0.4))
                process.kill()
            _, told = process.communicate()
            if process.returncode == 0:
                return
            if process.returncode > 0:
                self.error = told
            self.killed += 1

    def finish(self):
        self.join(300)
        check(not self.is_alive(), "a run does not end")
        check(self.error is None, self.error)


def check_marks(items):
    """A row of the receiver's for each mark, and none twice."""
    told = defaultdict(list)
    for uuid, status in Witness.objects.filter(status__in=MARKS).values_list(
        "cancellation_uuid", "status"
    ):
        told[uuid].append(status)
    counts = dict.fromkeys(MARKS, 0)
    rows = Cancellation.unguarded.filter(order_item__in=[item.pk for item in items])
    for found in rows:
        marked = [name for name, column in MARKS.items() if getattr(found, column)]
        check(sorted(told[found.uuid]) == sorted(marked), found.uuid, told[found.uuid], marked)
        for name in marked:
            counts[name] += 1
        is_overdue = found.respond_by is not None and found.respond_by < timezone.now()
        check(not (is_overdue and found.status == "requested"), found.uuid, "is undecided")
    return counts


def deadlines(stage, clients, size, runs=2, kills=0):
    """Several processes enforce deadlines while people decide the same cancellations."""
    items = due(stage, size)
    processes = [Runs(clients.server, kills) for _ in range(runs)]
    for process in processes:
        process.start()
    calls = decision_calls(random.sample(items, len(items) // 2))
    if kills:
        while any(process.is_alive() and process.killed < kills for process in processes):
            time.sleep(0.05)
    clients.send(calls)
    for process in processes:
        process.finish()
    check_decisions(items, all_decided=False)
    check_answers(calls, items)
    counts = check_marks(items)
    by_run = Cancellation.objects.filter(
        order_item__in=[item.pk for item in items], decided_via="deadline"
    ).count()
    check(by_run or size < 50, "silence decided nothing")
    killed = sum(process.killed for process in processes)
    return f"{counts}, {by_run} decided by silence, {killed} runs killed"


def deadlines_and_kills(stage, clients, size, kills):
    """The same, with runs that are killed at any moment, and begun again."""
    return deadlines(stage, clients, size, kills=max(kills // 2, 1))


def main():
    print("begun", flush=True)
    while True:
        done = enforce_deadlines(limit=BATCH)
        codes = {error.code for error in done.refused.values()}
        if codes - {"busy"}:
            return f"refused: {codes}"
        if not done.count:
            return None


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.races.settings")
    sys.exit(main())
