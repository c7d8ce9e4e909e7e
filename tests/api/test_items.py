"""The list of order items, in which a caller finds what to cancel."""

from itertools import product
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api import CALLERS, error
from tests.api.test_list import WRONG
from tests.test_states import CANCELLATION_STATUSES, ITEM_STATUSES
from timp_orders import services
from timp_orders.api.list_views import ItemListView
from timp_orders.api.parameters import parameters_of
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import SYSTEM, reads
from timp_orders.testing import CancellationFactory, OrderFactory, OrderItemFactory

pytestmark = pytest.mark.django_db

PATH = "/timp/orders/items/"


@pytest.fixture
def listed(call):
    """Read all pages, and return the rows."""

    def listed(by, query=""):
        rows, path = [], f"{PATH}{query}"
        while path:
            response = call(path, method="get", by=by)
            assert response.status_code == 200, response.content
            page = response.json()
            rows += page["results"]
            path = page["next"] and page["next"].removeprefix("http://testserver")
        return rows

    return listed


def uuids(rows):
    return [row["order_item_uuid"] for row in rows]


@pytest.mark.parametrize("caller", CALLERS)
def test_each_sees_what_is_on_their_side_and_no_more(listed, world, caller):
    OrderItemFactory(order=world.order)  # another supplier's
    OrderItemFactory(supplier=world.item.supplier)  # another retailer's
    OrderItemFactory()
    theirs = {"supplier": 2, "retailer": 2, "both": 3, "stranger": 0, "auditor": 4, "operator": 4}
    count = theirs.get(caller.removeprefix("powerless_"), 4)
    assert len(listed(getattr(world, caller))) == count


@pytest.mark.parametrize("caller", ["supplier", "retailer", "auditor", "operator"])
@pytest.mark.parametrize("parts", [False, True])
def test_a_row_is_what_the_call_on_the_item_says_of_it(
    call, listed, world, settings, caller, parts
):
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": parts}
    OrderItemFactory(order=world.order, supplier=world.item.supplier)  # without a cancellation
    CancellationFactory(order_item=world.item, status="rejected")  # and an older one
    by = getattr(world, caller)
    rows = listed(by)
    assert len(rows) == 2
    for row in rows:
        alone = call("item", row["order_item_uuid"], method="get", by=by).json()
        del alone["cancellations"]
        assert row == alone


def test_rows_come_in_the_order_of_their_keys_each_once(listed, world, supplier):
    made = [world.item, *OrderItemFactory.create_batch(30, order=world.order, supplier=supplier)]
    assert uuids(listed(world.supplier, "?page_size=7")) == [str(item.uuid) for item in made]


def test_an_item_that_moved_away_between_the_two_statements_is_left_out(
    listed, world, supplier, monkeypatch
):
    first = OrderItemFactory(order=world.order, supplier=supplier)
    read = reads.items_with_facts

    def moved_first(caller, **kwargs):
        OrderItem.objects.filter(pk=first.pk).update(
            supplier=CancellationFactory().order_item.supplier
        )
        return read(caller, **kwargs)

    monkeypatch.setattr(reads, "items_with_facts", moved_first)
    assert uuids(listed(world.supplier)) == [str(world.item.uuid)]


class TestFilters:
    @pytest.fixture
    def made(self, world, supplier, retailer):
        """An item for each state, in two orders."""
        Cancellation.unguarded.filter(pk=world.cancellation.pk).delete()
        world.item.delete()
        made = {}
        orders = [world.order, OrderFactory(retailer=retailer, po_number="po é&1")]
        for order, status, latest in product(orders, ITEM_STATUSES, CANCELLATION_STATUSES):
            item = OrderItemFactory(
                order=order, supplier=supplier, status=status, sku_id=f"{status} {latest}"
            )
            if latest:
                CancellationFactory(order_item=item, status="rejected")
                CancellationFactory(order_item=item, status=latest)
            made[item] = latest
        return made

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("status=Allocated", lambda item, latest: item.status == "Allocated"),
            (
                "status=HasTracking&status=Cancelled",
                lambda item, latest: item.status in ("HasTracking", "Cancelled"),
            ),
            ("po_number=" + quote("po é&1"), lambda item, latest: item.order.po_number == "po é&1"),
            ("po_number=none", lambda item, latest: False),
            (
                "sku_id=" + quote("Rejected requested"),
                lambda item, latest: (item.status, latest) == ("Rejected", "requested"),
            ),
            ("awaiting=true", lambda item, latest: latest == "requested"),
            ("awaiting=false", lambda item, latest: latest != "requested"),
            (
                "cancellable=true",
                lambda item, latest: item.status in ("Unallocated", "Allocated", "Backordered"),
            ),
            (
                "cancellable=false",
                lambda item, latest: item.status in ("Rejected", "HasTracking", "Cancelled"),
            ),
            (
                "cancellable=true&awaiting=false&status=Allocated&status=Cancelled",
                lambda item, latest: item.status == "Allocated" and latest != "requested",
            ),
        ],
    )
    @pytest.mark.parametrize("caller", ["supplier", "operator"])
    def test_each_keeps_what_it_says(self, listed, world, made, query, wanted, caller):
        expected = [str(item.uuid) for item, latest in made.items() if wanted(item, latest)]
        assert uuids(listed(getattr(world, caller), f"?{query}&page_size=7")) == expected

    def test_an_order_and_an_item_are_found_by_their_uuids(self, listed, world, made):
        one = next(reversed(made))
        assert len(listed(world.supplier, f"?order_uuid={one.order.uuid}")) == len(made) / 2
        assert uuids(listed(world.supplier, f"?order_item_uuid={one.uuid}")) == [str(one.uuid)]

    def test_another_organizations_item_is_an_empty_list_like_one_that_is_not(self, call, world):
        hidden = CancellationFactory().order_item
        answers = {
            call(f"{PATH}?order_item_uuid={uuid}", method="get", by=world.supplier).content
            for uuid in (hidden.uuid, uuid4())
        }
        assert answers == {b'{"next":null,"previous":null,"results":[]}'}

    @pytest.mark.parametrize("status", ITEM_STATUSES)
    def test_statuses_are_those_that_partners_read(
        self, listed, world, made, monkeypatch, status, call
    ):
        names = {known: f"name of {known}" for known in ITEM_STATUSES}
        monkeypatch.setattr(OrderItem, "STATUS_NAMES", names)
        found = listed(world.supplier, "?status=" + quote(f"name of {status}"))
        assert {row["status"] for row in found} == {f"name of {status}"}
        assert len(found) == len(made) / len(ITEM_STATUSES)
        response = call(f"{PATH}?status={status}", method="get", by=world.supplier)
        assert error(response) == (400, "invalid")


