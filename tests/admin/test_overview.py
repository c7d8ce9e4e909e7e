"""The overview: what waits, and how suppliers answer."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from timp_orders.admin import overview_answers, overview_waiting
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import SYSTEM
from timp_orders.services.caller import Caller
from timp_orders.testing import CancellationFactory, OrderItemFactory, OrganizationFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 3, 6, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MODEL = "timp_orders_cancellation"


@pytest.fixture(autouse=True)
def _clock(monkeypatch, settings):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    settings.TIMP_ORDERS = {"RESPOND_WITHIN": 48 * HOUR}


@pytest.fixture
def opened(order):
    def opened(supplier, age, **columns):
        item = OrderItemFactory(order=order, supplier=supplier)
        return CancellationFactory(order_item=item, requested_at=NOW - age, **columns)

    return opened


@pytest.fixture
def decided(opened):
    """Make one that was decided some time after it was requested, so long ago."""

    def decided(supplier, status, took, ago=DAY, **columns):
        age = ago + took
        return opened(supplier, age, status=status, decided_at=NOW - ago, **columns)

    return decided


def page(desk, **query):
    return desk.client.get(desk.url("overview", model=MODEL), query)


def told(rows):
    return {str(row.label): row.counts for row in rows}


class TestWaiting:
    def test_open_ones_are_counted_by_age_and_by_supplier(self, opened, decided, supplier):
        other = OrganizationFactory(name="Other")
        for age in (HOUR, 25 * HOUR, 4 * DAY, 8 * DAY):
            opened(supplier, age)
        opened(other, 9 * DAY, respond_by=NOW)
        opened(other, HOUR, respond_by=NOW + HOUR)
        decided(other, "rejected", HOUR)
        found = overview_waiting.waiting(Caller.of(SYSTEM))
        assert (found.count, found.overdue, found.oldest) == (6, 1, NOW - 9 * DAY)
        assert found.ages == {1: 4, 3: 3, 7: 2}
        assert told(found.suppliers) == {supplier.name: [4, 3, 2, 1, 0], "Other": [2, 1, 1, 1, 1]}
        assert [row.extra for row in found.suppliers] == [NOW - 8 * DAY, NOW - 9 * DAY]

    def test_of_very_many_the_oldest_are_told_apart_by_supplier(self, opened, monkeypatch):
        monkeypatch.setattr(overview_waiting, "_OPEN", 2)
        first, second = OrganizationFactory(name="First"), OrganizationFactory(name="Second")
        opened(first, 8 * DAY, respond_by=NOW)
        opened(first, 4 * DAY)
        opened(second, 25 * HOUR, respond_by=NOW)
        opened(second, HOUR)
        found = overview_waiting.waiting(Caller.of(SYSTEM))
        assert (found.count, found.overdue, found.oldest, found.limit) == (4, 2, NOW - 8 * DAY, 2)
        assert found.ages == {1: 3, 3: 2, 7: 1}
        assert told(found.suppliers) == {"First": [2, 2, 2, 1, 1]}

    def test_of_very_many_a_suppliers_staff_are_told_of_the_oldest(
        self, opened, supplier, supplier_staff, monkeypatch
    ):
        monkeypatch.setattr(overview_waiting, "_OPEN", 2)
        for age in (8 * DAY, 4 * DAY, HOUR):
            opened(supplier, age)
        found = overview_waiting.waiting(Caller.of(supplier_staff))
        assert (found.count, found.ages, found.limit) == (2, {1: 2, 3: 2, 7: 1}, 2)

    def test_as_many_as_the_limit_are_all_of_them(self, opened, supplier, monkeypatch):
        monkeypatch.setattr(overview_waiting, "_OPEN", 2)
        opened(supplier, HOUR)
        opened(supplier, HOUR)
        found = overview_waiting.waiting(Caller.of(SYSTEM))
        assert (found.count, found.limit) == (2, None)

    def test_without_any_there_is_no_oldest(self):
        found = overview_waiting.waiting(Caller.of(SYSTEM))
        assert (found.count, found.overdue, found.oldest, found.suppliers) == (0, 0, None, [])


class TestAnswers:
    def test_the_decisions_of_the_days_are_counted(self, decided, opened, supplier):
        other = OrganizationFactory(name="Other")
        decided(supplier, "confirmed", HOUR, reason="customer_request")
        decided(supplier, "rejected", 5 * HOUR, reason="out_of_stock", respond_by=NOW - 2 * DAY)
        decided(supplier, "rejected", 5 * HOUR, ago=13 * DAY, reason="out_of_stock")
        decided(other, "withdrawn", 30 * DAY, respond_by=NOW)
        decided(other, "rejected", HOUR, ago=15 * DAY)
        opened(other, HOUR)
        found = overview_answers.answers(Caller.of(SYSTEM), 14)
        assert (found.total, found.rejected, found.late) == (4, 2, 1)
        assert found.since == NOW - 14 * DAY
        assert told(found.outcomes) == {"confirmed": [1], "rejected": [2], "withdrawn": [1]}
        assert told(found.times) == {
            "1 hour": [1],
            "4 hours": [0],
            "1 day": [2],
            "2 days": [0],
            "7 days": [0],
            "longer": [1],
        }
        assert found.median == "1 day"
        assert told(found.reasons["buyer"]) == {"Customer request": [1, 1], "No reason": [0, 1]}
        assert told(found.reasons["supplier"]) == {"Out of stock": [0, 2]}
        assert told(found.suppliers) == {supplier.name: [3, 2, 1], "Other": [1, 0, 0]}
        assert [str(row.extra) for row in found.suppliers] == ["1 day", "longer"]
        assert overview_answers.answers(Caller.of(SYSTEM), 30).total == 5

    def test_without_any_there_is_no_median(self):
        found = overview_answers.answers(Caller.of(SYSTEM), 14)
        assert (found.total, found.median, found.suppliers) == (0, None, [])

    @pytest.mark.parametrize("is_own", [False, True])
    def test_of_very_many_the_newest_are_counted(
        self, decided, supplier, supplier_staff, monkeypatch, is_own
    ):
        monkeypatch.setattr(overview_answers, "_DECISIONS", 3)
        monkeypatch.setattr(overview_answers, "_OF_SUPPLIERS", 2)
        for hours in range(1, 6):
            decided(supplier, "rejected", HOUR, ago=hours * HOUR)
        caller = Caller.of(supplier_staff if is_own else SYSTEM)
        found = overview_answers.answers(caller, 14)
        assert (found.total, found.since) == (3, NOW - 3 * HOUR)
        assert told(found.suppliers) == {supplier.name: [2, 2, 0]}
        assert found.suppliers_since == NOW - 2 * HOUR

    @pytest.mark.parametrize(
        ("days_ago", "since"), [((1, 2, 3, 4), 3), ((1, 2, 9, 9), 7), ((1, 1, 1, 1), 1)]
    )
    def test_own_ones_are_looked_for_among_so_many_of_everybodys(
        self, decided, supplier, supplier_staff, monkeypatch, days_ago, since
    ):
        """In a span that tells others next to nothing."""
        monkeypatch.setattr(overview_answers, "_OF_ALL", 3)
        other = OrganizationFactory()
        decided(supplier, "rejected", HOUR, ago=HOUR)
        decided(supplier, "rejected", HOUR, ago=13 * DAY)
        for days in days_ago:
            decided(other, "rejected", HOUR, ago=days * DAY + HOUR)
        found = overview_answers.answers(Caller.of(supplier_staff), 30)
        assert (found.since, found.total) == (NOW - since * DAY, 1)
        monkeypatch.setattr(overview_answers, "_OF_ALL", 6)
        found = overview_answers.answers(Caller.of(supplier_staff), 30)
        assert (found.since, found.total) == (NOW - 30 * DAY, 2)

    @pytest.mark.parametrize(
        ("buckets", "median"),
        [
            ([1, 0, 0, 0, 0, 0], "1 hour"),
            ([1, 1, 0, 0, 0, 0], "1 hour"),
            ([1, 0, 2, 0, 0, 0], "1 day"),
            ([0, 0, 0, 0, 0, 7], "longer"),
        ],
    )
    def test_the_median_is_the_bucket_in_which_half_is_reached(self, buckets, median):
        assert overview_answers._median(buckets) == median


class TestScope:
    def test_a_suppliers_staff_see_their_own(self, supplier_desk, supplier, opened, decided):
        other = OrganizationFactory(name="Other")
        for organization in (supplier, other):
            opened(organization, HOUR)
            decided(organization, "rejected", HOUR)
        context = page(supplier_desk).context
        assert (context["waiting"].count, context["answers"].total) == (1, 1)
        names = [row.label for found in ("waiting", "answers") for row in context[found].suppliers]
        assert names == [supplier, supplier]

    def test_who_may_not_see_the_trail_is_forbidden(self, staff, desk_of):
        assert page(desk_of(staff())).status_code == 403

    def test_suppliers_that_are_users_are_not_named(self, opened, supplier, monkeypatch):
        opened(supplier, HOUR)
        opened(OrganizationFactory(), 4 * DAY)
        monkeypatch.setattr("timp_orders.admin.columns.get_user_model", lambda: type(supplier))
        for path in ("supplier", "supplier__name"):
            monkeypatch.setattr(OrderItem, "SUPPLIER_FIELD", path)
            found = overview_waiting.waiting(Caller.of(SYSTEM))
            assert (found.suppliers, found.count, found.ages) == ([], 2, {1: 1, 3: 1, 7: 0})

    def test_suppliers_that_are_no_column_are_not_counted(self, opened, supplier, monkeypatch):
        opened(supplier, HOUR)
        monkeypatch.setattr(OrderItem, "SUPPLIER_FIELD", "supplier__label")
        assert overview_waiting.waiting(Caller.of(SYSTEM)).suppliers == []

    def test_suppliers_that_are_a_text_are_told_as_it_is(self, opened, supplier, monkeypatch):
        opened(supplier, HOUR)
        monkeypatch.setattr(OrderItem, "SUPPLIER_FIELD", "supplier__name")
        assert told(overview_waiting.waiting(Caller.of(SYSTEM)).suppliers) == {
            supplier.name: [1, 0, 0, 0, 0]
        }


class TestPage:
    def test_each_number_leads_to_the_list_that_it_counts(self, desk, opened, supplier):
        for age, due in product((HOUR, 25 * HOUR, 4 * DAY, 8 * DAY), (-HOUR, HOUR)):
            opened(supplier, age, respond_by=NOW + due)
        opened(OrganizationFactory(), 8 * DAY)
        context = page(desk).context
        pairs = [(count, url) for _, count, url in context["totals"]]
        pairs += [cell[:2] for line in context["waiting_suppliers"] for cell in line.cells]
        pairs += [(context["waiting"].overdue, context["overdue_url"])]
        assert len(pairs) == 15
        for count, url in pairs:
            found = desk.client.get(url)
            assert found.status_code == 200
            assert found.context["cl"].result_count == count, url

    def test_shares_are_told_of_all_and_by_supplier(self, desk, opened, decided, supplier):
        opened(supplier, 4 * DAY, respond_by=NOW)
        opened(supplier, 2 * HOUR)
        opened(supplier, HOUR)
        decided(supplier, "rejected", 5 * HOUR, respond_by=NOW - 2 * DAY)
        decided(supplier, "confirmed", HOUR)
        decided(OrganizationFactory(), "confirmed", HOUR)
        text = " ".join(page(desk).content.decode().split())
        assert ">1 for more than 3 days</a>" in text
        assert ">1 overdue</a> (33%)." in text
        assert "3 decisions. Time to decide, of half of them at most: 1 hour. " in text
        assert "1 was rejected (33%). 1 was late (33%).</p>" in text
        assert "1</a> (33%)" in text.split("<tbody>")[1]
        assert text.split("<tbody>")[-1].count("<td>1 (50%)</td>") == 2
        assert text.split("<tbody>")[-1].count("<td>0 (0%)</td>") == 2

    def test_without_decisions_there_are_no_shares(self, desk):
        assert "%" not in page(desk).content.decode().split("answers-heading")[-1]

    def test_what_is_left_out_is_said(
        self, desk, supplier_desk, opened, decided, supplier, monkeypatch
    ):
        for hours in (1, 2, 3):
            opened(supplier, hours * HOUR)
            decided(supplier, "rejected", HOUR, ago=hours * HOUR)
        text = page(desk).content.decode()
        assert "are counted" not in text
        assert "By supplier" not in text
        monkeypatch.setattr(overview_waiting, "_OPEN", 2)
        monkeypatch.setattr(overview_answers, "_OF_SUPPLIERS", 2)
        text = page(desk).content.decode()
        assert ">3 open</a>" in text
        assert "By supplier, 2 of the oldest are counted." in text
        assert "By supplier, since March 6, 2030, 10 a.m.:" in text
        text = page(supplier_desk).content.decode()
        assert ">2 open</a>" in text
        assert "There are more: 2 of the oldest are counted." in text

    @pytest.mark.parametrize("days", ["14", "30", "90"])
    def test_the_days_can_be_chosen(self, desk, decided, supplier, days):
        decided(supplier, "confirmed", HOUR, ago=20 * DAY)
        text = page(desk, days=days).content.decode()
        assert f'<strong aria-current="true">{days} days</strong>' in text
        assert ("0 decisions" in text) == (days == "14")

    @pytest.mark.parametrize("days", ["", "7", "x", "-1"])
    def test_other_days_are_not_found(self, desk, days):
        assert page(desk, days=days).status_code == 404

    def test_without_deadlines_nothing_is_said_of_them(self, desk, opened, supplier, settings):
        settings.TIMP_ORDERS = {}
        opened(supplier, HOUR)
        text = page(desk).content.decode().lower()
        assert "overdue" not in text
        assert "late" not in text.split("answers-heading")[1].split("</table>")[-1]

    def test_it_is_linked_from_the_list_and_the_apps_index(self, desk):
        url = desk.url("overview", model=MODEL)
        assert f'href="{url}"' in desk.list(MODEL).content.decode()
        assert f'href="{url}"' in desk.client.get("/admin/timp_orders/").content.decode()

    def test_bars_are_as_long_as_their_numbers(self, desk, opened, supplier):
        other = OrganizationFactory()
        for organization in (supplier, supplier, supplier, other):
            opened(organization, HOUR)
        lines = page(desk).context["waiting_suppliers"]
        assert [line.bar for line in lines] == [120, 40]

    def test_statements_do_not_grow_with_rows(self, desk, opened, decided):
        def statements(count):
            for _ in range(count):
                organization = OrganizationFactory()
                opened(organization, HOUR)
                decided(organization, "rejected", HOUR)
            with CaptureQueriesContext(connection) as captured:
                assert page(desk).status_code == 200
            return len(captured)

        statements(1)
        assert statements(1) == statements(12)

    def test_a_host_with_items_of_its_own_gets_no_links_to_filters_that_it_may_not_have(
        self, desk, opened, supplier, monkeypatch
    ):
        opened(supplier, HOUR)
        monkeypatch.setattr("timp_orders.admin.overview_pages.OrderItem", Cancellation)
        context = page(desk).context
        assert {url for _, _, url in context["totals"]} == {""}
