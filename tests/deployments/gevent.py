"""gunicorn with gevent: with receivers that are functions, and with ones that are coroutines."""

import sys
from collections import Counter
from functools import partial

from django.db import transaction

from tests.deployments import bodies, database, storms
from tests.races.clients import Clients, item_call
from tests.races.cluster import Cluster
from tests.races.server import WORKERS, Server
from tests.races.stage import Stage, check, check_decisions, token
from timp_orders.models import OrderItem

TITLE = "gunicorn -k gevent, with receivers that are functions, and with coroutines"
COROUTINES = {"DEPLOYMENT_APPS": "tests.deployments.async_receivers.AsyncReceiversConfig"}
PAUSE = 3
"""Seconds between two kills: its workers are started anew, and not forked."""


class Gevent(Server):
    """A context: gunicorn runs, with workers of gevent."""

    def command(self):
        options = {"worker-class": "gevent", "workers": WORKERS, "log-level": "error"}
        options |= {"bind": f"127.0.0.1:{self.port}", "timeout": 120}
        arguments = [f"--{name}={value}" for name, value in options.items()]
        return [sys.executable, "-m", "gunicorn", *arguments, "tests.races.wsgi:application"]


def run(table, *, short):
    size = 40 if short else 300
    with Cluster() as cluster:
        database.use(cluster.url, migrate=True)
        stage = Stage()
        with Gevent(**deployed()) as server:
            clients = Clients(server.port, count=storms.CLIENTS)
            table.run("functions: bodies", bodies.bodies, stage, server.port)
            killing = partial(storms.storm, pause=PAUSE)
            table.run("functions: storm and kills", killing, stage, clients, size, server)
        with Gevent(**deployed(**COROUTINES)) as server:
            table.run("coroutines", coroutines, stage, server, size)
        with Server(**deployed(**COROUTINES)) as server:
            clients = Clients(server.port, count=storms.CLIENTS)
            table.run("coroutines, threads instead", storms.storm, stage, clients, size)


def deployed(**variables):
    """Return the arguments of a server: no connection is kept, since each call has a greenlet."""
    return storms.deployed(DEPLOYMENT_DATABASE='{"CONN_MAX_AGE": 0}', **variables)


def coroutines(stage, server, size):
    """While one call's coroutine runs, the others of its process fail, at their rollback too."""
    items = stage.items(size)
    calls = [item_call(item, "confirm", token("confirm")) for item in items]
    Clients(server.port, count=storms.CLIENTS).send(calls)
    answers = Counter(call.status for call in calls)
    rows = OrderItem.objects.filter(pk__in=[item.pk for item in items])
    with transaction.atomic():
        locked = size - len(rows.select_for_update(skip_locked=True))
    check(answers[500] and locked, "no call failed, or no row is locked:", answers, locked)
    check_decisions(items, all_decided=False)
    return f"calls on one item each: {dict(answers)}; {locked} rows stay locked"
