"""What others may do in each window of the writer, one at a time, at every isolation level."""

from itertools import product

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext

from tests.interleaving import (
    LEVELS,
    SQLITE,
    in_the_same_session,
    just_before,
    set_isolation,
    while_waiting,
)
from tests.test_services import SERVICES, codes
from tests.test_states import RESULTS, expected
from timp_orders import errors, services
from timp_orders.models import Cancellation, Order, OrderItem, Organization
from timp_orders.policy import Policy
from timp_orders.services import SYSTEM, batches
from timp_orders.states import Action
from timp_orders.testing import (
    CancellationFactory,
    OrderFactory,
    OrderItemFactory,
    OrganizationFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)

ITEM_LOCK = "^SELECT .*FROM .timp_orders_orderitem.* FOR (NO KEY )?UPDATE"
CANCELLATION_LOCK = "^SELECT .*FROM .timp_orders_cancellation.* FOR (NO KEY )?UPDATE"
FIRST_UPDATE = "^UPDATE"
CANCELLATION_UPDATE = "^UPDATE .timp_orders_cancellation"

DECISIONS = ["confirm", "reject", "withdraw"]

FIRST_LOCK = dict.fromkeys(Action.values, ITEM_LOCK) | {"confirm": FIRST_UPDATE}
"""The statement by which a call on one item takes its lock."""


@pytest.fixture(scope="module", autouse=True)
def _empty_by_delete():
    """Empty the few tables that are written here by DELETE: flushing them all takes far longer."""

    def empty(self):
        Cancellation.unguarded.all().delete()
        for model in (OrderItem, Order, Organization, get_user_model()):
            model.objects.all().delete()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


@pytest.fixture(params=LEVELS)
def level(request, transactional_db):
    set_isolation(request.param)
    yield request.param
    connection.close()


def make(*statuses):
    """Make an allocated item with cancellations in these statuses."""
    item = OrderItemFactory()
    for status in statuses:
        CancellationFactory(order_item=item, status=status)
    return item


def ready(action):
    """Make an item on which the action changes something."""
    return make() if action == "request" else make("requested")


def naming(*items):
    return OrderItem.objects.filter(pk__in=[item.pk for item in items])


def do(actions, *items):
    """Say what another session does to items: actions of the service, or of fulfilment."""

    def work():
        for action in actions:
            if action in SERVICES:
                SERVICES[action](naming(*items), by=SYSTEM, note="the other's")
            elif action == "ship":
                naming(*items).update(status="HasTracking")
            else:
                Cancellation.unguarded.filter(order_item__in=items).delete()
                naming(*items).delete()

    return work


def standing(item):
    """How the item stands now: its own status, and that of its latest cancellation."""
    return (
        OrderItem.objects.get(pk=item.pk).status,
        item.cancellations.values_list("status", flat=True).first(),
    )


def check_truth(action, item, stood, outcome):
    """The call was ruled by how the item really stood, and its effect is whole."""
    code = expected(action, *stood)
    assert codes(outcome)[item.uuid] == code
    item_status, cancellation_status = stood
    if code == "change":
        cancellation_status = RESULTS[action]
        item_status = "Cancelled" if Action(action).cancels else item_status
    assert standing(item) == (item_status, cancellation_status)
    assert item.cancellations.filter(status="requested").count() <= 1
    if outcome.item is not None:
        assert outcome.item.timp_cancellation == item.cancellations.first()
        assert outcome.item.status == item_status
        again = OrderItem.objects.get(pk=item.pk)  # for which all is read anew
        kept, read = (services.supported_actions(it, SYSTEM) for it in (outcome.item, again))
        assert kept == read


