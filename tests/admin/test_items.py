"""The list of order items: what it shows, filters and finds, and what that costs."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import dateformat, timezone

from timp_orders.models import Cancellation, Order
from timp_orders.testing import CancellationFactory, OrderFactory, OrderItemFactory

pytestmark = pytest.mark.django_db


def statements(call):
    with CaptureQueriesContext(connection) as captured:
        call()
    return [query["sql"] for query in captured.captured_queries]


class TestColumns:
    def test_all_that_staff_ask_for_is_shown(self, desk, order, supplier):
        item = OrderItemFactory(
            order=order,
            supplier=supplier,
            sku_id="SKU-77",
            quantity_ordered=41,
            status="Backordered",
        )
        CancellationFactory(order_item=item, reason="fraud")
        page = desk.list().content.decode()
        told = (item.uuid, order.po_number, order.retailer, supplier, "SKU-77", 41, "Backordered")
        for text in (*told, "Fraud", "waiting since"):
            assert str(text).lower() in page.lower()
        assert f'<span title="{item.uuid}">{str(item.uuid)[:8]}</span>' in page

    def test_only_the_open_cancellation_is_shown(self, desk, item):
        CancellationFactory(order_item=item, status="rejected", reason="fraud")
        assert "Fraud</div>" not in desk.list().content.decode()
        [row] = desk.listed()
        assert row.open_since is None

    def test_a_reason_that_the_host_has_dropped_is_shown_as_it_is(self, desk, item):
        CancellationFactory(order_item=item, reason="bad_weather")
        assert "bad_weather" in desk.list().content.decode()

    def test_a_cancellation_shows_how_long_it_has_waited_with_the_moment_as_a_tooltip(
        self, desk, cancellation
    ):
        moment = timezone.now() - timedelta(days=3, hours=2)
        Cancellation.unguarded.update(requested_at=moment)
        page = desk.list().content.decode().replace("\xa0", " ")
        [cell] = re.findall('field-open_cancellation">(.*?)</td>', page)
        title = f"{dateformat.format(moment, 'N j, Y, P')}"
        assert cell == f'<time datetime="{moment.isoformat()}" title="{title}">3 days</time>'

    def test_supplier_and_what_decides_come_first(self, desk):
        columns = desk.list().context["cl"].list_display
        assert columns[:5] == [
            "action_checkbox",
            "po_number",
            "sku",
            "supplier_name",
            "open_cancellation",
        ]
        assert columns[-1] == "short_uuid"

    @pytest.mark.parametrize("column", range(1, 9))
    def test_it_can_be_ordered_by_every_column(self, desk, item, cancellation, column):
        assert desk.listed(o=column) == [item]
        assert "o=" in desk.list(o=column).request["QUERY_STRING"]


class TestFilters:
    @pytest.fixture
    def items(self, order, supplier):
        waiting = OrderItemFactory(order=order, supplier=supplier)
        CancellationFactory(order_item=waiting, status="rejected")
        CancellationFactory(order_item=waiting, reason="fraud")
        decided = OrderItemFactory(order=order, supplier=supplier, status="Cancelled")
        CancellationFactory(order_item=decided, status="confirmed", reason="fraud")
        return {"waiting": waiting, "decided": decided, "calm": OrderItemFactory(order=order)}

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({}, {"waiting", "decided", "calm"}),
            ({"awaiting": "yes"}, {"waiting"}),
            ({"awaiting": "no"}, {"decided", "calm"}),
            ({"awaiting": "maybe"}, {"waiting", "decided", "calm"}),
            ({"status__exact": "Cancelled"}, {"decided"}),
            ({"reason": "fraud"}, {"waiting"}),
            ({"reason": "other"}, set()),
            ({"awaiting": "yes", "status__exact": "Cancelled"}, set()),
        ],
    )
    def test_each_keeps_what_it_says(self, desk, items, query, found):
        assert desk.listed(**query) == sorted(
            (items[name] for name in found), key=lambda item: -item.pk
        )

    def test_by_supplier(self, desk, items, supplier):
        assert set(desk.listed(supplier__id__exact=supplier.pk)) == {
            items["waiting"],
            items["decided"],
        }

    def test_by_the_day_of_the_order(self, desk, items):
        spec = next(
            it for it in desk.list().context["cl"].filter_specs if it.title == "day of the order"
        )
        queries = {str(text): dict(query) for text, query in spec.links}
        assert len(desk.listed(**queries["Today"])) == 3
        Order.objects.update(created_at=timezone.now() - timedelta(days=5))
        assert desk.listed(**queries["Today"]) == []
        assert len(desk.listed(**queries["Past 7 days"])) == 3

    def test_no_days_are_listed_since_that_would_read_every_order(self, desk, items):
        assert desk.list().context["cl"].date_hierarchy is None

    def test_those_that_await_a_decision_are_sorted_by_age(self, desk, order, supplier):
        items = OrderItemFactory.create_batch(3, order=order, supplier=supplier)
        now = timezone.now()
        for item, days in zip(items, (2, 9, 5), strict=True):
            CancellationFactory(order_item=item, requested_at=now - timedelta(days=days))
        assert desk.listed(awaiting="yes") == [items[1], items[2], items[0]]
        assert desk.listed(awaiting="yes", o="-1")[0].order == order  # as they ask themselves
        assert desk.listed() == items[::-1]

    @pytest.mark.parametrize(
        ("value", "days"), [("1", {2, 4, 9}), ("3", {4, 9}), ("7", {9}), ("2", {0, 2, 4, 9})]
    )
    def test_by_how_long_they_have_been_waiting(self, desk, order, supplier, value, days):
        now = timezone.now()
        made = {}
        for age in (0, 2, 4, 9):
            item = made[age] = OrderItemFactory(order=order, supplier=supplier)
            CancellationFactory(order_item=item, requested_at=now - timedelta(days=age))
        decided = OrderItemFactory(order=order, supplier=supplier)
        CancellationFactory(
            order_item=decided, status="rejected", requested_at=now - timedelta(days=99)
        )
        response = desk.client.get(desk.url("changelist"), {"waiting": value}, follow=True)
        found = set(response.context["cl"].result_list)
        assert found - {decided} == {made[age] for age in days}
        assert (decided in found) == (value == "2")  # which is no choice: the whole list

    def test_by_no_reason(self, desk, items, order, supplier):
        silent = OrderItemFactory(order=order, supplier=supplier)
        CancellationFactory(order_item=silent)
        assert desk.listed(reason="-") == [silent]

    def test_what_counts_by_itself_is_not_counted_twice(self, desk, items):
        page = desk.list(_facets="True").content.decode()
        assert "Awaiting decision (1)" in page
        assert "(1) (1)" not in page

    def test_awaiting_decision_says_how_many(self, desk, crowd, items):
        crowd(11)
        assert "Awaiting decision (12)" in desk.list().content.decode()

    def test_facets_count_each_choice(self, desk, items):
        assert "Cancelled (1)" in desk.list(_facets="True").content.decode()


class TestSearch:
    @pytest.fixture
    def other(self):
        return OrderItemFactory(order=OrderFactory(po_number="elsewhere-1"), sku_id="ZZZ")

    @pytest.mark.parametrize(
        "term",
        [
            lambda item: str(item.uuid),
            lambda item: item.uuid.hex,
            lambda item: f"  {item.uuid.hex.upper()} ",
            lambda item: str(item.order.uuid),
            lambda item: item.order.uuid.hex,
            lambda item: item.order.po_number,
            lambda item: item.order.po_number[3:],
            lambda item: item.sku_id,
            lambda item: item.sku_id.lower(),
            lambda item: f"{item.order.po_number} {item.sku_id}",
            lambda item: str(item.uuid)[:8],
            lambda item: str(item.uuid)[:9],
            lambda item: str(item.uuid)[:20].upper(),
            lambda item: item.uuid.hex[:13],
            lambda item: str(item.order.uuid)[:11],
            lambda item: item.supplier.name,
            lambda item: item.order.retailer.name,
        ],
    )
    def test_finds_the_item(self, desk, item, other, term):
        assert desk.listed(q=term(item)) == [item]

    @pytest.mark.parametrize("field", ["sku_id", "order__po_number"])
    def test_a_text_that_looks_like_a_uuid_is_found_too(self, desk, item, other, field):
        owner, _, column = field.rpartition("__")
        texts = other.order if owner else other
        setattr(texts, column, str(item.uuid))
        texts.save()
        assert desk.listed(q=str(item.uuid)) == [other, item]

    @pytest.mark.parametrize("term", ["nothing", "2350a349-2441-4c32-b7f6-99b7e4540b94", "%", "\\"])
    def test_finds_nothing_else(self, desk, item, other, term):
        assert desk.listed(q=term) == []


class TestCost:
    @pytest.mark.parametrize("query", [{}, {"awaiting": "yes"}, {"q": "po-"}])
    def test_a_page_takes_the_same_statements_for_few_items_and_many(self, desk, crowd, query):
        crowd(2)
        few = statements(lambda: desk.list(**query))
        crowd(120)
        OrderItemFactory.create_batch(5)
        assert len(statements(lambda: desk.list(**query))) == len(few)

    def test_everything_is_counted_once_and_without_joins(self, desk, crowd):
        crowd(3)
        counts = [sql for sql in statements(desk.list) if "COUNT(" in sql]
        everything, waiting = sorted(counts, key=len)
        assert "JOIN" not in everything
        assert "WHERE" not in everything
        assert "requested" in waiting

    def test_relations_are_chosen_by_autocomplete(self, desk, item):
        page = desk.client.get(desk.url("change", item.pk)).content.decode()
        assert page.count("admin-autocomplete") >= 2
        assert "<option" not in page.replace(
            f'<option value="{item.order_id}" selected', ""
        ).replace(f'<option value="{item.supplier_id}" selected', "")


class TestTimeZones:
    @pytest.mark.parametrize("model", ["order", "cancellation"])
    def test_a_list_by_days_needs_no_time_zone_tables(self, desk, cancellation, model):
        with override_settings(TIME_ZONE="Europe/Berlin"):
            response = desk.list(f"timp_orders_{model}")
            assert response.status_code == 200
            offered = 'class="toplinks"' in response.content.decode()
        assert offered is connection.features.has_zoneinfo_database

    def test_a_database_that_cannot_convert_offers_no_days(self, desk, item, monkeypatch):
        monkeypatch.setattr(connection.features, "has_zoneinfo_database", False)
        orders = "timp_orders_order"
        with override_settings(TIME_ZONE="Europe/Berlin"):
            assert desk.list(orders).context["cl"].date_hierarchy is None
            year = item.order.created_at.year
            assert desk.listed(orders, created_at__year=year) == [item.order]
        with override_settings(TIME_ZONE="UTC"):
            assert desk.list(orders).context["cl"].date_hierarchy == "created_at"


class TestChanging:
    def data(self, item, **changes):
        return {
            "order": item.order_id,
            "supplier": item.supplier_id,
            "sku_id": item.sku_id,
            "sku_name": item.sku_name,
            "quantity_ordered": item.quantity_ordered,
            **changes,
        }

    def test_the_status_cannot_be_posted(self, desk, item):
        url = desk.url("change", item.pk)
        desk.client.post(url, self.data(item, status="Cancelled", sku_name="New name"))
        item.refresh_from_db()
        assert (item.status, item.sku_name) == ("Allocated", "New name")

    def test_an_item_can_be_added(self, desk, item):
        response = desk.client.post(desk.url("add"), self.data(item, quantity_ordered=3))
        assert response.status_code == 302
        assert {item.quantity_ordered for item in desk.listed()} == {1, 3}

    def test_an_item_with_a_cancellation_cannot_be_deleted(self, desk, item, cancellation):
        page = desk.client.get(desk.url("delete", item.pk)).content.decode()
        assert "would require deleting the following protected related objects" in page
        assert desk.client.post(desk.url("delete", item.pk), {"post": "yes"}).status_code == 200
        desk.client.post(
            desk.url("changelist"),
            {"action": "delete_selected", "_selected_action": [item.pk], "post": "yes"},
        )
        desk.client.post(
            desk.url("delete", item.order_id, model="timp_orders_order"), {"post": "yes"}
        )
        assert list(Cancellation.objects.all()) == [cancellation]

    def test_an_item_without_one_can(self, desk, item):
        desk.client.post(desk.url("delete", item.pk), {"post": "yes"})
        assert desk.listed() == []
