"""How PostgreSQL finds the rows: by indexes, whoever asks, in tables of some size."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.authtoken.models import Token

from tests.benchmarks.scale import FILL
from tests.test_services import SERVICES
from timp_orders.admin.overview_answers import DAYS, answers
from timp_orders.admin.overview_waiting import waiting
from timp_orders.api.filter_sets import FEW
from timp_orders.models import Cancellation, OrderItem, Organization
from timp_orders.services import enforce_deadlines
from timp_orders.services.caller import Caller
from timp_orders.testing import OrganizationFactory, UserFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="reads PostgreSQL's plans"),
]

ITEMS = 60_000
LARGE = ("timp_orders_orderitem", "timp_orders_cancellation", "timp_orders_order")


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """A supplier with a fifth of the items and one with a few: the users who act for them."""
    with django_db_blocker.unblock():
        users = {name: UserFactory(username=f"plans-{name}") for name in ("large", "small")}
        suppliers = {name: OrganizationFactory(members=[user]) for name, user in users.items()}
        users["operator"] = UserFactory(username="plans-operator", is_superuser=True)
        keys = {name: supplier.pk for name, supplier in suppliers.items()}
        with connection.cursor() as cursor:
            for statement in FILL:
                # Over a year, as the large tables of the benchmark.
                slower = statement.replace("10 s'", "10 min'").replace("9 s'", "9 min'")
                cursor.execute(slower, {"items": ITEMS, **keys})
            cursor.execute("VACUUM ANALYZE")
        yield users
        for user in users.values():
            Token.objects.filter(user=user).delete()
        Cancellation.unguarded.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE timp_orders_organization CASCADE")
        User.objects.filter(username__startswith="plans-").delete()


def plan_of(sql):
    """Return the plan's nodes that read one of the large tables."""
    return [node for node in every_node(sql) if node.get("Relation Name") in LARGE]


def every_node(sql, *, runs=False):
    """Return the nodes of a statement's plan.

    :param runs: run it, to count its rows.
    """

    def nodes(node):
        yield node
        for inner in node.get("Plans", ()):
            yield from nodes(inner)

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON{', ANALYZE' if runs else ''}) {sql}")
        (found,) = cursor.fetchone()
    (root,) = json.loads(found) if isinstance(found, str) else found
    return list(nodes(root["Plan"]))


@pytest.fixture
def scans(filled):
    """Call as a user; return by which kinds of scan each statement reads the large tables."""

    def scans(who, method, path, query=""):
        token, _ = Token.objects.get_or_create(user=filled[who])
        with CaptureQueriesContext(connection) as captured:
            client = Client(headers={"Authorization": f"Token {token.key}"})
            response = getattr(client, method)(path, query_params=query or None)
        assert response.status_code == 200, response.content
        found = [
            plan_of(query["sql"])
            for query in captured
            if any(table in query["sql"] for table in LARGE)
        ]
        assert found
        return {node["Node Type"] for plan in found for node in plan}

    return scans


def indexes_of_few(captured):
    """Return the indexes by which a list looks whether there are few rows of a span of time."""
    statements = [it["sql"] for it in captured if it["sql"].startswith("SELECT")]
    (sql,) = [sql for sql in statements if sql.endswith(f"LIMIT {FEW + 1}")]
    return {node.get("Index Name") for node in every_node(sql)}


BY_INDEX = {"Index Scan", "Index Only Scan", "Bitmap Heap Scan", "ModifyTable"}


@pytest.mark.parametrize("who", ["large", "small", "operator"])
@pytest.mark.parametrize("query", [{}, {"status": "requested"}, {"cursor": "deep"}])
def test_a_page_of_the_list_is_found_by_indexes(scans, who, query):
    if query.get("cursor"):
        query = {"cursor": f"after-{Cancellation.objects.order_by('pk')[ITEMS // 5].pk}"}
    kinds = scans(who, "get", reverse("timp_orders:cancellations"), query)
    assert kinds <= BY_INDEX