# What the other session does between the reading and the writing, and how the item stands then.
TO_AN_OPEN_ONE = {
    ("confirm",): ("Cancelled", "confirmed"),
    ("reject",): ("Allocated", "rejected"),
    ("withdraw",): ("Allocated", "withdrawn"),
    ("ship",): ("HasTracking", "requested"),
    ("withdraw", "request"): ("Allocated", "requested"),
    ("reject", "request", "confirm"): ("Cancelled", "confirmed"),
    ("reject", "ship"): ("HasTracking", "rejected"),
}
TO_NONE = {
    ("request",): ("Allocated", "requested"),
    ("request", "confirm"): ("Cancelled", "confirmed"),
    ("request", "reject"): ("Allocated", "rejected"),
    ("ship",): ("HasTracking", None),
    ("request", "ship"): ("HasTracking", "requested"),
}
OF_AN_OPEN_ONE = [*DECISIONS, "cancel"]
CASES = dict.fromkeys(OF_AN_OPEN_ONE, TO_AN_OPEN_ONE) | {"request": TO_NONE}
START = dict.fromkeys(OF_AN_OPEN_ONE, ("Allocated", "requested"))
START["request"] = ("Allocated", None)


@pytest.mark.parametrize("action", Action.values)
class TestAnotherSessionIsFaster:
    def test_between_the_unlocked_read_and_the_writing(self, level, action):
        window = FIRST_LOCK[action]
        for others, stood in CASES[action].items():
            item, bystander = ready(action), ready(action)
            with just_before(window, do(others, item), level):
                outcome = SERVICES[action](naming(item), by=SYSTEM)
            check_truth(action, item, stood, outcome)
            assert standing(bystander) == START[action]

    def test_between_the_naming_and_the_locking(self, level, action):
        for others, stood in CASES[action].items():
            items = [ready(action) for _ in range(3)]
            with just_before(ITEM_LOCK, do(others, items[1]), level):
                outcome = SERVICES[action](naming(*items), by=SYSTEM)
            check_truth(action, items[0], START[action], outcome)
            check_truth(action, items[1], stood, outcome)

    def test_while_one_item_waits(self, level, action):
        for others, stood in CASES[action].items():
            item = ready(action)
            with while_waiting(do(others, item), level):
                outcome = SERVICES[action](naming(item), by=SYSTEM)
            check_truth(action, item, stood, outcome)

    def test_while_several_items_wait(self, level, action):
        for others, stood in CASES[action].items():
            items = [ready(action) for _ in range(3)]
            with while_waiting(do(others, items[1]), level):
                outcome = SERVICES[action](naming(*items), by=SYSTEM)
            check_truth(action, items[1], stood, outcome)
            check_truth(action, items[2], START[action], outcome)


@pytest.mark.parametrize("action", DECISIONS)
class TestWithdrawnAndRequestedAnew:
    def test_a_decision_that_names_the_old_one_is_superseded(self, level, action):
        item = make("requested")
        meant = {item.uuid: item.cancellations.get().uuid}
        with just_before(FIRST_LOCK[action], do(["withdraw", "request"], item), level):
            outcome = SERVICES[action](naming(item), by=SYSTEM, expected=meant)
        assert codes(outcome) == {item.uuid: "superseded"}
        assert standing(item) == ("Allocated", "requested")

    def test_one_of_several_that_names_the_old_one_is_superseded(self, level, action):
        items = [make("requested"), make("requested")]
        meant = {item.uuid: item.cancellations.get().uuid for item in items}
        with just_before(ITEM_LOCK, do(["withdraw", "request"], items[0]), level):
            outcome = SERVICES[action](naming(*items), by=SYSTEM, expected=meant)
        assert codes(outcome) == {items[0].uuid: "superseded", items[1].uuid: "change"}


