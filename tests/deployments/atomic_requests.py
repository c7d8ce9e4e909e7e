"""Every request of the host's is a transaction, and a receiver writes in it."""

import json

from tests.deployments import database, storms
from tests.deployments.mariadb import MariaDB
from tests.races.clients import Clients
from tests.races.cluster import Cluster
from tests.races.server import Server
from tests.races.stage import Stage, check, deadlocks

TITLE = "ATOMIC_REQUESTS on PostgreSQL (READ COMMITTED, SERIALIZABLE) and MariaDB"
SERIALIZABLE = "SERIALIZABLE"


def run(table, *, short):
    size = 40 if short else 300
    with Cluster() as cluster:
        database.use(cluster.url, migrate=True)
        stage = Stage()
        for level in ("READ COMMITTED", SERIALIZABLE):
            rows_of(table, f"PostgreSQL, {level}", stage, size, isolated(level))
    with MariaDB() as mariadb:
        mariadb.sql("CREATE DATABASE timp_hd CHARACTER SET utf8mb4")
        database.use(mariadb.url("timp_hd"), migrate=True)
        rows_of(table, "MariaDB", Stage(), size, {})


def isolated(level):
    """Return the options of a connection: of psycopg, the number of the level."""
    return {"OPTIONS": {"isolation_level": 4 if level == SERIALIZABLE else 2}}


def rows_of(table, name, stage, size, options):
    settings = json.dumps({"ATOMIC_REQUESTS": True, **options})
    with Server(**storms.deployed(DEPLOYMENT_DATABASE=settings)) as server:
        clients = Clients(server.port, count=storms.CLIENTS, again_after=[503])
        table.run(f"{name}, the app", storm, stage, clients, size, "/timp/")
        # Its COMMIT is after the view, so that a conflict there is a 500, as the documents say.
        clients.again_after = [500, 503] if SERIALIZABLE in name else [503]
        table.run(f"{name}, a host's views", storm, stage, clients, size, "/host/")


def storm(stage, clients, size, base):
    """Five calls on each item in transactions of their own, or in those of the requests."""
    items = stage.items(size)
    before = deadlocks()
    calls = storms.five_calls(items)
    for call in calls:
        call.path = call.path.replace("/timp/", base)
    clients.send(calls)
    said = storms.told(calls, items)
    circles = storms.deadlocks_since(before)
    check(not circles, circles, "deadlocks")
    return f"{said}, no deadlock"