class TestStatusesWithoutChoices:
    """A host's own column of free text, of which some have names."""

    @pytest.fixture(autouse=True)
    def _free_text(self, monkeypatch):
        monkeypatch.setattr(OrderItem._meta.get_field("status"), "choices", None)
        monkeypatch.setattr(OrderItem, "STATUS_NAMES", {"Allocated": "in stock"})

    @pytest.mark.parametrize(
        ("query", "status"),
        [("in%20stock", "Allocated"), ("HasTracking", "HasTracking"), ("own%20word", "own word")],
    )
    def test_each_is_found_by_what_partners_read(self, listed, world, query, status):
        OrderItem.objects.update(status=status)
        assert uuids(listed(world.supplier, f"?status={query}")) == [str(world.item.uuid)]

    @pytest.mark.parametrize("wrong", ["Allocated", "", "%20", "x" * 33])
    def test_what_no_partner_reads_is_400(self, call, world, wrong):
        response = call(f"{PATH}?status={wrong}", method="get", by=world.supplier)
        assert error(response) == (400, "invalid")
        assert list(response.json()["errors"]) == ["status"]

    def test_the_schema_names_no_statuses(self):
        view = ItemListView()
        (status,) = [one for one in parameters_of(view, None) if one.name == "status"]
        assert status.type == {"type": "array", "items": {"type": "string"}}


WRONG_HERE = {
    **{
        name: values
        for name, values in WRONG.items()
        if name not in ("status", "requested_after", "requested_before", "order_item__supplier")
    },
    "status": ["", "%20", "nonsense", "ALLOCATED", "Allocated,Cancelled", "%00", "requested"],
    "awaiting": ["", "1", "0", "True", "yes", "null", "%00", "true%20"],
    "cancellable": ["", "1", "0", "FALSE", "no", "null", "%00"],
    "order_item_uuid": WRONG["order_uuid"],
    "requested_after": ["2030-01-01"],
    "changed_after": ["2030-01-01"],
    "supplier": ["1"],
}


@pytest.mark.parametrize("name", WRONG_HERE)
def test_what_is_unknown_or_malformed_is_400_with_its_name(call, world, name):
    for value in WRONG_HERE[name]:
        response = call(f"{PATH}?{name}={value}", method="get", by=world.supplier)
        assert error(response) == (400, "invalid"), value
        assert list(response.json()["errors"]) == [name.replace("%00", "\0")]
        assert "nonsense" not in response.content.decode()


@pytest.mark.parametrize("name", [name for name in WRONG_HERE if name not in ("status", "%00")])
def test_one_value_too_many_is_400(call, world, name):
    response = call(f"{PATH}?{name}=true&{name}=true", method="get", by=world.supplier)
    assert error(response) == (400, "invalid")
    assert list(response.json()["errors"]) == [name]


def test_what_happens_between_two_pages_skips_and_repeats_nothing(call, world, supplier):
    made = [world.item, *OrderItemFactory.create_batch(9, order=world.order, supplier=supplier)]
    path, found = f"{PATH}?cancellable=true&page_size=3", []
    while path:
        page = call(path, method="get", by=world.supplier).json()
        found += uuids(page["results"])
        services.cancel_items(OrderItem.objects.filter(uuid__in=uuids(page["results"])), by=SYSTEM)
        path = page["next"] and page["next"].removeprefix("http://testserver")
    assert found == [str(item.uuid) for item in made]


@pytest.mark.parametrize("caller", ["supplier", "retailer", "operator"])
@pytest.mark.parametrize("parts", [False, True])
def test_a_page_takes_the_same_statements_whatever_its_size(
    call, world, supplier, settings, caller, parts
):
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": parts}
    by = getattr(world, caller)
    call("items", method="get", by=by)

    def statements(query):
        with CaptureQueriesContext(connection) as captured:
            call(f"{PATH}{query}", method="get", by=by)
        return len(captured)

    few = statements("?page_size=1")
    for item in OrderItemFactory.create_batch(100, order=world.order, supplier=supplier):
        CancellationFactory(order_item=item)
    assert statements("?page_size=100") == few <= 6