@pytest.mark.parametrize("action", Action.values)
class TestVanishedItems:
    def test_one_is_not_found(self, level, action):
        item = ready(action)
        window = FIRST_LOCK[action]
        with just_before(window, do(["delete"], item), level):
            outcome = SERVICES[action](naming(item), by=SYSTEM)
        assert codes(outcome) == {item.uuid: "not_found"}
        assert outcome.item is None

    def test_one_of_several_is_not_found_and_the_others_are_done(self, level, action):
        items = [ready(action) for _ in range(3)]
        with just_before(ITEM_LOCK, do(["delete"], items[1]), level):
            outcome = SERVICES[action](naming(*items), by=SYSTEM)
        assert codes(outcome) == {
            items[0].uuid: "change",
            items[1].uuid: "not_found",
            items[2].uuid: "change",
        }


def test_a_filter_that_stops_matching_while_the_lock_waits_loses_no_item(level):
    items = [make("requested"), make("requested")]
    waiting = OrderItem.objects.filter(cancellations__status="requested")
    with while_waiting(do(["confirm"], items[1]), level):
        outcome = services.confirm_cancellation(waiting, by=SYSTEM)
    assert codes(outcome) == {items[0].uuid: "change", items[1].uuid: "replay"}


def test_a_second_open_cancellation_is_impossible():
    item = make("rejected", "requested")
    with pytest.raises(IntegrityError):
        CancellationFactory(order_item=item)


@pytest.mark.parametrize("action", Action.values)
class TestInsideAnotherTransaction:
    """As with ``ATOMIC_REQUESTS``: what was read before in it may be all that it ever sees."""

    def call(self, action, level, *items):
        """Return the outcome; ``None`` for the ``Busy`` that only a frozen view may end in."""
        OrderItem.objects.count()
        try:
            return SERVICES[action](naming(*items), by=SYSTEM)
        except errors.Busy:
            assert connection.vendor == "postgresql"
            assert level != "READ COMMITTED"

    def test_one_item_is_ruled_by_how_it_stands_or_the_call_is_busy(self, level, action):
        window = FIRST_LOCK[action]
        for others, stood in CASES[action].items():
            item = ready(action)
            with just_before(window, do(others, item), level), transaction.atomic():
                outcome = self.call(action, level, item)
            if outcome:
                check_truth(action, item, stood, outcome)
            else:
                assert standing(item) == stood

    def test_several_are_ruled_by_how_they_stand_or_the_call_is_busy(self, level, action):
        for others, stood in CASES[action].items():
            items = [ready(action) for _ in range(3)]
            with just_before(ITEM_LOCK, do(others, items[1]), level), transaction.atomic():
                outcome = self.call(action, level, *items)
            if outcome:
                check_truth(action, items[1], stood, outcome)
                check_truth(action, items[2], START[action], outcome)
            else:
                assert [standing(item) for item in items[1:]] == [stood, START[action]]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("action", DECISIONS)
@pytest.mark.parametrize("others", [["reject"], ["withdraw"], ["withdraw", "request"]])
def test_rows_that_changed_under_the_lock_are_noticed_and_all_is_begun_again(action, others, count):
    """A lock that does not lock: SQLite without IMMEDIATE, or a host's router gone wrong."""
    items = [make("requested") for _ in range(count)]
    with in_the_same_session(CANCELLATION_UPDATE, do(others, items[0])):
        outcome = SERVICES[action](naming(*items), by=SYSTEM)
    # The other's change was rolled back with the first try, being of the same session.
    for item in items:
        check_truth(action, item, START[action], outcome)
        assert item.cancellations.get().decision_note == ""


@pytest.mark.parametrize("count", [1, 2])
def test_an_item_that_shipped_under_the_lock_is_noticed_and_all_is_begun_again(count):
    items = [make("requested") for _ in range(count)]

    def ship():
        naming(items[0]).update(status="HasTracking", sku_name="shipped under the lock")

    with in_the_same_session(FIRST_UPDATE, ship):
        outcome = services.confirm_cancellation(naming(*items), by=SYSTEM)
    # What was shipped was rolled back with the first try, and not written over.
    assert not OrderItem.objects.filter(sku_name="shipped under the lock").exists()
    for item in items:
        check_truth("confirm", item, START["confirm"], outcome)


