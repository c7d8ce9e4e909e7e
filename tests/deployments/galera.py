"""A Galera cluster, each of whose nodes has a web server that writes to it."""

import json
import random
import threading
from contextlib import ExitStack, contextmanager

from tests.deployments import database, storms
from tests.deployments.cluster_of_nodes import Galera
from tests.deployments.refunds import refunds
from tests.races.clients import Call, Clients, item_call
from tests.races.server import Server
from tests.races.stage import TOKENS, Stage, check, token
from timp_orders.models import Cancellation

TITLE = "Galera, three nodes of MariaDB that are all written to"
CAUSAL = {"init_command": "SET SESSION wsrep_sync_wait = 1"}
WORKERS = 2


def run(table, *, short):
    size = 40 if short else 300
    with Galera() as galera, ExitStack() as running:
        galera.first.sql("CREATE DATABASE timp_hd CHARACTER SET utf8mb4")
        # What this process looks at is what any node has committed.
        database.use(galera.first.url("timp_hd"), migrate=True, **CAUSAL)
        stage = Stage()
        servers = [running.enter_context(served(node)) for node in galera.nodes]
        ports = [server.port for server in servers]
        clients = Clients(*ports, count=storms.CLIENTS, again_after=[503])
        table.run("storm", conflicting, galera, storms.storm, stage, clients, size)
        killed = [galera, storms.storm, stage, clients, size, *servers]
        table.run("storm and kills", conflicting, *killed)
        table.run("a node alone", alone, galera, stage, ports, size, 5 if short else 10)
        number = 10 if short else 100
        with lagging(galera):
            rows = [galera, stage, ports, number]
            table.run("bare reject on another node", causality, *rows)
            table.run("the same, naming it", causality, *rows, names=True)
            with ExitStack() as causal:
                ports = [causal.enter_context(served(one, CAUSAL)).port for one in galera.nodes]
                rows = [galera, stage, ports, number]
                table.run("the same, wsrep_sync_wait=1", causality, *rows, is_causal=True)
        urls = [node.url("timp_hd") for node in galera.nodes]
        table.run("refunds", refunds, stage, urls, size, kills=False)
        if not short:
            table.run("refunds and kills", refunds, stage, urls, size, kills=True)


def served(node, options=None):
    settings = {"DEPLOYMENT_DATABASE": json.dumps({"OPTIONS": options or {}})}
    return Server(**storms.deployed(node.url("timp_hd"), workers=WORKERS, **settings))


def conflicting(galera, scenario, *arguments):
    """Run a storm, and say how often the nodes found that they had both written a row."""
    names = ("local_cert_failures", "local_bf_aborts")
    before = [galera.total(name) for name in names]
    said = scenario(*arguments)
    failures, aborts = (galera.total(name) - was for name, was in zip(names, before, strict=True))
    check(failures + aborts, "no conflict between the nodes")
    return f"{said}, {failures} certification failures, {aborts} aborts"


def alone(galera, stage, ports, size, seconds):
    """A node is cut off in a storm: its server is busy, and those of the others go on.

    Whoever was at COMMIT in that moment gets a 500, since no node knows whether the others have
    it; the call that is sent again tells.
    """
    node, items = galera.nodes[-1], stage.items(size)
    cut_off = Clients(ports[-1], count=storms.CLIENTS // 3, again_after=[500, 503])
    others = Clients(*ports[:-1], count=storms.CLIENTS // 3 * 2, again_after=[500, 503])
    calls = storms.five_calls(items)
    random.shuffle(calls)
    here, there = calls[: len(calls) // 4], calls[len(calls) // 4 :]
    thread = threading.Thread(target=others.send, args=[there])
    joining = threading.Timer(seconds, node.isolate, [False])
    thread.start()
    node.isolate(True)
    joining.start()
    cut_off.send(here)
    joining.join()
    thread.join()
    node.wait_for("local_state_comment", "Synced")
    check(any(503 in call.refusals for call in here), "the node alone was never busy")
    return storms.told(calls, items)


@contextmanager
def lagging(galera):
    """Let the other nodes lag behind the first one: they apply large transactions in its order."""
    galera.first.sql(
        "CREATE TABLE timp_hd.lag (id int PRIMARY KEY, number int);"
        "INSERT INTO timp_hd.lag SELECT seq, 0 FROM timp_hd.seq_1_to_20000"
    )
    stopped = threading.Event()

    def write():
        while not stopped.is_set():
            galera.first.sql("UPDATE timp_hd.lag SET number = number + 1")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def causality(galera, stage, ports, number, *, names=False, is_causal=False):
    """Request on one node, once more after a rejection, and reject on another without a pause.

    A bare reject there may find the older cancellation, and is a replay of its rejection.
    """
    one, other = (Clients(port, count=1, again_after=[503]) for port in ports[:2])
    older = 0
    items = stage.items(number)
    # The items themselves are there, however far that node lags behind: it would know none of them.
    galera.nodes[1].sql(f"{CAUSAL['init_command']}; SELECT count(*) FROM timp_hd.lag")
    for item in items:
        (rejected,) = one.send([item_call(item, "reject", token("reject"))])
        path = f"/timp/orders/items/cancel/{item.uuid}/request/"
        (asked,) = one.send([Call(item.uuid, "request", "PATCH", path, TOKENS["retailer"])])
        uuid = asked.body["cancellation"]["uuid"]
        data = {"cancellation_uuid": uuid} if names else {}
        (again,) = other.send([item_call(item, "reject", token("reject"), data=data)])
        latest = Cancellation.objects.filter(order_item=item.pk).latest("pk")
        is_older = latest.status == "requested"
        older += is_older
        check(rejected.status == asked.status == 200, rejected, asked)
        # Never a lie: what is answered is that cancellation and no other.
        replayed = again.status == 200 and again.body["cancellation"]["uuid"] != uuid
        check(replayed == (is_older and not names), "not the truth:", again)
        check(not (names and is_older) or again.status == 422, again)
    check(not (is_causal and older), older, "times in spite of wsrep_sync_wait")
    return f"{older} of {number} found the older cancellation"
