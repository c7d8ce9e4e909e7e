"""A selection across pages: thousands of items, in batches."""

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import RequestDataTooBig
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.admin.staff_client import kinds, said
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services.batches import BATCH_SIZE
from timp_orders.signals import cancellation_confirmed

pytestmark = pytest.mark.django_db


def statements(call):
    """The statements of a call, but for the bulk inserts that SQLite takes in small portions."""
    with CaptureQueriesContext(connection) as captured:
        result = call()
    sql = [query["sql"] for query in captured.captured_queries]
    return len([text for text in sql if "INSERT INTO" not in text or "log" not in text]), result


@pytest.fixture
def decided(desk):
    """Select all that await a decision and confirm them; the statements of page and decision."""

    def decided(first):
        page_cost, page = statements(
            lambda: desk.announce("confirm", first, across=True, awaiting="yes")
        )
        cost, response = statements(lambda: desk.decide(page, note="All of them"))
        return page_cost, cost, said(response)

    return decided


def test_all_across_pages_are_decided_in_batches(desk, decided, crowd):
    decided(crowd(2)[0])  # the content types are cached now
    few, few_decided, _ = decided(crowd(10)[0])
    many, many_decided, _ = decided(crowd(BATCH_SIZE)[0])
    assert (many, many_decided) == (few, few_decided)
    size = 2 * BATCH_SIZE + 200
    most, most_decided, messages = decided(crowd(size)[0])
    assert most == few + 1  # one for each two thousand
    assert most_decided < 3 * few_decided
    assert messages == [f"{size} cancellations were confirmed."]
    assert set(Cancellation.objects.values_list("status", "decision_note")) == {
        ("confirmed", "All of them")
    }
    assert set(OrderItem.objects.values_list("status", flat=True)) == {"Cancelled"}
    assert LogEntry.objects.count() == Cancellation.objects.count()


def test_the_form_stays_within_django_s_limits(desk, crowd, settings):
    first, *_rest = crowd(1500)
    page = desk.announce("confirm", first, across=True)
    assert kinds(page) == {"change": 1500}
    assert len(page.context["selection"]) < 1000
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 110  # the ticks of those that are listed, and a few
    assert said(desk.decide(page)) == ["1500 cancellations were confirmed."]


def test_only_what_the_filter_keeps_is_decided(desk, crowd):
    meant = crowd(70, reason="fraud")
    crowd(60)
    messages = desk.act("confirm", meant[0], across=True, query={"reason": "fraud"})
    assert messages == ["70 cancellations were confirmed."]
    assert set(Cancellation.objects.filter(status="confirmed").values_list("reason")) == {
        ("fraud",)
    }


@pytest.mark.django_db(transaction=True)
def test_batches_that_were_committed_stay_so_under_atomic_requests(desk, crowd, monkeypatch):
    failing = crowd(BATCH_SIZE + 2)[-1]

    def receiver(cancellation, **kwargs):
        if cancellation.order_item_id == failing.pk:
            raise RequestDataTooBig("the host's own error")

    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    page = desk.announce("confirm", failing, across=True)
    cancellation_confirmed.connect(receiver)
    try:
        desk.client.raise_request_exception = False
        assert desk.decide(page).status_code == 400
    finally:
        cancellation_confirmed.disconnect(receiver)
    assert Cancellation.objects.filter(status="confirmed").count() == BATCH_SIZE
    assert LogEntry.objects.count() == BATCH_SIZE
