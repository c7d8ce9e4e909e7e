"""Refunds by a queue on Redis, whose workers look at other nodes than the decisions."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager

import redis
from django.db import connection

from tests.deployments import storms
from tests.races.clients import Clients
from tests.races.server import Server
from tests.races.stage import check, check_decisions
from tests.servers import PATIENCE, ROOT, free_port

WORKERS = 3
PATIENCE_WITH_THE_QUEUE = 40
SWEPT = 10
"""Seconds until the sweep takes a decision for one whose task is lost."""
# By SQL, since the app is the servers' alone.
REFUNDS = "timp_orders_cancellation c LEFT JOIN refunds_refund r ON r.cancellation_uuid = c.uuid"


@contextmanager
def queue():
    """Run a Redis of our own; give the variables of those who use it."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            url = f"redis://127.0.0.1:{port}/0"
            with redis.Redis.from_url(url, retry_on_timeout=True) as client:
                wait_until(lambda: answers(client))
            yield {"TASKS": "redis", "REDIS_URL": url, "DEPLOYMENT_APPS": "refunds"}
        finally:
            process.terminate()


def answers(client):
    try:
        return client.ping()
    except redis.ConnectionError:
        return False


def wait_until(holds, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def manage(*arguments, url, variables):
    """Start a command of the project on the database of the URL."""
    env = {
        **os.environ,
        **variables,
        "DATABASE_URL": url,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "example_project")]),
    }
    command = [sys.executable, "-m", "django", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, start_new_session=True
    )


class Worker(threading.Thread):
    """Carries tasks out; one that is killed now and then starts again."""

    def __init__(self, url, variables, *, is_killed):
        super().__init__(daemon=True)
        self.url, self.variables, self.is_killed, self.kills = url, variables, is_killed, 0
        self.stopped = threading.Event()

    def run(self):
        command = ["rqworker", "default", "--with-scheduler", "--verbosity=0"]
        while not self.stopped.is_set():
            process = manage(*command, url=self.url, variables=self.variables)
            if not self.stopped.wait(random.uniform(6, 12) if self.is_killed else None):
                self.kills += 1
            os.killpg(process.pid, signal.SIGKILL)  # with its scheduler, and what it carries out
            process.wait()

    def stop(self):
        self.stopped.set()
        self.join()


def refunds(stage, urls, size, *, kills):
    """Decide on the first nodes while workers of the last one refund; then sweep what is missing.

    :param urls: of the nodes.
    :param kills: the workers are killed now and then.
    """
    with ExitStack() as running:
        variables = running.enter_context(queue())
        migrated = manage("migrate", "refunds", "--verbosity=0", url=urls[0], variables=variables)
        check(migrated.wait() == 0, "no table of refunds")
        deployed = [storms.deployed(url, workers=2, **variables) for url in urls[:-1]]
        ports = [running.enter_context(Server(**one)).port for one in deployed]
        workers = [Worker(urls[-1], variables, is_killed=kills) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
            running.callback(worker.stop)
        items = stage.items(size)
        Clients(*ports, count=storms.CLIENTS, again_after=[503]).send(storms.five_calls(items))
        confirmed = check_decisions(items)["confirmed"]
        wait_until(lambda: not missing(items), PATIENCE_WITH_THE_QUEUE)
        by_queue = confirmed - missing(items)
        sweeps = 0
        while missing(items) and sweeps < 10:
            sweep = ["enqueue_missing_refunds", f"--older-than={SWEPT}"]
            check(manage(*sweep, url=urls[0], variables=variables).wait() == 0, "no sweep")
            sweeps += 1
            wait_until(lambda: not missing(items), SWEPT)
        check(not missing(items), missing(items), "were never refunded")
        check(not needless(), needless(), "refunds of what is not confirmed")
        killed = sum(worker.kills for worker in workers)
    return (
        f"{confirmed} confirmed, {by_queue} refunded by the queue, {confirmed - by_queue} after "
        f"{sweeps} sweeps; {killed} workers killed"
    )


def missing(items):
    """Count the confirmed cancellations of these items that have no refund."""
    pks = [item.pk for item in items]
    return counted(
        f"{REFUNDS} WHERE c.status = 'confirmed' AND r.id IS NULL "
        "AND c.order_item_id BETWEEN %s AND %s",
        [min(pks), max(pks)],
    )


def needless():
    return counted(f"{REFUNDS} WHERE c.status <> 'confirmed' AND r.id IS NOT NULL", [])


def counted(conditions, parameters):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {conditions}", parameters)
        return cursor.fetchone()[0]