def test_an_open_cancellation_made_under_the_lock_is_noticed_and_all_is_begun_again():
    items = [make(), make()]
    with in_the_same_session("^INSERT", do(["request"], items[0])):
        outcome = services.request_cancellation(naming(*items), by=SYSTEM)
    for item in items:
        check_truth("request", item, START["request"], outcome)


def test_any_other_violated_constraint_of_a_request_is_raised_as_it_is():
    def fail():
        raise IntegrityError("a constraint of the host's")

    named = naming(make())
    with pytest.raises(IntegrityError, match="host's"), in_the_same_session("^INSERT", fail):
        services.request_cancellation(named, by=SYSTEM)


def test_who_is_no_member_any_more_under_the_lock_is_told_of_no_item(retailer_user):
    item = make()
    retailer = item.order.retailer
    retailer.members.add(retailer_user)
    with just_before(ITEM_LOCK, retailer.members.clear, LEVELS[0]):
        outcome = services.request_cancellation(naming(item), by=retailer_user)
    assert codes(outcome) == {item.uuid: "not_found"}
    assert outcome.item is None


class TestAnItemThatMovedToAnotherOrganization:
    """Whoever was on its side when it was read may not be so when it is written."""

    POLICY = "timp_orders.policy.Policy"

    @pytest.fixture(autouse=True)
    def _settings(self, settings):
        settings.TIMP_ORDERS = {"POLICY": self.POLICY, "SUPPLIER_MAY_CANCEL": True}

    @pytest.fixture
    def member(self):
        return UserFactory()

    def ready(self, action, member):
        """Make an item of the member's, and what moves it to another organization's."""
        item = ready(action)
        side = Action(action).side
        another = OrganizationFactory(org_type=side)
        if side == "supplier":
            item.supplier.members.add(member)
            return item, lambda: naming(item).update(supplier=another)
        item.order.retailer.members.add(member)
        order = OrderFactory(retailer=another)
        return item, lambda: naming(item).update(order=order)

    @pytest.mark.parametrize("action", Action.values)
    def test_before_the_lock_is_not_found(self, level, action, member):
        item, move = self.ready(action, member)
        before = standing(item)
        with just_before(FIRST_LOCK[action], move, level):
            outcome = SERVICES[action](item.uuid, by=member)
        assert codes(outcome) == {item.uuid: "not_found"}
        assert outcome.item is None
        assert standing(item) == before

    @pytest.mark.parametrize("action", Action.values)
    @pytest.mark.parametrize("count", [1, 2])
    def test_while_the_call_waits_is_not_found(self, level, action, member, count):
        item, move = self.ready(action, member)
        others = [self.ready(action, member)[0] for _ in range(count - 1)]
        with while_waiting(move, level):
            outcome = SERVICES[action]([item, *others], by=member)
        assert codes(outcome) == {
            item.uuid: "not_found",
            **{other.uuid: "change" for other in others},
        }


class OfEveryOrganization(Policy):
    """A rule of the host's own: whoever is a member of the organization, on whichever side."""

    def on_side(self, queryset, user, side):
        return queryset.filter(**{f"{queryset.model.paths()[side]}__members": user.pk})


class TestAnItemThatMovedOutOfReachOfAHostsPolicy(TestAnItemThatMovedToAnotherOrganization):
    """No column says who is on a side: the policy is asked again, once the item is locked."""

    POLICY = f"{__name__}.OfEveryOrganization"


def test_an_item_that_ships_in_the_same_transaction_has_no_cancellation_to_show():
    item = make()
    with transaction.atomic(), in_the_same_session("^SAVEPOINT", do(["ship"], item)):
        outcome = services.request_cancellation(naming(item), by=SYSTEM)
    assert codes(outcome) == {item.uuid: "already_shipped"}
    assert (outcome.item.status, outcome.item.timp_cancellation) == ("HasTracking", None)


