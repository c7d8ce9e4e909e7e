"""The workflow, said a second time: from the contract, cell by cell."""

from itertools import product
from uuid import uuid4

import pytest

from timp_orders import errors
from timp_orders.services.facts import Facts, Known
from timp_orders.services.rules import transition
from timp_orders.states import Action, CancellationStatus, ItemStatus, Lifecycle, Side

LIFECYCLE = Lifecycle(
    cancellable=frozenset({"Unallocated", "Allocated", "Backordered"}),
    shipped=frozenset({"HasTracking"}),
    cancelled="Cancelled",
)
ITEM_STATUSES = ItemStatus.values
CANCELLATION_STATUSES = [None, *CancellationStatus.values]
CASES = list(product(Action, ITEM_STATUSES, CANCELLATION_STATUSES))

OBSTACLES = {
    "HasTracking": "already_shipped",
    "Cancelled": "already_cancelled",
    "Rejected": "not_cancellable",
}
RESULTS = {
    "request": "requested",
    "confirm": "confirmed",
    "reject": "rejected",
    "withdraw": "withdrawn",
    "cancel": "confirmed",
}


def facts(item_status, cancellation_status):
    """An item in this status, and its latest cancellation; ``None`` for no cancellation."""
    latest = Known(1, 1, uuid4(), cancellation_status) if cancellation_status else None
    return Facts(1, uuid4(), item_status, True, True, latest)


def expected(action, item_status, cancellation_status):
    """The contract, in the order in which it is written."""
    if cancellation_status == "confirmed" and item_status != "Cancelled":
        # The host set the item back.
        if action == "request":
            return OBSTACLES.get(item_status, "change")
        if action == "confirm":
            return "not_requested"
        if action == "cancel":
            return OBSTACLES.get(item_status, "change")
    if cancellation_status == RESULTS[action]:
        return "replay"
    if action == "request":
        if cancellation_status == "confirmed":
            return "already_confirmed"
        return OBSTACLES.get(item_status, "change")
    if action == "cancel":
        return OBSTACLES.get(item_status, "change")
    if cancellation_status is None:
        return "not_requested"
    if cancellation_status != "requested":
        return f"already_{cancellation_status}"
    if action == "confirm":
        return OBSTACLES.get(item_status, "change")
    return "change"


@pytest.mark.parametrize(("action", "item_status", "cancellation_status"), CASES)
def test_each_action_in_each_state_is_ruled_as_the_workflow_says(
    action, item_status, cancellation_status
):
    found = transition(action, facts(item_status, cancellation_status), LIFECYCLE)
    code = found if isinstance(found, str) else found.code
    assert code == expected(action.value, item_status, cancellation_status)


def test_only_the_decision_that_stands_can_be_replayed():
    for action, status in product(Action, CancellationStatus):
        item_status = "Cancelled" if status == "confirmed" else "Allocated"
        found = transition(action, facts(item_status, status), LIFECYCLE)
        assert (found == "replay") == (status == action.result)


@pytest.mark.parametrize(
    ("action", "side"),
    [
        (Action.REQUEST, Side.RETAILER),
        (Action.CONFIRM, Side.SUPPLIER),
        (Action.REJECT, Side.SUPPLIER),
        (Action.WITHDRAW, Side.RETAILER),
        (Action.CANCEL, Side.SUPPLIER),
    ],
)
def test_each_action_belongs_to_one_side(action, side):
    assert action.side == side


def test_statuses_of_the_hosts_own_are_ruled_by_what_they_mean():
    lifecycle = Lifecycle(cancellable=frozenset({1}), shipped=frozenset({2}), cancelled=9)
    obstacles = {status: lifecycle.obstacle(status) for status in (1, 2, 3, 9)}
    assert obstacles == {
        1: None,
        2: errors.AlreadyShipped,
        3: errors.NotCancellable,
        9: errors.AlreadyCancelled,
    }