@pytest.mark.parametrize("who", ["large", "small", "operator"])
@pytest.mark.parametrize("name", ["requested_after", "decided_after", "changed_after"])
@pytest.mark.parametrize("more", [{}, {"status": ["requested", "rejected"]}])
def test_what_changed_since_a_moment_is_found_by_indexes(scans, who, name, more):
    """In statements that do not go through the list until a page is full."""
    newest = Cancellation.objects.latest("requested_at").requested_at
    query = {name: (newest - timedelta(days=2)).isoformat(), **more}
    with CaptureQueriesContext(connection) as captured:
        assert scans(who, "get", reverse("timp_orders:cancellations"), query) <= BY_INDEX
    assert indexes_of_few(captured) & {
        "timp_orders_cancel_request_idx",
        "timp_orders_cancel_decided_idx",
    }


@pytest.mark.parametrize("who", ["large", "small", "operator"])
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"awaiting": "true"},
        {"awaiting": "false"},
        {"cancellable": "true"},
        {"awaiting": "true", "cancellable": "true"},
        {"po_number": "scale-7"},
        {"sku_id": "SKU-7"},
        {"cursor": f"after-{ITEMS // 2}"},
    ],
    ids=str,
)
def test_a_page_of_items_is_found_by_indexes(scans, who, query):
    kinds = scans(who, "get", reverse("timp_orders:items"), {**query, "page_size": 10})
    assert kinds <= BY_INDEX


@pytest.mark.parametrize("who", ["large", "small"])
def test_whose_items_a_page_has_is_told_without_reading_all_of_theirs(filled, who):
    """By the user's organizations: a subquery for each side may be hashed, with all of its rows."""
    token, _ = Token.objects.get_or_create(user=filled[who])
    with CaptureQueriesContext(connection) as captured:
        Client(headers={"Authorization": f"Token {token.key}"}).get(reverse("timp_orders:items"))
    (page,) = [it["sql"] for it in captured if "= ANY(" in it["sql"]]
    nodes = every_node(page, runs=True)
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in nodes) <= 100


@pytest.mark.parametrize("who", ["large", "operator"])
@pytest.mark.parametrize("status", ["requested", "rejected"])
def test_an_item_is_found_by_indexes(scans, who, status):
    supplier = Organization.objects.get(members__username="plans-large")
    item = OrderItem.objects.filter(supplier=supplier, cancellations__status="requested").first()
    kinds = scans(who, "get", reverse("timp_orders:item", args=[item.uuid]))
    assert kinds <= BY_INDEX
    kinds = scans(who, "patch", reverse("timp_orders:confirm", args=[item.uuid]))
    assert kinds - {"Result"} <= BY_INDEX


@pytest.mark.parametrize("action", ["confirm", "reject", "request"])
@pytest.mark.parametrize("alone", [True, False])
def test_of_a_long_history_few_rows_are_read(filled, action, alone):
    """However many cancellations an item has, the latest is found at once."""
    supplier = Organization.objects.get(members__username="plans-large")
    items = list(OrderItem.objects.filter(supplier=supplier, cancellations=None)[:2])
    decided = {"status": "rejected", "decided_at": timezone.now()}
    history = [Cancellation(order_item=items[0], **decided) for _ in range(5000)]
    Cancellation.unguarded.bulk_create([*history, Cancellation(order_item=items[1])])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE timp_orders_cancellation")
    named = items[0] if alone else items
    with CaptureQueriesContext(connection) as captured:
        SERVICES[action](named, by=filled["operator"])
    reads = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    for sql in reads:
        nodes = every_node(sql, runs=True)
        assert max(node["Actual Rows"] * node["Actual Loops"] for node in nodes) < 100, sql


@pytest.mark.parametrize("action", ["confirm", "reject"])
@pytest.mark.parametrize("counts_parts", [True, False])
def test_whether_one_was_confirmed_is_looked_up_by_the_item(filled, settings, action, counts_parts):
    """Whatever the statistics say: here that none is, so that an index on the status seems best."""
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": counts_parts}
    Cancellation.unguarded.filter(status="confirmed").update(status="rejected")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE timp_orders_cancellation")
    waiting = Cancellation.objects.filter(status="requested").values("order_item")[:300]
    items = list(OrderItem.objects.filter(pk__in=waiting))
    with CaptureQueriesContext(connection) as captured:
        SERVICES[action](items[1:], by=filled["operator"])
        SERVICES[action](items[0], by=filled["operator"])
    asked = [it["sql"] for it in captured if "confirmed" in it["sql"].split("WHERE", 1)[-1]]
    found = {node.get("Index Name") for sql in asked for node in plan_of(sql)}
    assert "timp_orders_cancel_item_idx" in found
    assert "timp_orders_cancel_status_idx" not in found


