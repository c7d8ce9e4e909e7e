"""Until when suppliers have to answer, as staff see it."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from timp_orders.admin.deadlines import AnswerByFilter, answer_by
from timp_orders.models import Cancellation, OrderItem
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 3, 6, 12, tzinfo=UTC)  # a Wednesday
HOUR = timedelta(hours=1)
CANCELLATIONS = "timp_orders_cancellation"


@pytest.fixture(autouse=True)
def _configured(settings, monkeypatch):
    settings.TIMP_ORDERS = {"RESPOND_WITHIN": 48 * HOUR}
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def due(order, supplier):
    """Make an open cancellation that is to be answered so long after now."""

    def due(after, **columns):
        item = OrderItemFactory(order=order, supplier=supplier)
        return CancellationFactory(order_item=item, respond_by=NOW + after, **columns)

    return due


def text(response):
    return response.content.decode()


class TestColumn:
    @pytest.mark.parametrize(
        ("after", "urgency", "words"),
        [
            (-50 * HOUR, "overdue", "2 days overdue"),
            (timedelta(0), "overdue", "0 minutes overdue"),
            (timedelta(minutes=90), "today", "1 hour left"),
            (11.9 * HOUR, "today", "11 hours left"),
            (12 * HOUR, "later", "12 hours left"),
            (100 * HOUR, "later", "4 days left"),
        ],
    )
    def test_both_lists_say_how_long_is_left_in_words_and_by_a_class(
        self, desk, due, after, urgency, words
    ):
        due(after)
        for model in ("timp_orders_orderitem", CANCELLATIONS):
            page = text(desk.list(model)).replace("\xa0", " ")
            moment = NOW + after
            assert f'<time datetime="{moment.isoformat()}" title="' in page
            assert f'class="answer-{urgency}">{words}</time>' in page
            assert 'href="/static/timp_orders/admin.css"' in page

    def test_of_a_decided_one_only_the_moment_is_told(self, desk, due):
        due(-HOUR, status="confirmed")
        page = text(desk.list(CANCELLATIONS))
        assert "March 6, 2030, 11 a.m." in page
        assert "answer-overdue" not in page

    def test_without_a_deadline_it_is_empty(self):
        assert answer_by(None, is_open=True) is None

    @pytest.mark.parametrize("model", ["timp_orders_orderitem", CANCELLATIONS])
    def test_where_there_are_no_deadlines_there_is_no_column_and_no_filter(
        self, desk, due, settings, model
    ):
        settings.TIMP_ORDERS = {}
        due(HOUR)
        page = text(desk.list(model)).casefold()
        assert "column-answer_by" not in page
        assert "by answer by" not in page

    @pytest.mark.parametrize(
        ("model", "ordering"), [("timp_orders_orderitem", 5), (CANCELLATIONS, 4)]
    )
    def test_lists_can_be_ordered_by_it(self, desk, due, model, ordering):
        late, early = due(9 * HOUR), due(2 * HOUR)
        listed = desk.listed(model, o=str(ordering))
        keys = [getattr(row, "order_item_id", row.pk) for row in listed]
        assert keys == [early.order_item_id, late.order_item_id]

    @pytest.mark.parametrize("model", ["timp_orders_orderitem", CANCELLATIONS])
    def test_statements_do_not_grow_with_rows(self, desk, due, model):
        def statements(count):
            for _ in range(count):
                due(HOUR)
            with CaptureQueriesContext(connection) as captured:
                desk.list(model)
            return len(captured)

        statements(1)
        assert statements(1) == statements(10)


class TestFilter:
    @pytest.fixture
    def every(self, due):
        return {
            "overdue": [due(-72 * HOUR), due(timedelta(0))],
            "today": [due(HOUR), due(12 * HOUR - timedelta(seconds=1))],
            # Until the night to Sunday, where English begins its week.
            "week": [due(12 * HOUR), due(84 * HOUR - timedelta(seconds=1))],
            "later": [due(84 * HOUR), due(300 * HOUR)],
        }

    @pytest.fixture
    def others(self, due, item):
        due(-HOUR, status="rejected")
        due(HOUR, status="confirmed")
        CancellationFactory(order_item=item)  # without a deadline

    @pytest.mark.parametrize("model", ["timp_orders_orderitem", CANCELLATIONS])
    @pytest.mark.parametrize("value", ["overdue", "today", "week"])
    def test_it_keeps_the_open_ones_of_its_time(self, desk, every, others, model, value):
        wanted = every[value] if value != "week" else every["today"] + every["week"]
        found = {
            getattr(row, "order_item_id", row.pk) for row in desk.listed(model, answer_by=value)
        }
        assert found == {one.order_item_id for one in wanted}

    @pytest.mark.parametrize(
        ("language", "day", "days_left"),
        [("en", 6, 4), ("en", 9, 1), ("en", 10, 7), ("es", 6, 5), ("es", 10, 1), ("es", 11, 7)],
    )
    def test_a_week_ends_where_the_readers_does(self, monkeypatch, language, day, days_left):
        now = datetime(2030, 3, day, 12, tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda: now)
        [of] = [part for part in flat(bounds("week", language)) if part[0] == "respond_by__lt"]
        assert of[1] == datetime(2030, 3, day, tzinfo=UTC) + timedelta(days=days_left)

    @pytest.mark.parametrize(
        ("day", "hours"), [((2030, 3, 31), 23), ((2030, 10, 27), 25), ((2030, 3, 6), 24)]
    )
    def test_a_day_is_the_readers_day_when_the_clocks_change_too(
        self, settings, monkeypatch, day, hours
    ):
        settings.TIME_ZONE = "Europe/Berlin"
        begun = datetime(*day, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
        monkeypatch.setattr(timezone, "now", lambda: begun)
        [of] = [part for part in flat(bounds("today", "en")) if part[0] == "respond_by__lt"]
        assert of[1].astimezone(UTC) - begun == timedelta(hours=hours)

    def test_without_time_zones_moments_are_naive(self, settings, monkeypatch):
        settings.USE_TZ = False
        monkeypatch.setattr(timezone, "now", lambda: datetime(2030, 3, 6, 12))
        parts = dict(flat(bounds("today", "en")))
        assert parts["respond_by__lt"] == datetime(2030, 3, 7)

    def test_it_counts_what_the_reader_may_see(self, supplier_desk, due):
        due(-HOUR)
        CancellationFactory(respond_by=NOW - HOUR)  # another supplier's
        for model in ("timp_orders_orderitem", CANCELLATIONS):
            assert "Overdue (1)" in text(supplier_desk.list(model))

    @pytest.mark.parametrize("model", ["timp_orders_orderitem", CANCELLATIONS])
    def test_an_unknown_value_shows_the_list_unfiltered(self, desk, due, model):
        due(HOUR)
        response = desk.list(model, answer_by="tomorrow")
        assert response.status_code == 302


def bounds(value, language):
    found = object.__new__(AnswerByFilter)
    with translation.override(language):
        return found._between(value)


def flat(condition):
    return [child for child in condition.children if isinstance(child, tuple)]


class TestPages:
    def test_the_confirmation_page_and_the_trail_say_how_long_is_left(self, desk, due):
        one = due(3 * HOUR)
        pages = [
            desk.announce("confirm", one.order_item),
            desk.client.get(desk.url("change", one.order_item.pk)),
        ]
        for page in pages:
            told = re.sub(r"\s+", " ", text(page).replace("\xa0", " "))
            assert "Answer by March 6, 2030, 3 p.m.: 3 hours left" in told

    def test_a_decided_one_says_until_when_it_was(self, desk, due):
        one = due(-HOUR, status="rejected")
        page = text(desk.client.get(desk.url("change", one.order_item.pk)))
        assert "Answer by March 6, 2030, 11 a.m.</div>" in page
        page = text(desk.announce("request", one.order_item))
        assert "Answer by" not in page

    def test_its_own_page_tells_what_the_deadline_did(self, desk, due):
        one = due(
            -HOUR,
            reminded_at=NOW - 9 * HOUR,
            overdue_at=NOW,
            on_deadline="reject",
            status="rejected",
        )
        Cancellation.unguarded.update(decided_via="deadline", decided_side="system")
        page = text(desk.client.get(desk.url("change", one.pk, model=CANCELLATIONS)))
        for told in (
            "Deadline",
            "March 6, 2030, 3 a.m.",
            "March 6, 2030, noon",
            "reject",
            "system",
        ):
            assert told in page

    def test_without_one_there_is_no_such_section(self, desk, item):
        one = CancellationFactory(order_item=item)
        page = text(desk.client.get(desk.url("change", one.pk, model=CANCELLATIONS)))
        assert "field-answer_by" not in page

    def test_a_new_item_has_none(self, desk):
        assert OrderItem.objects.count() == 0
        assert desk.list().status_code == 200
