"""The races, each of which raises ``Broken`` when an invariant does not hold."""

import random
import threading
import time
from itertools import count

from django.db import connection, transaction

from tests.races.clients import Call, item_call, raced
from tests.races.server import Killer
from tests.races.stage import (
    RESULTS,
    TOKENS,
    Broken,
    check,
    check_answers,
    check_decisions,
    stood,
    token,
)
from timp_orders import services
from timp_orders.models import OrderItem
from timp_orders.services import SYSTEM

DECISIONS = ["confirm", "confirm", "reject", "withdraw"]  # a double click races too


def decision_calls(items, *, actions=DECISIONS):
    """Make these calls for each item, as neighbours, so that they are sent at once."""
    calls = []
    for item in random.sample(items, len(items)):
        shuffled = random.sample(actions, len(actions))
        calls += [item_call(item, action, token(action)) for action in shuffled]
    return calls


def decisions(stage, clients, size):
    """Confirm, reject and withdraw at the same items at once."""
    items = stage.items(size)
    calls = clients.send(decision_calls(items))
    answers = check_answers(calls, items)
    decided = check_decisions(items)
    check(len(decided) == 3 or size < 50, "one action always won:", decided)
    at_once = raced(calls)
    check(at_once > size / 2, "only", at_once, "items were raced for")
    return f"{dict(decided)}, answers {dict(answers)}, {at_once} items raced for"


def overlapping(stage, clients, size):
    """Whole orders, selections and many changes in opposite orders, single items: all at once."""
    items = stage.items(size)
    orders = sorted({item.order.uuid for item in items})
    calls = []
    for item in items:
        calls.append(item_call(item, "confirm", token("confirm")))
    for uuid in orders:
        for action in ("confirm", "reject"):
            path = f"/timp/orders/cancel/{uuid}/{action}/"
            calls.append(Call(uuid, action, "PATCH", path, token(action)))
    of_many = many_changes(items)
    calls += of_many
    random.shuffle(calls)
    selections = [Selections(items, order) for order in ("pk", "-pk", "?")]
    for thread in selections:
        thread.start()
    clients.send(calls)
    for thread in selections:
        thread.finish()
    decided = check_decisions(items)
    for call in calls:
        check(call.status in (200, 422), call)
    changed = 0
    for call in of_many:
        named = [change["order_item_uuid"] for change in call.data["changes"]]
        refused = [row["order_item_uuid"] for row in call.body["refused"]]
        told = [*call.body["changed"], *call.body["unchanged"], *refused]
        check(sorted(told) == sorted(named), "an item was lost:", call)
        changed += len(call.body["changed"])
    by_selections = sum(thread.changed for thread in selections)
    return f"{dict(decided)}, {by_selections} by selections, {changed} by changes"


def many_changes(items):
    """Make calls with changes of ten to fifty items each, overlapping, in orders of their own."""
    calls = []
    for start in range(0, len(items), 5):
        some = items[start : start + random.choice([10, 50])]
        random.choice([list.reverse, random.shuffle, list])(some)
        changes = [
            {"order_item_uuid": str(item.uuid), "action": random.choice(DECISIONS)} for item in some
        ]
        path = "/timp/orders/items/cancel/"
        data = {"changes": changes}
        key = ("changes", start)
        calls.append(Call(key, "changes", "PATCH", path, TOKENS["operator"], data=data))
    return calls


class Selections(threading.Thread):
    """Selections of ten or of a hundred items, as the admin's, in an order of their own."""

    def __init__(self, items, order):
        super().__init__(daemon=True)
        self.items, self.order, self.changed, self.error = items, order, 0, None

    def run(self):
        try:
            for number in count():
                start = number * 7
                if start >= len(self.items):
                    break
                pks = [i.pk for i in self.items[start : start + random.choice([10, 100])]]
                selected = OrderItem.objects.filter(pk__in=pks).order_by(self.order)
                service = random.choice(
                    [services.confirm_cancellation, services.reject_cancellation]
                )
                outcome = service(
                    selected[:100] if number % 2 else selected, by=SYSTEM, via="admin"
                )
                found = len(outcome.changed) + len(outcome.unchanged) + len(outcome.refused)
                check(found == len(pks), "an item was lost")
                self.changed += len(outcome.changed)
        except BaseException as error:  # raised by finish()
            self.error = error
        finally:
            connection.close()

    def finish(self):
        self.join()
        if self.error:
            raise Broken(f"selections: {self.error!r}") from self.error


