"""The list of cancellations, which a back office polls."""

from datetime import UTC, datetime, timedelta
from itertools import product
from urllib.parse import quote
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api import CALLERS, error
from timp_orders import services
from timp_orders.api import filter_sets
from timp_orders.models import Cancellation, OrderItem
from timp_orders.testing import CancellationFactory, OrderFactory, OrderItemFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(call):
    """Read all pages, and return the rows."""

    def listed(by, query=""):
        rows, path = [], f"/timp/orders/items/cancel/{query}"
        while path:
            response = call(path, method="get", by=by)
            assert response.status_code == 200, response.content
            page = response.json()
            assert set(page) == {"next", "previous", "results"}
            rows += page["results"]
            path = page["next"] and page["next"].removeprefix("http://testserver")
        return rows

    return listed


def uuids(rows):
    return [row["uuid"] for row in rows]


def make_many(count, item_factory):
    items = OrderItem.objects.bulk_create(item_factory(n) for n in range(count))
    return Cancellation.unguarded.bulk_create(Cancellation(order_item=item) for item in items)


@pytest.fixture
def many(order, supplier):
    def many(count):
        return make_many(count, lambda n: OrderItem(order=order, supplier=supplier, sku_id=f"S{n}"))

    return many


@pytest.mark.parametrize("caller", CALLERS)
def test_each_sees_what_is_on_their_side_and_no_more(listed, world, caller):
    CancellationFactory(order_item__order=world.order)  # another supplier's
    CancellationFactory(order_item__supplier=world.item.supplier)  # another retailer's
    CancellationFactory()
    theirs = {"supplier": 2, "retailer": 2, "both": 3, "stranger": 0, "auditor": 4, "operator": 4}
    count = theirs.get(caller.removeprefix("powerless_"), 4)
    assert len(listed(getattr(world, caller))) == count


def test_a_row_is_the_cancellation_with_its_item(listed, world):
    (row,) = listed(world.supplier)
    assert row == {
        "uuid": str(world.cancellation.uuid),
        "status": "requested",
        "quantity": None,
        "quantity_confirmed": None,
        "reason": "",
        "note": "",
        "requested_by": "system",
        "requested_at": world.cancellation.requested_at.isoformat().replace("+00:00", "Z"),
        "respond_by": None,
        "decided_by": None,
        "decided_via": None,
        "decided_at": None,
        "decision_reason": "",
        "decision_note": "",
        "order_item": {
            "order_item_uuid": str(world.item.uuid),
            "order_uuid": str(world.order.uuid),
            "po_number": world.order.po_number,
            "sku_id": world.item.sku_id,
            "sku_name": world.item.sku_name,
            "quantity_ordered": 1,
            "status": "Allocated",
        },
    }


def test_names_of_users_are_not_told(call, world, named):
    world.supplier.username = "sam"
    world.supplier.save()
    services.confirm_cancellation(named(world.item), by=world.supplier)
    for name, args in (("cancellations", []), ("item", [world.item.uuid])):
        answer = call(name, *args, method="get", by=world.retailer).content.decode()
        assert world.supplier.username not in answer


def test_rows_come_in_the_order_of_their_requests(listed, world, many):
    made = [world.cancellation, *many(30)]
    assert uuids(listed(world.supplier, "?page_size=7")) == [str(c.uuid) for c in made]


def test_3000_requests_of_one_moment_page_exactly(listed, world, order, supplier, named):
    items = OrderItem.objects.bulk_create(
        OrderItem(order=order, supplier=supplier, sku_id=f"S{n}") for n in range(3000)
    )
    services.request_cancellation(named(*items), by=services.SYSTEM)
    found = uuids(listed(world.supplier, "?page_size=500"))
    assert len(found) == len(set(found)) == 3001


