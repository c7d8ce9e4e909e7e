"""Any sequence of calls, by any callers, against the workflow in plain Python."""

from copy import deepcopy
from uuid import UUID, uuid5

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.test_services import SERVICES, codes
from tests.workflow_model import Item
from timp_orders.models import OrderItem
from timp_orders.services import SYSTEM, supported_actions
from timp_orders.services.caller import Caller
from timp_orders.services.reads import reading_of, visible_item
from timp_orders.states import Action
from timp_orders.testing import CancellationFactory, OrderItemFactory, UserFactory

pytestmark = pytest.mark.django_db

ORDERED = 3
OTHERS = UUID(int=9)
"""The name of another item's cancellation."""
NAMES = [None, "latest", "A", "B", OTHERS]
CALLERS = ["supplier", "retailer", "operator"]
HOST = ["ship", "set back"]

calls = st.tuples(
    st.sampled_from(Action.values),
    st.sampled_from(CALLERS),
    st.sampled_from([None, 1, 2, 3, 4]),
    st.sampled_from(NAMES),
)
# Mostly what may well succeed, so that sequences get somewhere.
likely = st.tuples(
    st.sampled_from(["request", "confirm", "reject", "cancel"]),
    st.just("operator"),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, "latest", "A"]),
)
one = st.sampled_from(range(8)).flatmap(
    lambda roll: calls if roll in (0, 1) else st.sampled_from(HOST) if roll == 2 else likely
)
steps = st.lists(one, min_size=4, max_size=12)


class World:
    """An item in the database, and the same item in plain Python."""

    def __init__(self, users):
        self.users = users
        self.stored = OrderItemFactory(quantity_ordered=ORDERED)
        self.stored.supplier.members.add(users["supplier"])
        self.stored.order.retailer.members.add(users["retailer"])
        self.item = Item(ORDERED, others={OTHERS})
        self.returned = None

    def host(self, step):
        self.returned = None
        self.item.status = "HasTracking" if step == "ship" else "Allocated"
        OrderItem.objects.filter(pk=self.stored.pk).update(status=self.item.status)

    def call(self, action, caller, quantity, name, *, several=False, before=None):
        """Take an action in both; compare what became of it.

        :param before: a refusal, or a replay, that is right too, since the call has begun before.
        """
        name = self.resolve(name)
        kwargs = {"cancellation_uuid" if Action(action).opens else "expected": name}
        if action in ("request", "confirm", "cancel"):
            kwargs["quantity"] = quantity
        else:
            quantity = None
        items = self.stored.uuid
        if several:
            items = [items, OrderItemFactory().uuid]
            kwargs = {key: self.of_one(key, value) for key, value in kwargs.items()}
        outcome = SERVICES[action](items, by=self.users[caller], **kwargs)
        if before is None or codes(outcome)[self.stored.uuid] != before:
            ruled = self.item.act(action, by=caller, quantity=quantity, name=name)
            assert codes(outcome)[self.stored.uuid] == ruled
        self.returned = outcome.item

    def resolve(self, name):
        """Return the UUID that is meant: of the latest, or one that a client made."""
        if name == "latest":
            return self.item.latest and self.item.latest.name
        return uuid5(self.stored.uuid, name) if isinstance(name, str) else name

    def copy_of_item(self):
        return deepcopy(self.item)

    def of_one(self, key, value):
        return value if key == "quantity" or value is None else {self.stored.uuid: value}

    def check_offers(self, item):
        """What is offered is what would change the item, and what is left of it is known."""
        latest = self.item.latest and self.item.latest.name
        assert supported_actions(item, SYSTEM) == [
            action
            for action in Action.values
            if deepcopy(self.item).act(action, name=None if Action(action).opens else latest)
            == "change"
        ]
        assert reading_of(item).facts.quantity_left(item.lifecycle()) == self.item.left

    def check(self):
        """Both are the same; names that the service made up are learned."""
        stored = OrderItem.objects.get(pk=self.stored.pk)
        found = list(self.stored.cancellations.order_by("pk"))
        for asked, cancellation in zip(self.item.trail, found, strict=True):
            if not isinstance(asked.name, UUID):
                asked.name = cancellation.uuid
        assert [
            (c.uuid, c.status, c.quantity, c.quantity_confirmed, c.quantity_left == 0)
            for c in found
        ] == [(a.name, a.status, a.quantity, a.confirmed, a.is_whole) for a in self.item.trail]
        assert stored.status == self.item.status
        self.check_offers(visible_item(Caller.of(SYSTEM), pk=stored.pk))
        if self.returned is not None:
            self.check_offers(self.returned)


@pytest.fixture
def users(settings):
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}
    CancellationFactory(uuid=OTHERS)
    return {
        "supplier": UserFactory(),
        "retailer": UserFactory(),
        "operator": UserFactory(permissions=["cancel_any_order"]),
    }


@pytest.mark.parametrize("several", [False, True], ids=["one item", "one of several"])
@settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sequence=steps)
def test_each_call_does_what_the_workflow_says(users, several, sequence):
    with transaction.atomic():
        world = World(users)
        for step in sequence:
            if step in HOST:
                world.host(step)
            else:
                world.call(*step, several=several)
            world.check()
        transaction.set_rollback(True)
