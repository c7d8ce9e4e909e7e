"""Every caller, state and call: status and code, and that a refusal changes no row."""

from itertools import product

import pytest

from tests.api import CALLERS, arguments, error
from tests.test_services import make, rows
from tests.test_states import CANCELLATION_STATUSES, ITEM_STATUSES, expected
from timp_orders.models import OrderItem
from timp_orders.states import Action
from timp_orders.testing import OrderFactory

pytestmark = pytest.mark.django_db

ITEM_CALLS = [
    ("confirm", "patch", "confirm"),
    ("reject", "patch", "reject"),
    ("request", "patch", "request"),
    ("withdraw", "patch", "withdraw"),
    ("cancel", "patch", "cancel"),
    ("item", "delete", "request"),
]
ORDER_CALLS = [
    ("request-order", "request"),
    ("confirm-order", "confirm"),
    ("reject-order", "reject"),
]
STATES = list(product(ITEM_STATUSES, CANCELLATION_STATUSES))
SIDES = {
    "supplier": {"confirm", "reject"},
    "retailer": {"request", "withdraw"},
    "both": set(Action.values) - {"cancel"},
    "operator": set(Action.values),
    "superuser": set(Action.values),
    "auditor": set(),
}
RESULTS = {a.value: a.result.value for a in Action}


def refusal(caller, action):
    """What refuses the caller, whatever the state; who may not see a thing learns no more."""
    if caller == "stranger":
        return 404, "not_found"
    if caller.startswith("powerless"):
        return 403, "permission_denied"
    if action not in SIDES[caller]:
        return 409, "wrong_side"
    return None


def rows_of(items):
    """The rows of these items, and of their cancellations."""
    pks = {item.pk for item in items}
    items, cancellations = rows()
    return (
        [row for row in items if row["id"] in pks],
        [row for row in cancellations if row["order_item_id"] in pks],
    )


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("name", "method", "action"), ITEM_CALLS)
def test_a_call_on_an_item_is_answered_as_the_contract_says(
    call, callers, order, supplier, name, method, action, caller
):
    items = {state: make(order, supplier, *state) for state in STATES}
    refused = refusal(caller, action)
    still = [
        item for state, item in items.items() if refused or expected(action, *state) != "change"
    ]
    before = rows_of(still)
    for state, item in items.items():
        response = call(name, item.uuid, method=method, by=callers[caller])
        ruling = expected(action, *state)
        if refused or ruling not in ("change", "replay"):
            assert error(response) == (refused or (422, ruling))
            if not refused:
                problem = response.json()
                assert (problem["item_status"], problem["cancellation_status"]) == state
            continue
        assert response.status_code == (204 if method == "delete" else 200)
        latest = item.cancellations.first()
        assert latest.status == RESULTS[action]
        if method == "patch":
            answer = response.json()
            item.refresh_from_db()
            assert answer["order_item_uuid"] == str(item.uuid)
            assert answer["status"] == item.status
            assert answer["cancellation"]["uuid"] == str(latest.uuid)
            assert answer["cancellation"]["status"] == latest.status
    assert rows_of(still) == before


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("name", "action"), ORDER_CALLS)
def test_a_call_on_an_order_tells_what_became_of_each_item(
    call, callers, order, supplier, name, action, caller
):
    items = {state: make(order, supplier, *state) for state in STATES}
    rulings = {state: expected(action, *state) for state in STATES}
    still = [item for state, item in items.items() if rulings[state] != "change"]
    still_before = rows_of(still)
    args, kwargs = arguments(name, "order", order.uuid)
    before = rows()
    response = call(name, *args, by=callers[caller], **kwargs)
    refused = refusal(caller, action)
    if refused:
        assert error(response) == refused
        assert rows() == before
        return
    if action != "request":  # a decision is about what is open, or already ended that way
        about = ("requested", RESULTS[action])
        rulings = {state: ruling for state, ruling in rulings.items() if state[1] in about}
    answer = response.json()
    assert response.status_code == 200
    assert answer["order_uuid"] == str(order.uuid)
    outcome = dict.fromkeys(answer["changed"], "change")
    outcome |= dict.fromkeys(answer["unchanged"], "replay")
    outcome |= {refusal["order_item_uuid"]: refusal["code"] for refusal in answer["refused"]}
    assert outcome == {str(items[state].uuid): ruling for state, ruling in rulings.items()}
    assert all(refusal["detail"] for refusal in answer["refused"])
    assert rows_of(still) == still_before


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("name", "action"), ORDER_CALLS)
def test_an_order_in_which_nothing_can_be_done_is_422_with_the_same_lists(
    call, callers, retailer, supplier, name, action, caller
):
    # A decision is about what is open, or already ended that way; a request about every item.
    for state in STATES:
        if expected(action, *state) in ("change", "replay"):
            continue
        order = OrderFactory(retailer=retailer)
        item = make(order, supplier, *state)
        args, kwargs = arguments(name, "order", order.uuid)
        before = rows_of([item])
        response = call(name, *args, by=callers[caller], **kwargs)
        assert rows_of([item]) == before
        assert error(response) == (refusal(caller, action) or (422, "nothing_to_do"))
        if response.status_code == 422:
            answer = response.json()
            assert answer["order_uuid"] == str(order.uuid)
            assert answer["changed"] == answer["unchanged"] == []
            named = [(r["order_item_uuid"], r["code"]) for r in answer["refused"]]
            is_about = action == "request" or state[1] in ("requested", RESULTS[action])
            assert named == ([(str(item.uuid), expected(action, *state))] if is_about else [])


@pytest.mark.parametrize("caller", [c for c in CALLERS if c not in ("operator", "superuser")])
@pytest.mark.parametrize(("name", "action"), ORDER_CALLS)
def test_an_order_without_items_does_not_exist(call, callers, retailer, name, action, caller):
    empty = OrderFactory(retailer=retailer)
    args, kwargs = arguments(name, "order", empty.uuid)
    assert error(call(name, *args, by=callers[caller], **kwargs)) == (404, "not_found")
    assert not OrderItem.objects.exists()
