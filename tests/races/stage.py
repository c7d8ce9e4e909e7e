"""What the races are about: users, items, and what must hold afterwards."""

from collections import Counter, defaultdict

from django.db import connection
from rest_framework.authtoken.models import Token

from tests.races.models import MARKS, Witness
from timp_orders.models import Cancellation, OrderItem
from timp_orders.testing import OrderFactory, OrganizationFactory, UserFactory

PER_ORDER = 10
TOKENS = {"supplier": "s" * 40, "retailer": "r" * 40, "operator": "o" * 40}
RESULTS = {
    "request": "requested",
    "confirm": "confirmed",
    "reject": "rejected",
    "withdraw": "withdrawn",
}
SIDE = {
    "request": "retailer",
    "confirm": "supplier",
    "reject": "supplier",
    "withdraw": "retailer",
}


class Broken(Exception):
    """An invariant does not hold."""


def check(holds, *what):
    if not holds:
        raise Broken(" ".join(map(str, what)))


def token(action):
    return TOKENS[SIDE[action]]


class Stage:
    """Makes fresh items for each round."""

    def __init__(self):
        self.users = {
            name: UserFactory(
                username=name,
                permissions=["cancel_any_order" if name == "operator" else "cancel_order"],
            )
            for name in TOKENS
        }
        self.give_tokens()
        self.supplier = OrganizationFactory(org_type="supplier", members=[self.users["supplier"]])
        self.retailer = OrganizationFactory(org_type="retailer", members=[self.users["retailer"]])

    def give_tokens(self):
        for name, key in TOKENS.items():
            Token.objects.get_or_create(user=self.users[name], defaults={"key": key})

    def items(self, count, *, requested=True, ordered=1):
        """Make items, ten to an order, each with an open cancellation or none."""
        items = []
        for start in range(0, count, PER_ORDER):
            order = OrderFactory(retailer=self.retailer)
            items += [
                OrderItem(
                    order=order,
                    supplier=self.supplier,
                    sku_id=str(n),
                    quantity_ordered=ordered,
                    status="Allocated",
                )
                for n in range(start, min(count, start + PER_ORDER))
            ]
        items = OrderItem.objects.bulk_create(items)
        if requested:
            Cancellation.objects.bulk_create(Cancellation(order_item=item) for item in items)
        return items


def stood(items):
    """Return each item's status and its cancellations' statuses, oldest first, by its UUID."""
    pks = [item.pk for item in items]
    result = {uuid: (status, []) for uuid, status in _in_pks(pks, "uuid", "status")}
    rows = Cancellation.objects.filter(order_item__in=pks).order_by("pk")
    for uuid, status in rows.values_list("order_item__uuid", "status"):
        result[uuid][1].append(status)
    return result


def _in_pks(pks, *fields):
    return OrderItem.objects.filter(pk__gte=min(pks), pk__lte=max(pks)).values_list(*fields)


def check_decisions(items, *, all_decided=True):
    """Exactly one decision for each item, its status agrees, and one row of the receiver's."""
    now = stood(items)
    for uuid, (status, cancellations) in now.items():
        check(len(cancellations) == 1, uuid, "has the cancellations", cancellations)
        decided = cancellations[0]
        check(not all_decided or decided != "requested", uuid, "is undecided")
        check((status == "Cancelled") == (decided == "confirmed"), uuid, status, decided)
    witnesses = defaultdict(list)
    pks = [item.pk for item in items]
    rows = Cancellation.objects.filter(order_item__gte=min(pks), order_item__lte=max(pks))
    uuids = dict(rows.values_list("uuid", "status"))
    decisions = Witness.objects.exclude(status__in=MARKS)
    for uuid, status in decisions.values_list("cancellation_uuid", "status"):
        witnesses[uuid].append(status)
    for uuid, status in uuids.items():
        told = [] if status == "requested" else [status]
        check(
            witnesses[uuid] == told, uuid, "is", status, "and the receiver wrote", witnesses[uuid]
        )
    return Counter(cancellations[0] for _, cancellations in now.values())


def check_answers(calls, items):
    """Winners and replays got 200 and the truth; losers 422 with the code of what had happened."""
    now = stood(items)
    for call in calls:
        status, (decided,) = now[call.key]
        check(call.status < 500, "5xx:", call)
        if decided == RESULTS[call.action]:
            check(call.status == 200, call.status, "instead of 200:", call)
            check(call.body["cancellation"]["status"] == decided, "not the truth:", call)
            check(call.body["status"] == status, "not the truth:", call)
        else:
            check(call.status == 422, call.status, "instead of 422:", call)
            check(call.body["code"] == f"already_{decided}", "wrong code:", call)
    return Counter(call.status for call in calls)


def deadlocks():
    """Count the deadlocks that the server has seen; ``None`` where there are no row locks."""
    if connection.vendor == "sqlite":
        return None
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            )
            return cursor.fetchone()[0]
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
        return int(cursor.fetchone()[1])