@pytest.mark.parametrize("action", ["confirm", "reject", "request"])
def test_many_items_are_found_by_indexes(filled, action):
    """Their keys are one array, which the planner sees."""
    supplier = Organization.objects.get(members__username="plans-large")
    pks = list(OrderItem.objects.filter(supplier=supplier).values_list("pk", flat=True)[:300])
    with CaptureQueriesContext(connection) as captured:
        outcome = SERVICES[action](OrderItem.objects.filter(pk__in=pks), by=filled["large"])
    assert len(outcome.changed) + len(outcome.unchanged) + len(outcome.refused) == len(pks)
    plans = [plan_of(query["sql"]) for query in captured if "= ANY(" in query["sql"]]
    assert len(plans) >= 3
    assert {node["Node Type"] for plan in plans for node in plan} <= BY_INDEX


@pytest.mark.parametrize("who", ["large", "small", "operator"])
@pytest.mark.parametrize("more", [{}, {"status": "requested"}])
def test_what_is_to_be_answered_soon_is_found_by_the_index_on_deadlines(soon, scans, who, more):
    query = {"respond_before": (soon + timedelta(hours=2)).isoformat(), **more}
    with CaptureQueriesContext(connection) as captured:
        assert scans(who, "get", reverse("timp_orders:cancellations"), query) <= BY_INDEX
    assert "timp_orders_cancel_respond_idx" in indexes_of_few(captured)


def test_a_run_finds_what_is_due_by_indexes(soon, settings):
    settings.TIMP_ORDERS = {"REMIND_BEFORE": timedelta(hours=6), "ON_DEADLINE": "confirm"}
    with CaptureQueriesContext(connection) as captured:
        done = enforce_deadlines(now=soon + timedelta(minutes=30))
    assert (done.reminded, done.overdue, done.confirmed) == (10, 10, 10)
    large = [it["sql"] for it in captured if any(table in it["sql"] for table in LARGE)]
    for sql in large:
        assert {node["Node Type"] for node in plan_of(sql)} <= BY_INDEX, sql
    found_by = {
        node.get("Index Name") for sql in large if "respond_by" in sql for node in every_node(sql)
    }
    assert "timp_orders_cancel_respond_idx" in found_by


@pytest.mark.parametrize("who", ["large", "small", "operator"])
@pytest.mark.parametrize("days", DAYS)
def test_what_the_overview_counts_is_found_by_indexes(filled, monkeypatch, who, days):
    # In proportion to these tables.
    monkeypatch.setattr("timp_orders.admin.overview_waiting._OPEN", 100)
    monkeypatch.setattr("timp_orders.admin.overview_answers._DECISIONS", 300)
    monkeypatch.setattr("timp_orders.admin.overview_answers._OF_SUPPLIERS", 100)
    monkeypatch.setattr("timp_orders.admin.overview_answers._OF_ALL", 2000)
    caller = Caller.of(filled[who])
    with CaptureQueriesContext(connection) as captured:
        assert waiting(caller).count
        assert answers(caller, days).total or who == "small"
    large = [it["sql"] for it in captured if any(table in it["sql"] for table in LARGE)]
    assert len(large) >= 4
    for sql in large:
        assert {node["Node Type"] for node in plan_of(sql)} <= BY_INDEX, sql


@pytest.fixture
def soon(filled):
    """Give the open ones a deadline far away; twenty of them one that is near."""
    now = timezone.now()
    opened = Cancellation.unguarded.filter(status="requested")
    opened.update(respond_by=now + timedelta(days=9))
    keys = list(opened.order_by("-pk").values_list("pk", flat=True)[:20])
    opened.filter(pk__in=keys[:10]).update(respond_by=now)
    opened.filter(pk__in=keys[10:]).update(respond_by=now + timedelta(hours=1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE timp_orders_cancellation")
    return now
