"""A confirm, pages of the list, and the admin's overview on 5,000,000 items, beside 10,000.

PostgreSQL only; ``--short`` makes do with 100,000 items.
"""

import json
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from urllib.parse import quote

from django.contrib.auth.models import Permission, User
from django.db import connection, connections
from django.test import Client
from rest_framework.authtoken.models import Token

from tests.benchmarks.calls import Caller
from tests.benchmarks.timing import WARM_UP, interleave, progress, summed_up
from tests.benchmarks.world import TOKEN, analyze, organizations, seed, url_of
from timp_orders.models import Cancellation, Organization

SIZES = {"small": 10_000, "large": 5_000_000}
SHORT_SIZES = {"small": 10_000, "large": 100_000}
ITEMS = "/timp/orders/items/"
LIST = f"{ITEMS}cancel/"
OVERVIEW = "/admin/timp_orders/cancellation/overview/"
SMALL_TOKEN = "benchmark-token-of-the-small-supplier"
OPERATOR_TOKEN = "benchmark-token-of-an-operator"

# Orders of five items. A fifth of the items is the large supplier's and about fifty the small
# one's; 2,000 others share the rest. Two orders in five have cancellations, of which a tenth is
# open. A request follows the one before by ten seconds, and a tenth of its age later it is decided.
FILL = [
    """INSERT INTO timp_orders_organization (uuid, name, org_type)
    SELECT gen_random_uuid(), 'Other ' || n, 'supplier' FROM generate_series(0, 1999) n""",
    """INSERT INTO timp_orders_organization (uuid, name, org_type)
    SELECT gen_random_uuid(), 'Shop ' || n, 'retailer' FROM generate_series(0, 999) n""",
    """INSERT INTO timp_orders_order (id, uuid, po_number, retailer_id, created_at)
    SELECT n, gen_random_uuid(), 'scale-' || n, first.id + n %% 1000, now()
    FROM generate_series(1, %(items)s / 5) n,
        (SELECT id FROM timp_orders_organization WHERE name = 'Shop 0') first""",
    """INSERT INTO timp_orders_orderitem
        (id, uuid, order_id, supplier_id, sku_id, sku_name, quantity_ordered, status)
    SELECT n, gen_random_uuid(), 1 + n / 5,
        CASE WHEN n %% 5 = 0 THEN %(large)s WHEN n %% (%(items)s / 60) = 1 THEN %(small)s
            ELSE first.id + n %% 2000 END,
        'SKU-' || n %% 100000, 'A thing that was ordered', 1 + n %% 9, 'Allocated'
    FROM generate_series(0, %(items)s - 1) n,
        (SELECT id FROM timp_orders_organization WHERE name = 'Other 0') first""",
    """INSERT INTO timp_orders_cancellation (uuid, order_item_id, status, reason, note,
        requested_at, requested_via, requested_by_name, decision_note, decided_at, decided_via,
        decided_by_name)
    SELECT gen_random_uuid(), n, CASE WHEN is_open THEN 'requested' ELSE 'rejected' END,
        'customer_request', '', now() - (%(items)s - n) * interval '10 s', 'code', '', '',
        CASE WHEN is_open THEN NULL ELSE now() - (%(items)s - n) * interval '9 s' END, '', ''
    FROM (SELECT n, n / 5 %% 50 < 2 is_open FROM generate_series(0, %(items)s - 1) n
        WHERE n / 5 %% 5 < 2) requested""",
    "SELECT setval('timp_orders_order_id_seq', %(items)s)",
    "SELECT setval('timp_orders_orderitem_id_seq', %(items)s)",
    "ANALYZE",
]


def measure(options):
    """Fill two databases and measure in both in turn."""
    if connection.vendor != "postgresql":
        return [{"what": "needs PostgreSQL"}]
    sizes = SHORT_SIZES if options.short else SIZES
    rounds = 15 if options.short else min(options.rounds, 500)
    with ExitStack() as stack:
        using = {size: stack.enter_context(_filled(size, items)) for size, items in sizes.items()}
        work = {size: _work(wrapper, rounds) for size, wrapper in using.items()}
        return [_compared(work, what, rounds) for what in work["large"]]


def _work(wrapper, rounds):
    with _switched(wrapper):
        confirming = seed("timp_orders", rounds + WARM_UP)
        analyze()
        pages = _pages()
        overviews = _overviews()
    return {
        "confirm": _confirming(wrapper, confirming),
        **{what: _listing(wrapper, *page) for what, page in pages.items()},
        **{what: _showing(wrapper, client) for what, client in overviews.items()},
    }


