"""What happens between the page and the click, and in the middle of a batch."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.dispatch import receiver
from django.test.utils import CaptureQueriesContext

from tests.admin.staff_client import kinds, said
from timp_orders import services
from timp_orders.admin import decisions, reports
from timp_orders.errors import Busy, Veto
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import SYSTEM
from timp_orders.signals import cancellation_confirmed

pytestmark = pytest.mark.django_db

SUPERSEDED = "A newer cancellation has replaced the one that was meant."


def decide(action, item, **kwargs):
    service = getattr(services, f"{action}_cancellation")
    return service(OrderItem.objects.filter(pk=item.pk), by=SYSTEM, **kwargs)


def histories(*items):
    return [
        list(item.cancellations.order_by("pk").values_list("status", flat=True)) for item in items
    ]


class TestChangedMeanwhile:
    @pytest.mark.parametrize(
        ("action", "meanwhile", "message"),
        [
            ("confirm", ["confirm"], "1 cancellation was already confirmed."),
            ("confirm", ["reject"], "The cancellation has already been rejected."),
            ("confirm", ["withdraw"], "The cancellation has already been withdrawn."),
            ("confirm", ["withdraw", "request"], SUPERSEDED),
            ("confirm", ["withdraw", "request", "confirm"], SUPERSEDED),
            ("reject", ["confirm"], "The cancellation has already been confirmed."),
            ("reject", ["reject", "request"], SUPERSEDED),
            ("withdraw", ["reject", "request"], SUPERSEDED),
        ],
    )
    def test_a_decision_is_about_the_cancellation_that_the_page_showed(
        self, desk, item, cancellation, action, meanwhile, message
    ):
        page = desk.announce(action, item)
        for step in meanwhile:
            decide(step, item)
        before = histories(item)
        [told] = said(desk.decide(page, note="n"))
        assert message in told
        assert histories(item) == before

    @pytest.mark.parametrize(
        ("meanwhile", "message"),
        [
            (["request"], "1 cancellation was already requested."),
            (["request", "reject"], SUPERSEDED),
            (["request", "confirm"], SUPERSEDED),
        ],
    )
    @pytest.mark.parametrize("earlier", [[], ["request", "withdraw"]])
    def test_a_request_is_about_the_item_as_the_page_showed_it(
        self, desk, item, earlier, meanwhile, message
    ):
        for step in earlier:
            decide(step, item)
        page = desk.announce("request", item)
        for step in meanwhile:
            decide(step, item)
        before = histories(item)
        [told] = said(desk.decide(page))
        assert message in told
        assert histories(item) == before

    def test_what_the_page_said_would_not_change_is_never_changed(self, desk, item, crowd):
        page = desk.announce("confirm", item, *crowd(1))
        assert kinds(page) == {"change": 1, "refused": 1}
        decide("request", item)
        assert len(said(desk.decide(page))) == 2
        assert histories(item) == [["requested"]]

    def test_an_item_that_was_shipped_meanwhile_is_refused(self, desk, item, cancellation):
        page = desk.announce("confirm", item)
        OrderItem.objects.update(status="HasTracking")
        assert "already been shipped" in said(desk.decide(page))[0]
        assert histories(item) == [["requested"]]

    def test_an_item_that_was_deleted_meanwhile_costs_itself_only(self, desk, crowd, order):
        gone, there = crowd(2)
        page = desk.announce("confirm", gone, there)
        Cancellation.unguarded.filter(order_item=gone).delete()
        gone.delete()
        assert said(desk.decide(page)) == [
            "1 cancellation was confirmed.",
            "1 item was refused: There is no such order item.",
        ]

    def test_one_that_left_the_user_s_sight_is_refused(self, supplier_desk, supplier, crowd):
        page = supplier_desk.announce("confirm", *crowd(2))
        supplier.members.clear()
        [message] = said(supplier_desk.decide(page))
        assert message.startswith("2 items were refused: There is no such order item.")

    def test_items_that_begin_to_match_the_filter_are_not_taken_along(self, desk, crowd):
        shown = crowd(2)
        page = desk.announce("confirm", *shown[:1], across=True, awaiting="yes")
        [late] = crowd(1)
        desk.decide(page)
        assert histories(*shown, late) == [["confirmed"], ["confirmed"], ["requested"]]


class TestVeto:
    @pytest.fixture
    def veto(self):
        """Veto the confirmation of these items, each with a reason of its own."""
        vetoed = {}

        @receiver(cancellation_confirmed, weak=False)
        def refuse(cancellation, **kwargs):
            if text := vetoed.get(cancellation.order_item_id):
                raise Veto(text)

        yield vetoed
        cancellation_confirmed.disconnect(refuse)

    def test_it_costs_its_own_item_only_and_is_told_with_its_text(self, desk, crowd, veto):
        items = crowd(5)
        veto[items[2].pk] = "Already on the <b>van</b>."
        response = desk.decide(desk.announce("confirm", *items))
        assert said(response) == [
            "4 cancellations were confirmed.",
            f"1 item was refused: Already on the <b>van</b>. ({items[2].uuid})",
        ]
        assert "<b>van</b>" not in response.content.decode()
        assert histories(*items[:2], *items[3:]) == [["confirmed"]] * 4
        assert histories(items[2]) == [["requested"]]
        assert LogEntry.objects.count() == 4

    def test_the_others_of_a_large_batch_are_not_decided_one_by_one(self, desk, crowd, veto):
        items = crowd(256)
        veto[items[77].pk] = "No."
        page = desk.announce("confirm", *items)
        with CaptureQueriesContext(connection) as captured:
            desk.decide(page)
        assert len(captured) < 256
        assert Cancellation.objects.filter(status="confirmed").count() == 255

    def test_of_a_single_item_it_is_told_too(self, desk, crowd, veto):
        [item] = crowd(1)
        veto[item.pk] = "No."
        assert desk.act("confirm", item) == [f"1 item was refused: No. ({item.uuid})"]

    def test_only_so_many_different_reasons_are_told(self, desk, crowd, veto):
        items = crowd(reports.REASONS + 2)
        veto.update({item.pk: f"Reason {item.pk}" for item in items})
        messages = desk.act("confirm", *items)
        assert len(messages) == reports.REASONS + 1
        assert messages[-1] == "2 more items were refused for other reasons."

    def test_a_batch_that_the_database_is_too_busy_for_is_told(self, desk, crowd, monkeypatch):
        def busy(*args, **kwargs):
            raise Busy

        items = crowd(2)
        page = desk.announce("confirm", *items)
        monkeypatch.setattr(decisions, "apply_changes", busy)
        assert said(desk.decide(page))[0].startswith("2 items were refused: The order item is busy")