def test_back_again_is_the_page_before(call, world, many):
    many(9)
    first = call("/timp/orders/items/cancel/?page_size=4", method="get", by=world.supplier).json()
    path = first["next"].removeprefix("http://testserver")
    second = call(path, method="get", by=world.supplier).json()
    path = second["previous"].removeprefix("http://testserver")
    again = call(path, method="get", by=world.supplier).json()
    assert again["results"] == first["results"]
    assert uuids(first["results"]) != uuids(second["results"])


def test_what_happens_between_two_pages_skips_and_repeats_nothing(call, world, many, named):
    made = [world.cancellation, *many(20)]
    path, found = "/timp/orders/items/cancel/?status=requested&page_size=3", []
    added = []
    while path:
        page = call(path, method="get", by=world.supplier).json()
        found += uuids(page["results"])
        # What was shown is decided, and something new is requested, before the next page.
        shown = OrderItem.objects.filter(cancellations__uuid__in=uuids(page["results"]))
        services.confirm_cancellation(shown, by=services.SYSTEM)
        if len(added) < 3:
            item = OrderItemFactory(order=world.order, supplier=world.item.supplier)
            services.request_cancellation(named(item), by=services.SYSTEM)
            added.append(item.cancellations.get())
        path = page["next"] and page["next"].removeprefix("http://testserver")
    assert found == [str(c.uuid) for c in [*made, *added]]


class TestFilters:
    @pytest.fixture
    def made(self, world, supplier, retailer):
        """A cancellation for each status, in two orders, a day apart."""
        Cancellation.unguarded.filter(pk=world.cancellation.pk).delete()
        start = datetime(2030, 1, 1, tzinfo=UTC)
        made = {}
        orders = [world.order, OrderFactory(retailer=retailer, po_number="po é&1")]
        for order, status in product(orders, ["requested", "confirmed", "rejected", "withdrawn"]):
            made[order.po_number, status] = CancellationFactory(
                order_item__order=order,
                order_item__supplier=supplier,
                order_item__sku_id=f"{status} {order.pk}",
                status=status,
                requested_at=start + timedelta(days=len(made)),
                decided_at=None if status == "requested" else start + timedelta(days=9),
                # The last two have no deadline.
                respond_by=start + timedelta(days=len(made) + 2) if len(made) < 6 else None,
            )
        return made

    @pytest.mark.parametrize("few", [0, 5000])
    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("status=requested", lambda po, status, day: status == "requested"),
            (
                "status=rejected&status=withdrawn",
                lambda po, status, day: status in ("rejected", "withdrawn"),
            ),
            ("po_number=" + quote("po é&1"), lambda po, status, day: po == "po é&1"),
            ("po_number=none", lambda po, status, day: False),
            ("requested_after=2030-01-03T00:00:00Z", lambda po, status, day: day >= 3),
            ("requested_after=2030-01-03", lambda po, status, day: day >= 3),
            ("requested_after=2030-01-03T01:00:00%2B01:00", lambda po, status, day: day >= 3),
            ("requested_before=2030-01-03T00:00:00Z", lambda po, status, day: day < 3),
            (
                "decided_after=2030-01-10&requested_after=2030-01-02&changed_after=2030-01-04",
                lambda po, status, day: status != "requested" and day >= 2,
            ),
            (
                "requested_after=2030-01-02T12:00:00Z&requested_before=2030-01-07T12:00:00Z"
                "&status=requested",
                lambda po, status, day: 3 <= day <= 7 and status == "requested",
            ),
            ("decided_after=2030-01-10", lambda po, status, day: status != "requested"),
            ("decided_after=2030-01-10T00:00:01Z", lambda po, status, day: False),
            ("decided_before=2030-01-10T00:00:01Z", lambda po, status, day: status != "requested"),
            ("decided_before=2030-01-10", lambda po, status, day: False),
            ("changed_after=2030-01-03", lambda po, status, day: status != "requested" or day >= 3),
            ("changed_after=2030-01-10", lambda po, status, day: status != "requested"),
            ("changed_after=2030-01-11", lambda po, status, day: False),
            ("respond_before=2030-01-05", lambda po, status, day: day < 3),
            ("respond_before=2030-01-05T00:00:01Z", lambda po, status, day: day <= 3),
            ("respond_before=9999-12-31", lambda po, status, day: day <= 6),
            (
                "respond_before=2031-01-01&status=requested&status=rejected",
                lambda po, status, day: day <= 6 and status in ("requested", "rejected"),
            ),
            (
                "respond_before=2030-01-07&requested_after=2030-01-02",
                lambda po, status, day: 2 <= day < 5,
            ),
            ("requested_after=0001-01-01T00:00:00Z", lambda po, status, day: True),
            ("requested_before=9999-12-31T23:59:59Z", lambda po, status, day: True),
        ],
    )
    def test_each_keeps_what_it_says(self, listed, world, made, query, wanted, few, monkeypatch):
        monkeypatch.setattr(filter_sets, "FEW", few)
        expected = [
            str(c.uuid)
            for (po, status), c in made.items()
            if wanted(po, status, c.requested_at.day)
        ]
        assert uuids(listed(world.supplier, f"?{query}")) == expected

    def test_order_and_sku_are_filters_too(self, listed, world, made):
        one = made["po é&1", "rejected"]
        found = listed(world.supplier, f"?order_uuid={one.order_item.order.uuid}")
        assert len(found) == 4
        found = listed(world.supplier, f"?sku_id={quote(one.order_item.sku_id)}")
        assert uuids(found) == [str(one.uuid)]
        found = listed(world.supplier, f"?order_item_uuid={one.order_item.uuid}")
        assert uuids(found) == [str(one.uuid)]

    def test_the_filters_go_with_the_cursor(self, listed, world, made):
        assert len(listed(world.supplier, "?status=requested&page_size=1")) == 2

    def test_another_organizations_order_is_an_empty_list_like_one_that_is_not(self, call, world):
        hidden = CancellationFactory().order_item.order
        answers = {
            call(
                f"/timp/orders/items/cancel/?order_uuid={uuid}", method="get", by=world.supplier
            ).content
            for uuid in (hidden.uuid, uuid4())
        }
        assert answers == {b'{"next":null,"previous":null,"results":[]}'}


