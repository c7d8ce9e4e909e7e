"""ASGI: uvicorn, alone and behind nginx."""

import sys
from collections import Counter
from functools import partial
from pathlib import Path

from django.db import connection

from tests.deployments import bodies, database, storms, streaming
from tests.deployments.proxies import Nginx
from tests.races.clients import Clients, item_call
from tests.races.cluster import Cluster
from tests.races.server import WORKERS, Server
from tests.races.stage import Stage, check, token

TITLE = "uvicorn (ASGI), alone and behind nginx: storms with kills, bodies, exports"
PAUSE = 3
"""Seconds between two kills: its workers are started anew, and not forked."""
WARNING = "StreamingHttpResponse must consume"


class Uvicorn(Server):
    """A context: uvicorn runs, with several workers."""

    def command(self):
        options = {"port": self.port, "workers": WORKERS, "log-level": "warning", **self.options}
        arguments = [f"--{name}={value}" for name, value in options.items()]
        command = [sys.executable, "-W", "always", "-m", "uvicorn", *arguments]
        return [*command, "example.asgi:application"]

    def __init__(self, options=None, **arguments):
        super().__init__(**arguments)
        self.options = options or {}

    def workers(self):
        # The first child is multiprocessing's own, which watches over its resources.
        return [pid for pid in super().workers() if "spawn_main" in command_line(pid)]


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""


def run(table, *, short):
    size, rows = (40, 20_000) if short else (400, 100_000)
    with Cluster() as cluster:
        database.use(cluster.url, migrate=True)
        stage = Stage()
        with Uvicorn(**deployed()) as server:
            rows_of(table, "alone", stage, server, server, size, rows)
            with Nginx(server) as nginx:
                rows_of(table, "nginx", stage, server, nginx, size, rows)
            table.run("warnings", no_warning, server)
        if not short:
            with Uvicorn({"http": "httptools"}, **deployed()) as server:
                table.run("httptools: bodies", bodies.bodies, stage, server.port)
            with Uvicorn(**storms.deployed(DEPLOYMENT_DATABASE='{"CONN_MAX_AGE": 60}')) as server:
                table.run("CONN_MAX_AGE = 60", connections_left, stage, server)


def deployed():
    """Return the arguments of a server: no connection is kept, since each call has its thread."""
    return storms.deployed(DEPLOYMENT_DATABASE='{"CONN_MAX_AGE": 0}')


def rows_of(table, name, stage, server, front, size, rows):
    # nginx answers for a worker that was killed.
    clients = Clients(front.port, count=storms.CLIENTS, again_after=[502])
    table.run(f"{name}: bodies", bodies.bodies, stage, front.port)
    table.run(f"{name}: export", streaming.export, stage, front.port, server, rows)
    killing = partial(storms.storm, pause=PAUSE)
    table.run(f"{name}: storm and kills", killing, stage, clients, size, server)


def connections_left(stage, server):
    """A connection that is kept is the thread's, of which each call has another."""
    calls = [item_call(item, "confirm", token("confirm")) for item in stage.items(200)]
    Clients(server.port, count=storms.CLIENTS).send(calls)
    answers = Counter(call.status for call in calls)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        (left,) = cursor.fetchone()
    check(left > storms.CLIENTS, "only", left, "connections: the documents say more")
    return f"calls on one item each: {dict(answers)}; {left} idle connections are left"


def no_warning(server):
    """Django warns where it would read all of an answer before it sends any of it."""
    logged = Path(server.log.name).read_text()
    check(WARNING not in logged, logged)
    return "none of Django's about synchronous iterators"
