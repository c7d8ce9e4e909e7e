"""Many changes in one call over HTTP."""

import json
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api import CALLERS, error
from tests.api.test_bodies import UNKNOWN, WRONG_NOTES, WRONG_REASONS, WRONG_TYPES, WRONG_UUIDS
from tests.test_changes import listening, ready
from tests.test_services import expected_for, rows
from timp_orders import errors
from timp_orders.models import Cancellation, OrderItem
from timp_orders.signals import cancellation_confirmed
from timp_orders.states import Action
from timp_orders.testing import CancellationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def send(call, world):
    """Send changes, by default as an operator."""

    def send(changes, by=None, **body):
        data = json.dumps({"changes": changes, **body}).encode()
        return call("cancellations", by=by or world.operator, data=data)

    return send


@pytest.fixture
def changes(world):
    """Make items on which these actions change something; return the changes as JSON."""

    def changes(*actions):
        made = ready(world.order, world.item.supplier, actions)
        return [{"order_item_uuid": str(one.item), "action": one.action} for one in made]

    return changes


def lists(answer):
    """What became of each item, in a word."""
    return {
        **dict.fromkeys(answer["changed"], "change"),
        **dict.fromkeys(answer["unchanged"], "replay"),
        **{row["order_item_uuid"]: row["code"] for row in answer["refused"]},
    }


def test_each_item_is_in_one_list_with_what_became_of_it(send, changes, world):
    made = changes("request", "confirm", "reject", "withdraw", "cancel", "confirm")
    made[5]["action"] = "request"  # it is open already
    made.append({"order_item_uuid": str(world.nowhere), "action": "confirm"})
    response = send(made)
    assert response.status_code == 200
    assert set(response.json()) == {"changed", "unchanged", "refused"}
    wanted = dict.fromkeys([change["order_item_uuid"] for change in made[:5]], "change")
    assert lists(response.json()) == wanted | {
        made[5]["order_item_uuid"]: "replay",
        str(world.nowhere): "not_found",
    }
    assert response.json()["refused"][0]["detail"] == "There is no such order item."
    assert set(Cancellation.objects.values_list("requested_via", flat=True)) == {"api", "code"}


@pytest.mark.parametrize("caller", CALLERS)
def test_each_caller_may_do_what_single_calls_let_them_do(send, changes, world, caller):
    made = changes(*Action.values)
    response = send(made, by=getattr(world, caller))
    name = "operator" if caller == "superuser" else caller
    state = {"request": ("Allocated", None)}
    wanted = {
        change["order_item_uuid"]: expected_for(
            name, change["action"], *state.get(change["action"], ("Allocated", "requested"))
        )
        for change in made
    }
    assert lists(response.json()) == wanted
    is_refused = "change" not in wanted.values()
    assert response.status_code == (422 if is_refused else 200)
    if is_refused:
        assert error(response) == (422, "nothing_to_do")


def test_each_keeps_what_it_says(send, changes, settings):
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}
    request, confirm, reject, cancel = changes("request", "confirm", "reject", "cancel")
    OrderItem.objects.update(quantity_ordered=5)
    own = uuid4()
    made = [
        {**request, "reason": "fraud", "note": "☃", "quantity": 2, "cancellation_uuid": str(own)},
        {**confirm, "note": None, "quantity": 1},
        {**reject, "reason": "other", "note": " kept "},
        {**cancel, "reason": "pricing_error"},
    ]
    assert lists(send(made).json()) == dict.fromkeys(
        (change["order_item_uuid"] for change in made), "change"
    )
    found = {str(it.order_item.uuid): it for it in Cancellation.objects.order_by("pk")}
    requested = found[request["order_item_uuid"]]
    assert (requested.uuid, requested.quantity) == (own, 2)
    assert (requested.reason, requested.note) == ("fraud", "☃")
    assert found[confirm["order_item_uuid"]].quantity_confirmed == 1
    rejected = found[reject["order_item_uuid"]]
    assert (rejected.decision_reason, rejected.decision_note) == ("other", " kept ")
    assert found[cancel["order_item_uuid"]].status == "confirmed"


def test_sent_again_it_is_a_replay(send, changes):
    made = changes(*Action.values)
    send(made)
    before = rows()
    response = send(made)
    assert response.status_code == 200
    assert set(lists(response.json()).values()) == {"replay"}
    assert rows() == before


