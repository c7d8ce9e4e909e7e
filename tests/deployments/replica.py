"""A primary and a standby of PostgreSQL: reads go to the standby, which takes over."""

import csv
import json
import threading
import time
import urllib.request

from rest_framework.authtoken.models import Token

from tests.deployments import database, storms
from tests.deployments.exports import EXPORT, cookies
from tests.deployments.standby import Pair
from tests.races.clients import Call, Clients, item_call
from tests.races.server import Server
from tests.races.stage import TOKENS, Stage, check, check_answers, check_decisions, stood, token

TITLE = "PostgreSQL with a streaming standby, to read from and to fail over to"


def run(table, *, short):
    size, failovers = (100, 1) if short else (300, 5)
    with Pair(synchronous=False) as pair:
        database.use(pair.primary.url, migrate=True)
        stage = Stage()
        with Server(**storms.deployed(DEPLOYMENT_REPLICA=pair.standby.url)) as server:
            clients = Clients(server.port, count=storms.CLIENTS, again_after=[503])
            table.run("storm and kills", storms.storm, stage, clients, size, server)
            table.run("what is read where", read_where, pair, stage, server.port)
        table.run("failovers, asynchronous", fail_over, pair, stage, size, failovers)
    with Pair(synchronous=True) as pair:
        database.use(pair.primary.url, migrate=True)
        table.run("failovers, synchronous", fail_over, pair, Stage(), size, failovers)


def read_where(pair, stage, port):
    """The standby stands still: what is read there is old, and what is decided by is not."""
    headers = cookies()
    client = Clients(port, count=1)
    item, other = stage.items(2)
    pair.wait_until_replayed()
    pair.standby.sql("SELECT pg_wal_replay_pause()")
    try:
        (confirmed,) = client.send([item_call(item, "confirm", token("confirm"))])
        check(confirmed.body["cancellation"]["status"] == "confirmed", confirmed)
        path = f"/timp/orders/items/cancel/{item.uuid}/"
        (read,) = client.send([Call(item.uuid, "read", "GET", path, TOKENS["supplier"])])
        check(read.body["cancellation"]["status"] == "requested", "GET did not lag:", read)
        page = get(port, f"/admin/timp_orders/orderitem/{item.pk}/change/", headers)
        check("/cancellation/confirm/" not in page and ">confirmed" in page, "a mixed page")
        waiting = get(port, "/admin/timp_orders/orderitem/?awaiting=yes", headers)
        check(str(item.uuid) not in waiting and str(other.uuid) in waiting, "an old work list")
        rows = csv.DictReader(get(port, EXPORT, headers).lstrip("\ufeff").splitlines())
        (exported,) = (row for row in rows if row["order_item_uuid"] == str(item.uuid))
        check(exported["status"] == "requested", "the export did not lag")
        Token.objects.filter(key=TOKENS["supplier"]).delete()
        (refused,) = client.send([item_call(other, "confirm", token("confirm"))])
        check(refused.status == 401, "a revoked token:", refused)
    finally:
        pair.standby.sql("SELECT pg_wal_replay_resume()")
        stage.give_tokens()
    return "GET and the export lag; pages of items, their list, decisions and tokens do not"


def get(port, path, headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request) as response:
        return response.read().decode()


def fail_over(pair, stage, size, times):
    """Pull the plug of the primary in a storm, half a second after the line to the standby is cut.

    :returns: how many decisions were acknowledged, and how many of these are lost.
    """
    acknowledged, lost, errors = 0, 0, 0
    for number in range(times):
        if number:
            pair.follow()
        items = stage.items(size)
        pair.wait_until_replayed()
        with Server(**storms.deployed(pair.primary.url, **either(pair))) as server:
            clients = Clients(server.port, count=storms.CLIENTS, again_after=range(500, 600))
            calls = storms.five_calls(items)
            timer = threading.Timer(0.5, take_over, [pair])
            timer.start()
            clients.send(calls)
            timer.join()
        database.use(pair.primary.url)
        check_decisions(items)
        told = acknowledged_of(calls)
        now = stood(items)
        gone = [uuid for uuid, status in told.items() if now[uuid][1] != [status]]
        acknowledged, lost = acknowledged + len(told), lost + len(gone)
        errors += sum(call.cuts + len(call.refusals) for call in calls)
        if pair.synchronous:
            check_answers(calls, items)
    check(errors, "no call was hit")
    check(not (pair.synchronous and lost), lost, "acknowledged decisions are lost")
    return f"{times} failovers hit {errors} calls: {lost} of {acknowledged} acknowledged are lost"


def take_over(pair):
    pair.cut_line()
    time.sleep(0.5)
    pair.fail_over()


def either(pair):
    """Return the settings of a connection to whichever of the two takes writes."""
    settings = {
        "HOST": "127.0.0.1,127.0.0.1",
        "PORT": f"{pair.primary.port},{pair.standby.port}",
        "OPTIONS": {"target_session_attrs": "read-write"},
    }
    return {"DEPLOYMENT_DATABASE": json.dumps(settings)}


def acknowledged_of(calls):
    """Return what each item's first answer said of its cancellation.

    Later answers may be about what was decided anew.
    """
    told = {}
    for call in sorted(calls, key=lambda call: call.ended):
        if call.status == 200:
            told.setdefault(call.key, call.body["cancellation"]["status"])
    return told
