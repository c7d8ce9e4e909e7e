"""Web servers behind PgBouncer in transaction mode, or with psycopg's own pool."""

import json
import time

import psycopg
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.test import Client

from tests.deployments import database, storms
from tests.deployments.exports import exports
from tests.deployments.pooler import PgBouncer
from tests.races.clients import Clients
from tests.races.cluster import Cluster
from tests.races.server import Killer, Server
from tests.races.stage import Stage, check
from timp_orders.models import OrderItem

TITLE = "PgBouncer in transaction mode, and psycopg's pool, exhausted"
PARALLEL = "max_parallel_workers_per_gather"
# Django's pool of psycopg: https://docs.djangoproject.com/en/stable/ref/databases/#connection-pool
POOL = {
    "CONN_MAX_AGE": 0,
    "CONN_HEALTH_CHECKS": False,
    "OPTIONS": {"pool": {"min_size": 1, "max_size": 2, "timeout": 0.05}},
}


def run(table, *, short):
    size, rows = (40, 3_000) if short else (300, 20_000)
    with Cluster() as cluster, PgBouncer(cluster.port, size=8) as pooler:
        database.use(cluster.url, migrate=True)
        stage = Stage()
        table.run("options", options, cluster, pooler)
        with Server(**storms.deployed(pooler.url)) as server:
            clients = Clients(server.port, count=storms.CLIENTS, again_after=[503])
            table.run("storm", storms.storm, stage, clients, size)
            table.run("storm and kills", storms.storm, stage, clients, size, server)
            stage.items(rows)
            table.run("exports", whole_exports, server, 4 if short else 24)
            table.run("exports and kills", cut_exports, server, 4 if short else 24)
        database.use(pooler.url)
        table.run("confirmation page", confirmation_page, stage.items(rows))
        database.use(cluster.url)
        settings = {"DEPLOYMENT_DATABASE": json.dumps(POOL)}
        with Server(**storms.deployed(**settings)) as server:
            clients = Clients(server.port, count=storms.CLIENTS, again_after=[503])
            table.run("psycopg's pool, exhausted", exhausted, stage, clients, size)


def options(cluster, pooler):
    """What is said of a role holds through the pooler; what a connection asks for is refused."""
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE postgres IN DATABASE races SET {PARALLEL} = 0")
    with psycopg.connect(pooler.url) as connection:
        (found,) = connection.execute(f"SHOW {PARALLEL}").fetchone()
    check(found == "0", PARALLEL, "is", found)
    try:
        psycopg.connect(pooler.url, options=f"-c {PARALLEL}=0").close()
    except psycopg.OperationalError as error:
        check("unsupported startup parameter" in str(error), error)
        return "those of the role hold, those of a connection are refused"
    return "those of the role hold; PgBouncer takes those of a connection, too"


def whole_exports(server, number):
    whole, cut = exports(server.port, number)
    check(not cut, len(cut), "of", number, "exports were cut off")
    return f"{len(whole)} at once of {len(whole[0].rows)} rows each, all whole"


def cut_exports(server, number):
    """Workers are killed while they export: what is cut off has no count in its last row."""
    killer = Killer(server, pause=0.2)

    def kill():
        killer.start()
        time.sleep(2)
        killer.stop()

    whole, cut = exports(server.port, number, meanwhile=kill)
    check(cut, "no export was hit by", killer.kills, "kills")
    return f"{killer.kills} kills: {len(whole)} whole, {len(cut)} without the count"


def confirmation_page(items):
    """The page that asks before a selection of very many is confirmed reads all of them."""
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(username="exporter"))
    data = {
        "action": "confirm_cancellation",
        "index": "0",
        ACTION_CHECKBOX_NAME: [items[0].pk],
        "select_across": "1",
    }
    answer = client.post("/admin/timp_orders/orderitem/", data)
    check(answer.status_code == 200, answer.status_code)
    counted = sum(group.count for group in answer.context_data["groups"])
    check(counted == OrderItem.objects.count(), counted, "announced")
    return f"{counted} items announced"


def exhausted(stage, clients, size):
    """More threads than connections: who gets none in time is told that it was busy."""
    items = stage.items(size)
    calls = clients.send(storms.five_calls(items))
    said = storms.told(calls, items)
    check(any(call.refusals for call in calls), "the pool was never exhausted")
    return said