class TestAllOrNothing:
    def test_where_all_can_be_done_it_is_done(self, send, changes):
        response = send(changes("confirm", "reject"), all_or_nothing=True)
        assert response.status_code == 200
        assert len(response.json()["changed"]) == 2

    def test_where_something_is_refused_nothing_is_changed_and_it_says_what(self, send, changes):
        made = changes("confirm", "reject", "request")
        made[2]["action"] = "withdraw"
        before = rows()
        response = send(made, all_or_nothing=True)
        assert error(response) == (422, "all_or_nothing")
        assert lists(response.json()) == {
            made[0]["order_item_uuid"]: "all_or_nothing",
            made[1]["order_item_uuid"]: "all_or_nothing",
            made[2]["order_item_uuid"]: "not_requested",
        }
        assert rows() == before

    @pytest.mark.parametrize("wrong", ["true", 1, "yes", [], {}, ""])
    def test_what_is_no_switch_is_400(self, send, changes, wrong):
        response = send(changes("confirm"), all_or_nothing=wrong)
        assert error(response) == (400, "invalid")
        assert list(response.json()["errors"]) == ["all_or_nothing"]


def test_a_veto_is_told_of_its_item_and_the_others_go_on(send, changes):
    made = changes("confirm", "confirm")

    def veto(cancellation, **kwargs):
        if str(cancellation.order_item.uuid) == made[0]["order_item_uuid"]:
            raise errors.Veto("On the van.")

    with listening(cancellation_confirmed, veto):
        answer = send(made).json()
    assert answer["changed"] == [made[1]["order_item_uuid"]]
    assert answer["refused"] == [
        {"order_item_uuid": made[0]["order_item_uuid"], "code": "vetoed", "detail": "On the van."}
    ]


class TestWrong:
    """400 with the row's number; nothing is changed."""

    @pytest.fixture
    def refused(self, send, changes):
        def refused(change, place, good=True):
            fine = changes("confirm")
            before = rows()
            response = send([*fine, change])
            assert error(response) == (400, "invalid")
            assert list(response.json()["errors"]) == [f"changes[1]{place}"]
            assert all(response.json()["errors"][f"changes[1]{place}"])
            assert "nonsense" not in response.content.decode()
            assert rows() == before

        return refused

    @pytest.mark.parametrize("action", [*WRONG_TYPES, None, "", "Confirm", "nonsense", "\0"])
    def test_an_action_that_there_is_not(self, refused, action):
        refused({"order_item_uuid": str(uuid4()), "action": action}, ".action")

    def test_no_action(self, refused):
        refused({"order_item_uuid": str(uuid4())}, ".action")

    @pytest.mark.parametrize("row", [7, None, "confirm", [], ["action"], True])
    def test_what_is_no_object(self, refused, row):
        refused(row, "")

    @pytest.mark.parametrize("uuid", [*WRONG_UUIDS, None])
    def test_a_uuid_that_is_none(self, refused, uuid):
        refused({"order_item_uuid": uuid, "action": "confirm"}, ".order_item_uuid")

    @pytest.mark.parametrize("action", Action.values)
    @pytest.mark.parametrize("uuid", WRONG_UUIDS)
    def test_a_cancellation_uuid_that_is_none(self, refused, action, uuid):
        change = {"order_item_uuid": str(uuid4()), "action": action}
        refused({**change, "cancellation_uuid": uuid}, ".cancellation_uuid")

    @pytest.mark.parametrize("action", Action.values)
    @pytest.mark.parametrize("note", WRONG_NOTES, ids=lambda note: ascii(note)[:20])
    def test_a_note_that_cannot_be_kept(self, refused, action, note):
        refused({"order_item_uuid": str(uuid4()), "action": action, "note": note}, ".note")

    @pytest.mark.parametrize("action", ["request", "cancel", "reject"])
    @pytest.mark.parametrize("reason", WRONG_REASONS, ids=lambda reason: ascii(reason)[:20])
    def test_a_reason_that_is_none_of_the_hosts(self, refused, action, reason):
        refused({"order_item_uuid": str(uuid4()), "action": action, "reason": reason}, ".reason")

    @pytest.mark.parametrize("action", ["request", "confirm", "cancel"])
    @pytest.mark.parametrize("quantity", [0, -1, 1.0, "1", True, [], 2**31])
    def test_a_quantity_that_is_none(self, refused, settings, action, quantity):
        settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}
        change = {"order_item_uuid": str(uuid4()), "action": action, "quantity": quantity}
        refused(change, ".quantity")

    @pytest.mark.parametrize(
        ("action", "name"),
        [
            ("confirm", "reason"),
            ("withdraw", "reason"),
            ("reject", "quantity"),
            ("withdraw", "quantity"),
            *((action, name) for action in Action.values for name in ("notes", "expected", "")),
        ],
    )
    def test_a_field_that_the_action_does_not_take(self, refused, settings, action, name):
        settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}
        refused({"order_item_uuid": str(uuid4()), "action": action, name: 1}, f".{name}")

    def test_a_quantity_where_items_are_cancelled_whole(self, refused):
        refused({"order_item_uuid": str(uuid4()), "action": "confirm", "quantity": 1}, ".quantity")

    def test_a_rejection_without_a_reason_where_the_host_wants_one(self, refused, settings):
        settings.TIMP_ORDERS = {"REJECTION_NEEDS_REASON": True}
        refused({"order_item_uuid": str(uuid4()), "action": "reject"}, ".reason")

    @pytest.mark.parametrize("name", list(UNKNOWN), ids=lambda name: ascii(name)[:20])
    def test_an_unknown_field_is_shown_as_single_calls_show_it(self, send, name):
        change = {"order_item_uuid": str(uuid4()), "action": "reject", name: "x"}
        response = send([change])
        assert error(response) == (400, "invalid")
        shown = name[:64].replace("\ud800", "?")
        assert f"changes[0].{shown}" in response.json()["errors"]

    def test_an_item_twice(self, send, changes):
        [change] = changes("confirm")
        before = rows()
        upper = {**change, "order_item_uuid": change["order_item_uuid"].upper(), "action": "reject"}
        response = send([change, upper])
        assert error(response) == (400, "invalid")
        assert response.json()["errors"] == {
            "changes[1].order_item_uuid": ["There is a change of this item already."]
        }
        assert rows() == before

    def test_all_rows_that_are_wrong_are_said_at_once(self, send):
        response = send([{"action": "confirm"}, {"action": "x"}, {}])
        assert list(response.json()["errors"]) == [
            "changes[0].order_item_uuid",
            "changes[1].action",
            "changes[2].action",
        ]

    def test_of_hundreds_of_wrong_rows_a_hundred_are_said(self, send):
        response = send([{"action": "x"}] * 500)
        assert len(response.json()["errors"]) == 100

    @pytest.mark.parametrize("wrong", [None, 7, "x", {}, {"0": {}}, True])
    def test_what_is_no_list(self, call, world, wrong):
        response = call("cancellations", by=world.operator, data={"changes": wrong})
        assert error(response) == (400, "invalid")
        assert list(response.json()["errors"]) == ["changes"]

    def test_no_changes_at_all(self, call, world, send):
        for response in (
            call("cancellations", by=world.operator),
            call("cancellations", by=world.operator, data={}),
            send([]),
        ):
            assert error(response) == (400, "invalid")
            assert list(response.json()["errors"]) == ["changes"]

    def test_a_filter_of_the_list_is_no_part_of_the_call(self, call, world, changes):
        """Whoever sends one may think that it limits what is changed."""
        before = rows()
        path = "/timp/orders/items/cancel/?po_number=x"
        response = call(path, by=world.operator, data={"changes": changes("confirm")})
        assert error(response) == (400, "invalid")
        assert rows()[1][: len(before[1])] == before[1]
        assert not Cancellation.objects.filter(status="confirmed").exists()


