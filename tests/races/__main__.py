"""``python -m tests.races``: real processes race on the database of ``DATABASE_URL``.

Progress is written to stderr; the exit status is 1 when an invariant breaks. The full form takes
``--items 2000 --rounds 10 --kills 50``, which are the defaults; ``--short`` is what CI runs.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "example_project"))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.races.settings"
SCRATCH = tempfile.TemporaryDirectory(prefix="timp-orders-races-")
os.environ["RACES_SQLITE"] = str(Path(SCRATCH.name) / "races.sqlite3")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402

from tests.races import deadlines, parts, scenarios  # noqa: E402
from tests.races.clients import Clients  # noqa: E402
from tests.races.cluster import Cluster  # noqa: E402
from tests.races.server import Server  # noqa: E402
from tests.races.stage import Broken, Stage, check, check_answers, check_decisions, deadlocks  # noqa: E402


def parse():
    parser = argparse.ArgumentParser(prog="python -m tests.races")
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--crashes", type=int, default=5, help="of a PostgreSQL cluster")
    parser.add_argument(
        "--short", action="store_true", help="200 items, 2 rounds, 5 kills, 1 crash"
    )
    arguments = parser.parse_args()
    if arguments.short:
        arguments.items, arguments.rounds, arguments.kills, arguments.crashes = 200, 2, 5, 1
    return arguments


class Report:
    def __init__(self):
        self.broken = 0

    def run(self, name, scenario, *arguments):
        started = time.monotonic()
        try:
            said = scenario(*arguments)
        except (Broken, AssertionError) as error:
            self.broken += 1
            said = f"BROKEN: {error}"
        seconds = time.monotonic() - started
        print(
            f"{connection.vendor:10} {name:24} {seconds:6.1f} s  {said}",
            file=sys.stderr,
            flush=True,
        )


def database_url():
    """The URL of the test database, for the server's processes."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"


def race(options, report):
    """All that happens on the database of ``DATABASE_URL``."""
    stage = Stage()
    with Server(database_url()) as server:
        clients = Clients(server.port, count=options.clients)
        clients.server = server
        before = deadlocks()
        for number in range(options.rounds):
            name = f"decisions, round {number + 1}"
            report.run(name, scenarios.decisions, stage, clients, options.items)
        for scenario in (scenarios.overlapping, scenarios.requests, scenarios.shipments):
            report.run(scenario.__name__, scenario, stage, clients, options.items)
        report.run("deadlines", deadlines.deadlines, stage, clients, options.items)
        report.run("deadlocks", check_deadlocks, before)
        report.run("answers lost", scenarios.answers_lost, stage, clients, options.items)
        killing = partial(scenarios.killed_workers, kills=options.kills)
        report.run("killed workers", killing, stage, clients, options.items)
        killing = partial(deadlines.deadlines_and_kills, kills=options.kills)
        report.run("killed runs", killing, stage, clients, options.items)
    race_for_parts(options, report, stage)
    if report.broken:
        print(f"The server's log: {server.log.name}", file=sys.stderr)


def race_for_parts(options, report, stage):
    """The same for a host that counts parts of quantities."""
    with Server(database_url(), parts=True) as server:
        clients = Clients(server.port, count=options.clients)
        clients.server = server
        before = deadlocks()
        for scenario in (parts.parts, parts.parts_and_shipments):
            report.run(scenario.__name__, scenario, stage, clients, options.items)
        report.run("deadlocks", check_deadlocks, before)
        killing = partial(parts.parts_and_kills, kills=options.kills)
        report.run("parts and kills", killing, stage, clients, options.items)


def check_deadlocks(before):
    if before is None:
        return "SQLite has no row locks"
    time.sleep(1)  # PostgreSQL's sessions tell what they counted when they are idle
    check(deadlocks() == before, deadlocks() - before, "deadlocks")
    return "none"


def crash_postgresql(options, report):
    """The plug is pulled on a cluster of our own, under load."""
    with Cluster() as cluster:
        settings = connections["default"].settings_dict
        connection.close()
        kept = dict(settings)
        settings |= {"NAME": "races", "PORT": cluster.port, "HOST": "127.0.0.1", "USER": "postgres"}
        try:
            call_command("migrate", run_syncdb=True, verbosity=0)
            with Server(cluster.url) as server:
                clients = Clients(server.port, count=options.clients, again_after=range(500, 600))
                report.run("crashed PostgreSQL", crashes, Stage(), clients, cluster, options)
        finally:
            connection.close()
            settings |= kept


def crashes(stage, clients, cluster, options):
    hit = 0
    for _ in range(options.crashes):
        items = stage.items(options.items)
        calls = scenarios.decision_calls(items)
        timer = threading.Timer(1, lambda: (cluster.kill(), cluster.start()))
        timer.start()
        clients.send(calls)
        timer.join()
        connection.close()
        hit += sum(call.cuts + len(call.refusals) for call in calls)
        check_answers(calls, items)
        check_decisions(items)
    check(hit, "no call was hit")
    return f"{options.crashes} crashes hit {hit} calls"


def main():
    options = parse()
    report = Report()
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        race(options, report)
    finally:
        connection.close()
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)
    if connection.vendor == "postgresql":
        crash_postgresql(options, report)
    print("broken" if report.broken else "all invariants hold", file=sys.stderr)
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