def _compared(work, what, rounds):
    # A deep page is compared with the first one: small tables have none.
    like = what.replace("deep page", "first page")
    pair = {"small": work["small"][like], "large": work["large"][what]}
    found = summed_up(interleave(pair, rounds, what), "small")
    return {
        "what": what,
        **{f"{size}, ms": found[size]["median ms"] for size in pair},
        "slower": round(1 / found["large"]["throughput"], 2),
    }


def _confirming(wrapper, uuids):
    call = Caller()

    def confirm(number):
        with _switched(wrapper):
            status, body = call("PATCH", url_of("timp_orders", uuids[number]))
        assert status == 200, body

    return confirm


def _listing(wrapper, token, path, query):
    call = Caller(token, b"")

    def page(number):
        with _switched(wrapper):
            status, body = call("GET", path, query)
        assert status == 200, body
        assert json.loads(body)["results"]

    return page


def _showing(wrapper, client):
    def page(number):
        with _switched(wrapper):
            response = client.get(OVERVIEW)
        assert response.status_code == 200

    return page


def _overviews():
    """Name who looks at the admin's overview, each by a client that is logged in."""
    tokens = {"large supplier": TOKEN, "small supplier": SMALL_TOKEN, "operator": OPERATOR_TOKEN}
    clients = {}
    for who, token in tokens.items():
        user = Token.objects.get(key=token).user
        user.user_permissions.add(Permission.objects.get(codename="cancel_order"))
        User.objects.filter(pk=user.pk).update(is_staff=True)
        clients[f"{who}, overview"] = client = Client()
        client.force_login(user)
    return clients


def _pages():
    """Name the pages that are read: by whom, which list, and where in it."""
    every = Cancellation.objects.order_by("pk").values_list("pk", flat=True)
    own = every.filter(order_item__supplier__name="Supplier")
    newest = Cancellation.objects.latest("requested_at").requested_at
    yesterday = quote((newest - timedelta(days=1)).isoformat())
    return {
        "large supplier, first page": (TOKEN, LIST, ""),
        "large supplier, deep page": (TOKEN, LIST, f"cursor=after-{_deep(own)}"),
        "large supplier, open ones": (TOKEN, LIST, "status=requested"),
        "large supplier, changed in a day": (TOKEN, LIST, f"changed_after={yesterday}"),
        "small supplier, first page": (SMALL_TOKEN, LIST, ""),
        "small supplier, open ones": (SMALL_TOKEN, LIST, "status=requested"),
        "operator, first page": (OPERATOR_TOKEN, LIST, ""),
        "operator, deep page": (OPERATOR_TOKEN, LIST, f"cursor=after-{_deep(every)}"),
        "operator, open ones": (OPERATOR_TOKEN, LIST, "status=requested"),
        "operator, changed in a day": (OPERATOR_TOKEN, LIST, f"changed_after={yesterday}"),
        "large supplier, items": (TOKEN, ITEMS, ""),
        "large supplier, items awaiting": (TOKEN, ITEMS, "awaiting=true"),
        "small supplier, items": (SMALL_TOKEN, ITEMS, ""),
        "operator, items": (OPERATOR_TOKEN, ITEMS, ""),
    }


def _deep(keys):
    """Return the key 100,000 rows on, or in the middle of a smaller table."""
    return keys[min(100_000, keys.count() // 2)]


@contextmanager
def _switched(wrapper):
    """Make it the default database for a while."""
    usual = connections["default"]
    connections["default"] = wrapper
    try:
        yield
    finally:
        connections["default"] = usual


@contextmanager
def _filled(size, items):
    """Make a database with this many items, for a while; the connection to it."""
    template = connection.settings_dict["NAME"]
    name = f"{template}_{size}"
    wrapper = connection.copy()
    wrapper.settings_dict = {**connection.settings_dict, "NAME": name}
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')  # of a run that was killed
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        with _switched(wrapper):
            parameters = {"items": items, "large": _supplier(), "small": _small_supplier()}
            _operator()
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET session_replication_role = replica"
                )  # no foreign key is checked
                for statement in progress(FILL, f"{items} items"):
                    cursor.execute(statement, parameters)
                cursor.execute("SET session_replication_role = DEFAULT")
        yield wrapper
    finally:
        wrapper.close()
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}"')


def _supplier():
    connection.cursor().execute("TRUNCATE timp_orders_organization RESTART IDENTITY CASCADE")
    return organizations("timp_orders")[0].pk


def _small_supplier():
    user = _user("small", SMALL_TOKEN)
    supplier = Organization.objects.create(name="Small", org_type="supplier")
    supplier.members.add(user)
    return supplier.pk


def _operator():
    _user("operator", OPERATOR_TOKEN, is_superuser=True)


def _user(name, token, **values):
    user, created = User.objects.get_or_create(username=name, defaults=values)
    if created:
        Token.objects.create(user=user, key=token)
    return user
