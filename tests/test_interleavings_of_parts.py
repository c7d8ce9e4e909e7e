"""Two sessions and the parts of one quantity: what both did is what one after the other does."""

import pytest
from django.db import connection

from tests.interleaving import LEVELS, just_before, set_isolation, while_waiting
from tests.test_interleavings import FIRST_LOCK, _empty_by_delete  # noqa: F401 (a fixture)
from tests.test_sequences import World
from timp_orders.testing import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

OURS = [
    ("request", 2, "A"),
    ("request", 3, "A"),
    ("request", 1, None),
    ("request", None, "B"),
    ("confirm", None, "latest"),
    ("confirm", 1, "latest"),
    ("confirm", None, None),
    ("reject", None, "latest"),
    ("reject", None, None),
    ("withdraw", None, "latest"),
    ("cancel", None, None),
    ("cancel", 1, "B"),
    ("cancel", 1, None),
]
OTHERS = [
    [("request", 2, "A")],
    [("confirm", 1, "latest")],
    [("confirm", None, "latest")],
    [("reject", None, "latest")],
    [("withdraw", None, "latest"), ("request", 1, None)],
    [("confirm", 1, "latest"), ("request", 1, None)],
    [("cancel", 1, "B")],
    [("cancel", None, None)],
    ["ship"],
]
STARTS = {
    "nothing is open": [],
    "two are asked": [("request", 2, "A")],
    "one of three was confirmed": [("request", 1, None), ("confirm", None, "latest")],
    "and two are asked": [
        ("request", 1, None),
        ("confirm", None, "latest"),
        ("request", 2, None),
    ],
}


# Under SERIALIZABLE either session may be refused at its commit, and then counts for nothing.
@pytest.fixture(params=[level for level in LEVELS if level != "SERIALIZABLE"])
def level(request, transactional_db):
    set_isolation(request.param)
    yield request.param
    connection.close()


@pytest.fixture
def world(settings):
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}

    def world(start):
        users = {"supplier": UserFactory(), "retailer": UserFactory()}
        made = World(users | {"operator": UserFactory(permissions=["cancel_any_order"])})
        play(made, STARTS[start])
        return made

    return world


def play(world, steps):
    for step in steps:
        if isinstance(step, str):
            world.host(step)
        else:
            world.call(step[0], "operator", *step[1:])
        world.check()


def ruled(world, step):
    """What a step would be answered as the item is now; what changes nothing takes no lock."""
    if isinstance(step, str):
        return "change"
    action, quantity, name = step
    return world.copy_of_item().act(action, quantity=quantity, name=world.resolve(name))


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("ours", OURS, ids=str)
class TestAnotherSessionIsFaster:
    def test_between_the_reading_and_the_writing(self, level, world, start, ours):
        action, quantity, name = ours
        for others in OTHERS:
            made = world(start)
            if ruled(made, ours) != "change":
                return
            meant = made.resolve(name)
            with just_before(FIRST_LOCK[action], lambda w=made, o=others: play(w, o), level):
                made.call(action, "operator", quantity, meant)
            made.check()

    def test_while_several_items_wait(self, level, world, start, ours):
        action, quantity, name = ours
        for others in OTHERS:
            made = world(start)
            if ruled(made, others[0]) != "change":
                continue
            meant, now = made.resolve(name), ruled(made, ours)
            # What PostgreSQL shows such a transaction is what was there when it began.
            is_frozen = connection.vendor == "postgresql" and level == "REPEATABLE READ"
            before = now if is_frozen and now != "change" else None
            with while_waiting(lambda w=made, o=others: play(w, o), level):
                made.call(action, "operator", quantity, meant, several=True, before=before)
            made.check()
