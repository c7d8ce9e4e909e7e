"""Storms of calls on the same items, and what must hold after them."""

import os
import time

from tests.races.scenarios import DECISIONS, decision_calls
from tests.races.server import Killer
from tests.races.stage import check, check_answers, check_decisions, deadlocks

CLIENTS = 24
FIVE = [*DECISIONS, "reject"]
"""The calls on each item: a confirm and a reject come twice."""


def five_calls(items):
    """Make five calls on each item, as neighbours, so that they are sent at once."""
    return decision_calls(items, actions=FIVE)


def storm(stage, clients, size, *servers, pause=1):
    """Send five calls on each item at once, while workers of the servers are killed.

    :param pause: seconds between two kills, of a server whose workers take longer to start.
    """
    items = stage.items(size)
    killers = [Killer(server, pause) for server in servers]
    for killer in killers:
        killer.start()
    calls = clients.send(five_calls(items))
    for killer in killers:
        killer.stop()
    kills = sum(killer.kills for killer in killers)
    return f"{told(calls, items)}, {kills} workers killed"


def told(calls, items):
    """Check that each item has one decision and one effect, and each answer is the truth."""
    check_answers(calls, items)
    decided = check_decisions(items)
    cuts = sum(call.cuts for call in calls)
    refused = [status for call in calls for status in call.refusals]
    check(decided.total() == len(items), "of", len(items), "only", decided)
    busy, errors = refused.count(503), len(refused) - refused.count(503)
    return f"{len(calls)} calls, {dict(decided)}, {busy} busy, {errors} other 5xx, {cuts} cut"


def deployed(url=None, **variables):
    """Return the arguments of a server of this package's settings, on the database in use."""
    url = url or os.environ["DATABASE_URL"]
    return {"url": url, "settings": "tests.deployments.settings", **variables}


def deadlocks_since(before):
    time.sleep(1)  # PostgreSQL's sessions tell what they counted when they are idle
    return deadlocks() - before
