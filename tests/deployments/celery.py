"""The refunds with Celery as their queue, on Redis and on RabbitMQ; brokers hang and forget."""

import json
import os
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.db import connection, transaction
from kombu import Connection

from tests.deployments import database, storms
from tests.deployments.celery_processes import Celery, CeleryKiller
from tests.deployments.relay import Relay
from tests.races.clients import Call, Clients, item_call
from tests.races.cluster import Cluster
from tests.races.server import Server
from tests.races.stage import Stage, check, check_decisions, token
from tests.servers import redis_database
from timp_orders.models import OrderItem

TITLE = "Refunds by Celery on Redis and RabbitMQ, with killed workers and hanging brokers"
RABBITMQ = os.environ.get("AMQP_SERVER", "amqp://guest:guest@127.0.0.1:5672")
PATIENCE = 300
LONGEST = 6
"""Seconds that a call may take while the broker hangs: the time-outs of the settings are 1 s."""
SWEPT = {"schedule": 5, "kwargs": {"older_than": 2, "every": 5}, "options": {"expires": 5}}
SLOW = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.03); RETURN NEW; END $$;
CREATE TRIGGER slowly BEFORE INSERT ON refunds_refund FOR EACH ROW EXECUTE FUNCTION slowly();
"""
"""So that kills hit tasks."""


def run(table, *, short):
    size = 40 if short else 400
    with Cluster() as cluster:
        database.use(cluster.url, migrate=True)
        stage = Stage()
        with redis_database() as url:
            rows_of(table, "Redis", url, stage, size)
        if not short:
            rows_of(table, "RabbitMQ", f"{RABBITMQ}//", stage, size)


def rows_of(table, name, url, stage, size):
    address = urlsplit(url)
    queue = f"timp-orders-{os.getpid()}"
    with Relay((address.hostname, address.port)) as relay, deleted(url, queue):
        broker = address._replace(netloc=f"{address.netloc.rpartition(':')[0]}:{relay.port}")
        with Server(**deployed(broker.geturl(), queue)) as server:
            make_refunds_table(server.environment)
            with Celery(server.environment) as celery:
                each = (stage, server, celery, size)
                table.run(f"{name}: storm and kills", storm_and_kills, *each)
                table.run(f"{name}: it hangs", hanging, *each, relay)
                table.run(f"{name}: it forgets", forgetting, *each, url, queue)
        without = {"CELERY_BROKER_TRANSPORT_OPTIONS": {}}
        with Server(**deployed(broker.geturl(), queue, **without), workers=1) as server:
            table.run(f"{name}: no time-outs", hanging_without_time_outs, stage, server, relay)


def deployed(broker, queue, **settings):
    """Return the arguments of a server, and more of its settings."""
    sweep = {"task": "refunds.by_celery.send_missing_refunds", **SWEPT}
    settings |= {
        "CELERY_TASK_DEFAULT_QUEUE": queue,
        "CELERY_WORKER_ENABLE_REMOTE_CONTROL": False,
        "CELERY_BEAT_SCHEDULE": {"missing refunds": sweep},
    }
    return storms.deployed(
        TASKS="celery", BROKER_URL=broker, DEPLOYMENT_SETTINGS=json.dumps(settings)
    )


@contextmanager
def deleted(url, queue):
    try:
        yield
    finally:
        with Connection(url) as broker:
            broker.SimpleQueue(queue).queue.delete()


def make_refunds_table(environment):
    database.migrate_in(environment)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_trigger WHERE tgname = 'slowly'")
        if not cursor.fetchone():
            cursor.execute(SLOW)


def storm_and_kills(stage, server, celery, size):
    """Five calls on each item, while the processes of all servers are killed."""
    killer = CeleryKiller(celery)
    killer.start()
    said = storms.storm(stage, Clients(server.port, count=storms.CLIENTS), size, server)
    wait_until(lambda: killer.kills >= size / 20, "kills")
    killer.stop()
    return f"{said}, {killer.kills} of Celery; {refunded(celery)}"


def hanging(stage, server, celery, size, relay):
    """Confirm while the broker takes nothing: answered, committed, and no row is locked."""
    items = stage.items(size)
    relay.hang()
    try:
        held = confirm_and_lock(server, items[0])
        order = items[10].order.uuid
        calls = [item_call(item, "confirm", token("confirm")) for item in items[20:28]]
        path = f"/timp/orders/cancel/{order}/confirm/"
        calls.append(Call(order, "confirm", "PATCH", path, token("confirm")))
        Clients(server.port, count=len(calls)).send(calls)
    finally:
        relay.go_on()
    check(all(call.status == 200 for call in calls), calls)
    longest = max(call.ended - call.began for call in [*calls, held])
    check(longest < LONGEST, "a call took", longest, "s")
    of_order = calls[-1].ended - calls[-1].began
    check_decisions(items, all_decided=False)
    return f"the longest call {longest:.1f} s, of 10 items {of_order:.1f} s; {refunded(celery)}"


def confirm_and_lock(server, item):
    """Confirm an item, and lock it as soon as that is committed, before it is answered."""
    call = item_call(item, "confirm", token("confirm"))
    thread = threading.Thread(target=Clients(server.port, count=1).send, args=[[call]])
    thread.start()
    rows = OrderItem.objects.filter(pk=item.pk, status="Cancelled")
    wait_until(rows.exists, "decision")
    with transaction.atomic():
        rows.select_for_update(nowait=True).get()
    check(not call.ended, "the broker did not hang")
    thread.join()
    check(call.status == 200, call)
    return call


def hanging_without_time_outs(stage, server, relay):
    """What the settings of the recipe are for: a call while the broker hangs."""
    clients = Clients(server.port, count=1)
    first, call = (item_call(item, "confirm", token("confirm")) for item in stage.items(2))
    clients.send([first])  # so that it is connected
    thread = threading.Thread(target=clients.send, args=[[call]])
    relay.hang()
    try:
        thread.start()
        thread.join(timeout=15)
        said = "answered as if it were sent" if call.ended else "not answered within 15 s"
    finally:
        relay.go_on()
    thread.join()
    check(call.status == 200, call)
    return said


def forgetting(stage, server, celery, size, url, queue):
    """The broker loses all that waits in it."""
    items = stage.items(size)
    celery.kill("worker")
    celery.kill("beat")
    calls = [item_call(item, "confirm", token("confirm")) for item in items]
    Clients(server.port, count=storms.CLIENTS).send(calls)
    check_decisions(items)
    with Connection(url) as broker:
        lost = broker.SimpleQueue(queue).clear()
    check(lost >= size, "only", lost, "messages were there")
    celery.start("worker")
    celery.start("beat")
    return f"{lost} messages lost; {refunded(celery)}"


def refunded(celery):
    """Wait until refunds equal confirmed cancellations."""

    def are_equal():
        celery.start_ended()
        return uuids(CONFIRMED) == uuids(REFUNDS)

    started = time.monotonic()
    wait_until(are_equal, "refunds")
    time.sleep(1)
    found = uuids(REFUNDS)
    check(found == uuids(CONFIRMED), "a refund too many")
    return f"{len(found)} confirmed and refunded, after {time.monotonic() - started:.0f} s"


CONFIRMED = "SELECT uuid FROM timp_orders_cancellation WHERE status = 'confirmed'"
REFUNDS = "SELECT cancellation_uuid FROM refunds_refund"


def uuids(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return sorted(uuid for (uuid,) in cursor.fetchall())


def wait_until(holds, what):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        check(time.monotonic() < deadline, "waited in vain for", what)
        time.sleep(0.05)