WRONG = {
    "status": ["", "nonsense", "REQUESTED", "requested,confirmed", "%00", "%ED%A0%80"],
    "po_number": ["", "%20", "%09%0A", "%E2%80%83", "%00", "a%00b", "x" * 300],
    "sku_id": ["", "%20", "%00"],
    "order_uuid": [
        "",
        "%20",
        "nonsense",
        "7",
        "%00",
        "2350a349-2441-4c32-b7f6-99b7e4540b9",
        "%202350a349-2441-4c32-b7f6-99b7e4540b94",
        "{2350a349-2441-4c32-b7f6-99b7e4540b94}",
        "urn:uuid:2350a349-2441-4c32-b7f6-99b7e4540b94",
        "2350a34924414c32b7f699b7e4540b94",
    ],
    "requested_after": [
        "",
        "yesterday",
        "2030-13-01",
        "2030-02-30T00:00:00Z",
        "0001-01-01T00:00:00%2B14:00",
        "9999-12-31T23:59:59-14:00",
        "1e9",
        "%00",
        "99999-01-01T00:00:00Z",
        "%20",
        "%202030-01-01T00:00:00Z",
    ],
    "requested_before": ["now()", "2030-01-01T25:00:00Z"],
    "decided_after": ["", "yesterday", "%00"],
    "decided_before": ["now()", "2030-01-01T25:00:00Z"],
    "changed_after": ["", "2030-02-30", "%20"],
    "changed_before": ["2030-01-01"],
    "respond_before": ["", "yesterday", "2030-02-30", "%00"],
    "respond_after": ["2030-01-01"],
    "order_item_uuid": ["", "7", "nonsense", "2350a34924414c32b7f699b7e4540b94"],
    "page_size": ["", "0", "-1", "501", "1.5", "ten", "9" * 5000, "%D9%A1", "1e1", " 1", "%00"],
    "cursor": [
        "",
        "nonsense",
        "after-",
        "after--1",
        "after-nonsense",
        "After-1",
        "after-1 ",
        "after-1%0A",
        "after-%D9%A1",
        "before-" + "9" * 19,
        "cD0x",  # REST framework's own
        "%00",
        "%F0%9F%98%80",
        "A" * 5000,
    ],
    "statuss": ["requested"],
    "format": ["api", "json"],
    "limit": ["1"],
    "order_item__supplier": ["1"],
    "%00": ["x"],
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_unknown_or_malformed_is_400_with_its_name(call, world, name):
    for value in WRONG[name]:
        response = call(
            f"/timp/orders/items/cancel/?{name}={value}", method="get", by=world.supplier
        )
        assert error(response) == (400, "invalid"), value
        assert list(response.json()["errors"]) == [name.replace("%00", "\0")]
        assert "nonsense" not in response.content.decode()


@pytest.mark.parametrize("name", [n for n in WRONG if n not in ("status", "%00")])
def test_one_value_too_many_is_400(call, world, name):
    response = call(
        f"/timp/orders/items/cancel/?{name}=1&{name}=1", method="get", by=world.supplier
    )
    assert error(response) == (400, "invalid")
    assert list(response.json()["errors"]) == [name]


@pytest.mark.parametrize(
    ("charset", "half"), [("utf-7", "%2B2AA-"), ("unicode_escape", "%5Cud800")]
)
@pytest.mark.parametrize("name", ["po_number", "sku_id", "status", "cursor", "page_size", "HALF"])
def test_half_a_character_by_a_strange_charset_is_400(call, world, charset, half, name):
    """Django decodes the query string by the charset of a body that a GET does not have."""
    name = half if name == "HALF" else name
    response = call(
        f"/timp/orders/items/cancel/?{name}={half}",
        method="get",
        by=world.supplier,
        headers={"Content-Type": f"a/b; charset={charset}"},
    )
    assert error(response) == (400, "invalid")
    shown = "?" if name == half else name
    assert list(response.json()["errors"]) == [shown]


def test_a_thousand_and_one_parameters_are_400(call, world):
    query = "&".join(f"status={number}" for number in range(1001))
    response = call(f"/timp/orders/items/cancel/?{query}", method="get", by=world.supplier)
    assert error(response) == (400, "invalid")


@pytest.mark.parametrize("value", [" po-1", "po-1 ", "PO\u00a01", "po\t1"])
def test_a_value_is_compared_as_it_is_sent(listed, world, value):
    for order in (OrderFactory(po_number=value, retailer=world.order.retailer), world.order):
        CancellationFactory(order_item__order=order)
    found = listed(world.operator, f"?po_number={quote(value)}")
    assert [row["order_item"]["po_number"] for row in found] == [value]


@pytest.mark.parametrize(
    "wrong", ["1042-A", "%201", "1%20", "+1", "1_0", "1.0", "%D9%A1", "9" * 99]
)
def test_what_a_hosts_column_cannot_hold_is_400(call, world, monkeypatch, wrong):
    monkeypatch.setattr(OrderItem, "PO_NUMBER_FIELD", "order__pk")
    path = f"/timp/orders/items/cancel/?po_number={wrong}"
    response = call(path, method="get", by=world.supplier)
    assert error(response) == (400, "invalid")
    assert list(response.json()["errors"]) == ["po_number"]


def test_a_number_of_the_hosts_is_found_by_its_digits(listed, world, monkeypatch):
    monkeypatch.setattr(OrderItem, "PO_NUMBER_FIELD", "order__pk")
    assert len(listed(world.supplier, f"?po_number={world.order.pk}")) == 1


@pytest.mark.parametrize("use_tz", [True, False])
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("requested_after=2030-01-01T00:00:00Z", 0),
        ("requested_before=2030-01-01T00:00:00%2B02:00", 1),
        ("requested_before=2030-01-01", 1),
        ("requested_after=0001-01-01T00:00:00Z", 1),
        ("requested_before=9999-12-31T23:59:59Z", 1),
    ],
)
def test_timestamps_need_no_time_zones_of_the_hosts(call, world, settings, use_tz, query, count):
    settings.USE_TZ = use_tz
    moment = datetime(2029, 12, 31, 12, tzinfo=UTC if use_tz else None)
    Cancellation.unguarded.update(requested_at=moment)
    path = f"/timp/orders/items/cancel/?{query}"
    results = call(path, method="get", by=world.supplier).json()["results"]
    assert len(results) == count
    for row in results:
        assert datetime.fromisoformat(row["requested_at"]).tzinfo is not None


