"""Races for parts of a quantity: units restocked are units confirmed, whoever is killed."""

import random
from collections import defaultdict
from uuid import UUID, uuid5

from tests.races.clients import Call, raced
from tests.races.models import Witness
from tests.races.scenarios import ship_meanwhile, under_kills
from tests.races.stage import TOKENS, check
from timp_orders.models import Cancellation, OrderItem

ORDERED = 5
FIRST, OUTRIGHT, WHOLE = "first", "outright", "whole"
CODES = {
    "already_requested",
    "already_confirmed",
    "already_withdrawn",
    "already_rejected",
    "already_shipped",
    "already_cancelled",
    "not_requested",
    "superseded",
    "must_be_named",
    "uuid_reused",
    "quantity_too_great",
}


def name(item, what):
    """The UUID that clients give to an item's cancellation."""
    return uuid5(item.uuid, what)


def calls_on(item):
    """Make calls on one item that get in each other's way; each may be sent again."""
    first, outright = str(name(item, FIRST)), str(name(item, OUTRIGHT))
    asked = {"quantity": 2, "cancellation_uuid": first}
    bodies = [
        ("request", "retailer", asked),
        ("request", "retailer", asked),
        ("confirm", "supplier", {"quantity": 1, "cancellation_uuid": first}),
        ("confirm", "supplier", {"quantity": 2, "cancellation_uuid": first}),
        ("reject", "supplier", {"cancellation_uuid": first}),
        ("withdraw", "retailer", {"cancellation_uuid": first}),
        ("cancel", "operator", {"quantity": 1, "cancellation_uuid": outright}),
        ("cancel", "operator", {"quantity": 1, "cancellation_uuid": outright}),
        ("request", "retailer", {"cancellation_uuid": str(name(item, WHOLE))}),
    ]
    random.shuffle(bodies)
    if random.random() < 0.3:
        bodies.append(("cancel", "operator", {}))
    path = f"/timp/orders/items/cancel/{item.uuid}/"
    return [
        Call(item.uuid, action, "PATCH", f"{path}{action}/", TOKENS[by], data=data)
        for action, by, data in bodies
    ]


def storm(items):
    """Make the calls on all items, those on one as neighbours, so that they are sent at once."""
    return [call for item in items for call in calls_on(item)]


def check_quantities(items, calls):
    """What was confirmed of each item adds up, and was restocked exactly so."""
    restocked = defaultdict(list)
    witnesses = Witness.objects.filter(status="confirmed")
    for uuid, quantity in witnesses.values_list("cancellation_uuid", "quantity"):
        restocked[uuid].append(quantity)
    pks = [item.pk for item in items]
    trails = defaultdict(list)
    for found in Cancellation.objects.filter(order_item__in=pks).order_by("pk"):
        trails[found.order_item_id].append(found)
    statuses = dict(OrderItem.objects.filter(pk__in=pks).values_list("pk", "status"))
    units = 0
    for item in items:
        trail = trails[item.pk]
        confirmed = [found for found in trail if found.status == "confirmed"]
        total = sum(found.quantity_confirmed for found in confirmed)
        units += total
        check(total <= ORDERED, item.uuid, "had", total, "confirmed")
        is_whole = statuses[item.pk] == "Cancelled"
        check(is_whole == (total == ORDERED), item.uuid, statuses[item.pk], total)
        for found in confirmed:
            told = restocked[found.uuid]
            check(told == [found.quantity_confirmed], found.uuid, "was restocked", told)
        check(sum(found.status == "requested" for found in trail) <= 1, item.uuid, "two are open")
    check_answers(calls)
    return units


def check_answers(calls):
    succeeded = defaultdict(set)
    for call in calls:
        if call.status == 200:
            named = (call.data or {}).get("cancellation_uuid")
            if named and call.action in ("request", "cancel"):
                succeeded[call.key].add(UUID(named))
        else:
            check(call.status == 422, call)
            check(call.body["code"] in CODES, call)
    for key, named in succeeded.items():
        kept = Cancellation.objects.filter(uuid__in=named, order_item__uuid=key).count()
        check(kept == len(named), key, "lacks a cancellation of", named)


def parts(stage, clients, size):
    """Requests with one UUID, partial confirmations, withdrawals and outright cancellations."""
    items = stage.items(size, requested=False, ordered=ORDERED)
    calls = clients.send(storm(items))
    units = check_quantities(items, calls)
    check(0 < units < size * ORDERED, units, "units")
    return f"{units} units confirmed and restocked, {raced(calls)} items raced for"


def parts_and_shipments(stage, clients, size):
    """A part is confirmed while the item ships: one of them sees the other."""
    items = stage.items(size, requested=False, ordered=ORDERED)
    firsts = [
        Cancellation(
            uuid=name(item, FIRST), order_item=item, quantity=2, quantity_available=ORDERED
        )
        for item in items
    ]
    Cancellation.unguarded.bulk_create(firsts)
    path = "/timp/orders/items/cancel/{}/confirm/"
    calls = [
        Call(item.uuid, "confirm", "PATCH", path.format(item.uuid), TOKENS["supplier"], data={})
        for item in items
    ]
    shipped = ship_meanwhile(clients, items, calls)
    check_quantities(items, calls)
    refused = {call.key for call in calls if call.status == 422}
    check(refused <= shipped, "refused, and not shipped:", refused - shipped)
    return f"{len(refused)} shipped before, {len(shipped - refused)} after a part was confirmed"


def parts_and_kills(stage, clients, size, kills):
    """Kill -9 of workers under load; clients send the same call again until it is answered."""
    return under_kills(
        clients,
        kills,
        lambda: stage.items(size, requested=False, ordered=ORDERED),
        storm,
        check_quantities,
    )