def requests(stage, clients, size):
    """Requests for the same items at once, of items and of whole orders."""
    items = stage.items(size, requested=False)
    calls = []
    for item in random.sample(items, len(items)):
        path = f"/timp/orders/items/cancel/{item.uuid}/"
        calls += [
            item_call(item, "request", token("request")),
            item_call(item, "request", token("request")),
            Call(item.uuid, "request", "DELETE", path, token("request")),
        ]
    for uuid in {item.order.uuid for item in items}:
        path = "/timp/orders/cancel/"
        data = {"order_uuid": str(uuid)}
        call = Call(uuid, "request", "PATCH", path, token("request"), data=data)
        calls.insert(random.randrange(len(calls)), call)
    clients.send(calls)
    for call in calls:
        check(call.status in (200, 204), call)
    for uuid, (status, cancellations) in stood(items).items():
        check((status, cancellations) == ("Allocated", ["requested"]), uuid, status, cancellations)
    return f"{len(calls)} calls, {raced(calls)} raced"


def shipments(stage, clients, size):
    """Confirm racing a shipment: the host locks the item, or compares and sets."""
    items = stage.items(size)
    calls = [item_call(item, "confirm", token("confirm")) for item in items]
    by_host = ship_meanwhile(clients, items, calls)
    shipped = 0
    now = stood(items)
    for call in calls:
        status, (decided,) = now[call.key]
        if call.key in by_host:
            shipped += 1
            check((status, decided) == ("HasTracking", "requested"), call.key, status, decided)
            check(call.status == 422 and call.body["code"] == "already_shipped", call)
        else:
            check((status, decided) == ("Cancelled", "confirmed"), call.key, status, decided)
            check(call.status == 200, call)
    check(0 < shipped < size, "no race:", shipped, "shipped")
    return f"{shipped} shipped, {size - shipped} cancelled"


def ship_meanwhile(clients, items, calls):
    """Send the calls, one for each item, while a host ships the items.

    :returns: the UUIDs of those that it has shipped.
    """
    threads = [Shipping(items[n::8], calls[n::8]) for n in range(8)]
    for thread in threads:
        thread.start()
    clients.send(calls)
    for thread in threads:
        thread.join()
        check(not thread.error, "shipping:", thread.error)
    return set().union(*(thread.shipped for thread in threads))


class Shipping(threading.Thread):
    """A host that writes the status itself, as the documentation of the databases says."""

    def __init__(self, items, calls):
        super().__init__(daemon=True)
        self.items, self.calls, self.shipped, self.error = items, calls, set(), None

    def run(self):
        try:
            for number, (item, call) in enumerate(zip(self.items, self.calls, strict=True)):
                while not call.began:
                    time.sleep(0.001)
                if call.ended:
                    continue  # too late for a race
                # Anywhere in the call, however long calls take here, or soon after it.
                earlier = [other.ended - other.began for other in self.calls if other.ended]
                time.sleep(random.uniform(0, max(earlier, default=0.01)))
                if self.ship_by_lock(item) if number % 2 else self.ship_by_comparison(item):
                    self.shipped.add(item.uuid)
        except BaseException as error:
            self.error = error
        finally:
            connection.close()

    def ship_by_lock(self, item):
        with transaction.atomic():
            locked = OrderItem.objects.select_for_update().get(pk=item.pk)
            if locked.status != "Allocated":
                return False
            locked.status = "HasTracking"
            locked.save(update_fields=["status"])
        return True

    def ship_by_comparison(self, item):
        allocated = OrderItem.objects.filter(pk=item.pk, status="Allocated")
        return bool(allocated.update(status="HasTracking"))


def killed_workers(stage, clients, size, kills):
    """Kill -9 of workers under load; clients send again until they are answered."""

    def check_round(items, calls):
        check_answers(calls, items)
        check_decisions(items)

    return under_kills(clients, kills, lambda: stage.items(size), decision_calls, check_round)


def under_kills(clients, kills, make_items, calls_of, check_round):
    """Send calls on new items in rounds, until so many workers were killed meanwhile."""
    hits, killed, rounds = 0, 0, 0
    while killed < kills:
        items = make_items()
        killer = Killer(clients.server)
        killer.start()
        calls = clients.send(calls_of(items))
        killer.stop()
        killed += killer.kills
        hits += sum(call.cuts for call in calls)
        rounds += 1
        check_round(items, calls)
    check(hits > kills / 5, "only", hits, "calls were hit by", killed, "kills")
    return f"{killed} kills hit {hits} calls in {rounds} rounds"


def answers_lost(stage, clients, size):
    """The worker dies when all is committed and nothing is answered: the client sends again."""
    items = stage.items(min(size, 40))
    headers = {"X-Die-Before-The-Answer": "1"}
    calls = []
    for number, item in enumerate(items):
        action = ["confirm", "reject", "withdraw"][number % 3]
        calls.append(item_call(item, action, token(action), headers=headers))
    clients.send(calls)
    check_decisions(items)
    check_answers(calls, items)
    for call in calls:
        check(call.cuts and call.status == 200, "not cut, or not repaired:", call)
        check(call.body["cancellation"]["status"] == RESULTS[call.action], call)
    return f"{len(calls)} answers lost, each repaired by sending the call again"