@pytest.mark.skipif(
    connection.vendor == "postgresql", reason="is told the time zone when it connects"
)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("requested_after=0001-01-01T00:00:00Z", 1),
        ("requested_before=0001-01-01T00:00:00Z", 0),
        ("requested_before=9999-12-31T23:59:59Z", 1),
        ("requested_after=9999-12-31T23:59:59Z", 0),
    ],
)
def test_the_ends_of_the_calendar_fit_a_database_in_a_time_zone_of_its_own(
    listed, world, monkeypatch, zone, query, count
):
    monkeypatch.setattr(connection, "timezone", ZoneInfo(zone))
    assert len(listed(world.supplier, f"?{query}")) == count


def test_all_that_is_wrong_is_said_at_once(call, world):
    path = "/timp/orders/items/cancel/?status=x&requested_after=y&z=1"
    response = call(path, method="get", by=world.supplier)
    assert sorted(response.json()["errors"]) == ["requested_after", "status", "z"]


def test_a_page_that_became_empty_leads_back_exactly(call, world, many, named):
    made = [world.cancellation, *many(3)]
    path = "/timp/orders/items/cancel/?status=requested&page_size=2"

    def read(path):
        path = path.removeprefix("http://testserver")
        return call(path, method="get", by=world.supplier).json()

    first = read(path)
    second = read(first["next"])
    services.confirm_cancellation(named(*(c.order_item for c in made[2:])), by=services.SYSTEM)
    empty = read(first["next"])
    assert (empty["results"], empty["next"]) == ([], None)
    assert read(empty["previous"])["results"] == first["results"]
    services.confirm_cancellation(named(*(c.order_item for c in made[:2])), by=services.SYSTEM)
    empty = read(second["previous"])
    assert (empty["results"], empty["previous"]) == ([], None)
    for cancellation in made:
        services.request_cancellation(named(cancellation.order_item), by=services.SYSTEM)
    CancellationFactory(order_item__order=world.order, order_item__supplier=world.item.supplier)
    assert len(read(empty["next"])["results"]) == 1


def test_an_empty_list_leads_nowhere(call, world):
    answer = call("cancellations", method="get", by=world.stranger).json()
    assert answer == {"next": None, "previous": None, "results": []}


def test_page_sizes_are_the_hosts(settings, call, world, many):
    many(9)
    settings.TIMP_ORDERS = {"PAGE_SIZE": 3, "MAX_PAGE_SIZE": 5}
    path = "/timp/orders/items/cancel/"

    def size(query):
        return len(call(path + query, method="get", by=world.supplier).json().get("results", []))

    assert [size(""), size("?page_size=5"), size("?page_size=6")] == [3, 5, 0]


@pytest.mark.parametrize("caller", ["supplier", "operator"])
def test_a_page_takes_the_same_statements_whatever_its_size(call, world, many, caller):
    by = getattr(world, caller)
    call("cancellations", method="get", by=by)

    def statements(query):
        with CaptureQueriesContext(connection) as captured:
            call(f"/timp/orders/items/cancel/{query}", method="get", by=by)
        return len(captured)

    few = statements("?page_size=1")
    many(300)
    assert statements("?page_size=300") == few <= 5