class TestAHostThatWritesTheStatusItself:
    """The two ways of docs/databases.rst, when a confirmation is committed while they wait."""

    def test_a_comparison_in_the_update_does_not_ship_what_was_cancelled(self):
        item = make("requested")
        with while_waiting(do(["confirm"], item), LEVELS[0]), transaction.atomic():
            allocated = OrderItem.objects.filter(pk=item.pk, status="Allocated")
            assert allocated.update(status="HasTracking") == 0
        assert standing(item) == ("Cancelled", "confirmed")

    def test_reading_under_the_lock_sees_what_was_cancelled(self):
        item = make("requested")
        with while_waiting(do(["confirm"], item), LEVELS[0]), transaction.atomic():
            locked = OrderItem.objects.select_for_update().get(pk=item.pk)
            assert locked.status == "Cancelled"


@pytest.mark.parametrize("action", Action.values)
def test_a_connection_cut_between_the_commit_and_its_answer_is_repaired_by_calling_again(
    monkeypatch, action
):
    item = ready(action)
    commit = connection.commit

    def commit_and_lose_the_answer():
        commit()
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "commit", commit_and_lose_the_answer)
        with pytest.raises(OperationalError):  # not Busy, which says that nothing was written
            SERVICES[action](naming(item), by=SYSTEM)
    connection.close()
    again = SERVICES[action](naming(item), by=SYSTEM)
    assert codes(again) == {item.uuid: "replay"}
    assert again.item.timp_cancellation.status == RESULTS[action]


class TestOrderOfLocks:
    """While the first item is somebody else's, the call that waits for it holds no other one."""

    @pytest.mark.parametrize("action", Action.values)
    def test_items_are_locked_from_the_first_to_the_last(self, monkeypatch, action):
        for batch_size, sequence in product([1, 2, 900], ["pk", "-pk", "?"]):
            monkeypatch.setattr(batches, "BATCH_SIZE", batch_size)
            items = [ready(action) for _ in range(3)]
            selection = naming(*items).order_by(sequence)
            for queryset in (selection, selection[:3], items[::-1], [it.uuid for it in items]):
                self.check(SERVICES[action], queryset, items)
                Cancellation.unguarded.filter(order_item__in=items).delete()
                naming(*items).update(status="Allocated")
                if action != "request":
                    for item in items:
                        CancellationFactory(order_item=item)

    def check(self, service, queryset, items):
        free = []

        def hold_the_first():
            naming(items[0]).update(sku_name="somebody else's")

        def look_for_the_rest():
            rest = naming(*items[1:])
            rest = rest if SQLITE else rest.select_for_update(nowait=True)
            free.extend(rest.values_list("pk", flat=True))

        with while_waiting(hold_the_first, LEVELS[0], meanwhile=look_for_the_rest):
            outcome = service(queryset, by=SYSTEM)
        assert sorted(free) == [item.pk for item in items[1:]]
        assert len(outcome.changed) == 3

    @pytest.mark.skipif(connection.vendor != "mysql", reason="locks what its index finds first")
    @pytest.mark.parametrize("count", [1, 2])
    @pytest.mark.parametrize("action", DECISIONS)
    def test_a_row_is_locked_before_its_entries_in_other_indexes(self, action, count):
        items = [make("requested") for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            SERVICES[action](naming(*items), by=SYSTEM)
        updates = [query["sql"] for query in captured if query["sql"].startswith("UPDATE")]
        assert len(updates) == (2 if action == "confirm" else 1)
        with connection.cursor() as cursor:
            for update in updates:
                cursor.execute(f"EXPLAIN {update}")
                columns = [column[0] for column in cursor.description]
                (plan,) = (dict(zip(columns, row, strict=True)) for row in cursor.fetchall())
                assert (plan["possible_keys"], plan["key"]) == ("PRIMARY", "PRIMARY")
