"""The note of a decision, and the note and reason of a request."""

import pytest

from tests.admin.staff_client import kinds, said
from timp_orders.models import Cancellation
from timp_orders.states import Action

pytestmark = pytest.mark.django_db


def statuses():
    return set(Cancellation.objects.values_list("status", flat=True))


class TestNotes:
    def test_a_rejection_needs_one_or_a_reason_where_the_host_says_so(
        self, desk, cancellation, settings
    ):
        settings.TIMP_ORDERS = {"REJECTION_NEEDS_REASON": True}
        page = desk.announce("reject", cancellation.order_item)
        again = desk.decide(page, note=" ")
        assert "A reason or a note is needed." in again.content.decode()
        assert kinds(again) == {"change": 1}
        assert statuses() == {"requested"}
        assert said(desk.decide(again, note="Packed")) == ["1 cancellation was rejected."]
        cancellation.refresh_from_db()
        assert cancellation.decision_note == "Packed"

    def test_it_is_asked_for_no_more_where_nothing_is_left_to_reject(
        self, desk, cancellation, settings
    ):
        settings.TIMP_ORDERS = {"REJECTION_NEEDS_REASON": True}
        page = desk.announce("reject", cancellation.order_item)
        desk.act("confirm", cancellation.order_item)
        again = desk.decide(page, note="")
        assert kinds(again) == {"refused": 1}
        assert "cancellation-errors" not in again.content.decode()

    @pytest.mark.parametrize("action", ["confirm", "reject", "withdraw"])
    def test_no_decision_needs_one_by_itself(self, desk, cancellation, action):
        assert len(desk.act(action, cancellation.order_item)) == 1
        cancellation.refresh_from_db()
        assert (cancellation.status, cancellation.decision_note) == (Action(action).result, "")

    def test_line_breaks_count_once_as_in_the_browser(self, desk, cancellation, settings):
        settings.TIMP_ORDERS = {"NOTE_MAX_LENGTH": 3}
        desk.act("confirm", cancellation.order_item, note="a\r\nb")
        cancellation.refresh_from_db()
        assert cancellation.decision_note == "a\nb"

    @pytest.mark.parametrize("note", ["long", "\0"])
    def test_what_the_service_would_not_keep_is_an_error_of_the_form(
        self, desk, cancellation, settings, note
    ):
        settings.TIMP_ORDERS = {"NOTE_MAX_LENGTH": 3}
        page = desk.decide(desk.announce("confirm", cancellation.order_item), note=note)
        assert page.context["form"].errors["note"]
        assert statuses() == {"requested"}

    def test_a_request_keeps_its_reason_and_note(self, desk, item):
        assert desk.act("request", item, note="Twice", reason="order_mistake") == [
            "1 cancellation was requested."
        ]
        cancellation = item.cancellations.get()
        assert (cancellation.reason, cancellation.note) == ("order_mistake", "Twice")

    def test_a_request_needs_neither(self, desk, item):
        desk.act("request", item)
        assert item.cancellations.get().reason == ""

    def test_an_unknown_reason_is_an_error_of_the_form(self, desk, item):
        page = desk.decide(desk.announce("request", item), reason="bad_weather")
        assert page.context["form"].errors["reason"]

    def test_a_form_that_is_shown_again_keeps_every_item(self, desk, crowd, settings):
        settings.TIMP_ORDERS = {"REJECTION_NEEDS_REASON": True}
        page = desk.decide(desk.announce("reject", *crowd(5)), note="")
        assert desk.decide(page, note="No").context["messages"]
        assert statuses() == {"rejected"}
