"""Every caller, call, state, quantity and name, against the workflow in plain Python."""

from itertools import product

import pytest
from django.db import transaction

from tests.test_interleavings_of_parts import STARTS, play
from tests.test_sequences import CALLERS, World, users  # noqa: F401 (a fixture)
from timp_orders.states import Action

pytestmark = pytest.mark.django_db

AFTERWARDS = {
    "as it is": [],
    "then it shipped": ["ship"],
    "then all was cancelled": [("cancel", None, None)],
    "and it was set back": [("cancel", None, None), "set back"],
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("action", Action.values)
def test_it_is_answered_and_replayed_as_the_workflow_says(users, caller, action):  # noqa: F811
    quantities = [None, 1] if action in ("request", "confirm", "cancel") else [None]
    names = [None, "A" if Action(action).opens else "latest"]
    states = product(STARTS.values(), AFTERWARDS.values())
    for (start, after), quantity, name in product(states, quantities, names):
        with transaction.atomic():
            world = World(users)
            play(world, [*start, *after])
            meant = world.resolve(name)
            for _ in range(2):  # and sent again
                world.call(action, caller, quantity, meant)
                world.check()
            transaction.set_rollback(True)