class TestLimits:
    def test_five_hundred_with_the_longest_notes_fit(self, send, changes):
        made = changes(*["reject"] * 500)
        for number, change in enumerate(made):
            change["note"] = f"{number:4}" + "ü" * 1996
        response = send(made)
        assert response.status_code == 200
        assert len(response.json()["changed"]) == 500

    def test_one_more_is_400(self, send):
        row = {"action": "confirm"}
        response = send([{**row, "order_item_uuid": str(uuid4())} for _ in range(501)])
        assert error(response) == (400, "invalid")
        assert response.json()["errors"] == {"changes": ["There must be from 1 to 500 changes."]}

    def test_they_are_the_hosts(self, send, changes, settings):
        settings.TIMP_ORDERS = {"MAX_CHANGES": 2}
        assert send(changes("confirm", "reject")).status_code == 200
        assert error(send(changes("confirm", "reject", "reject"))) == (400, "invalid")


def test_the_statements_of_a_call_do_not_grow_with_its_changes(send, changes, world):
    def statements(count):
        made = changes(*["confirm", "reject"] * count)
        with CaptureQueriesContext(connection) as captured:
            assert len(send(made, by=world.supplier).json()["changed"]) == 2 * count
        return len(captured)

    statements(1)
    assert statements(1) == statements(200) <= 20


def test_strangers_items_are_as_if_they_were_not(send, world):
    hidden = CancellationFactory().order_item
    change = {"action": "confirm"}
    response = send(
        [{**change, "order_item_uuid": str(uuid)} for uuid in (hidden.uuid, uuid4())],
        by=world.supplier,
    )
    refused = [(row["code"], row["detail"]) for row in response.json()["refused"]]
    assert refused == [("not_found", "There is no such order item.")] * 2
