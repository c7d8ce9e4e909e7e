"""The signals: what receivers get, and that they and the decision stand or fall together."""

from contextlib import suppress
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.test_services import SERVICES, codes, rows
from timp_orders import errors, signals
from timp_orders.models import Cancellation, OrderItem, Organization
from timp_orders.services import SYSTEM
from timp_orders.signals import BY_ACTION
from timp_orders.states import Action
from timp_orders.testing import CancellationFactory, OrderItemFactory, UserFactory

pytestmark = pytest.mark.django_db

ITEM_STATUS = {
    "request": "Allocated",
    "confirm": "Cancelled",
    "reject": "Allocated",
    "withdraw": "Allocated",
    "cancel": "Cancelled",
}
HOW_MANY = [1, 3]  # one item and several are written in different ways


@pytest.fixture
def receive():
    """Connect receivers to the signal of an action; disconnect them afterwards."""
    connected = []

    def connect(action, receiver):
        BY_ACTION[action].connect(receiver, weak=False)
        connected.append((BY_ACTION[action], receiver))
        return receiver

    yield connect
    for signal, receiver in connected:
        signal.disconnect(receiver)


@pytest.fixture
def items(order, supplier):
    """Make items on which the action changes something."""

    def make(action, count):
        items = OrderItemFactory.create_batch(count, order=order, supplier=supplier)
        if action != "request":
            for item in items:
                CancellationFactory(order_item=item)
        return items

    return make


class Recorder:
    def __init__(self):
        self.calls = []

    def __call__(self, **kwargs):
        self.calls.append(kwargs)


@pytest.fixture
def record(receive):
    return lambda action: receive(action, Recorder()).calls


class SwallowedError:
    """A receiver that hides a database error, as a careless one does."""

    def __init__(self, provoke):
        self.provoke = provoke

    def __call__(self, **kwargs):
        with suppress(DatabaseError):
            self.provoke()


def violate_a_constraint():
    uuid = uuid4()
    for _ in range(2):
        Organization.objects.create(uuid=uuid, name="twice", org_type="supplier")


def fail_in_plain_sql():
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")


every_action = pytest.mark.parametrize("action", Action.values)
every_count = pytest.mark.parametrize("count", HOW_MANY)


def test_every_action_has_a_signal_and_they_are_exported():
    assert list(BY_ACTION) == list(Action)
    assert BY_ACTION["cancel"] is BY_ACTION["confirm"]
    assert {getattr(signals, name) for name in signals.__all__ if name != "BY_ACTION"} == {
        *BY_ACTION.values(),
        signals.cancellations_changed,
        signals.cancellation_due,  # of deadlines, which are no actions
        signals.cancellation_overdue,
    }


@every_action
@every_count
class TestEachSignal:
    def test_it_is_sent_once_for_each_cancellation_with_who_and_how(
        self, items, record, named, action, count
    ):
        made = items(action, count)
        calls = record(action)
        user = UserFactory(permissions=["cancel_any_order"])
        SERVICES[action](named(*made), by=user, via="admin")
        assert sorted(call["cancellation"].order_item_id for call in calls) == [
            item.pk for item in made
        ]
        for call in calls:
            assert call.keys() == {"signal", "sender", "cancellation", "by", "via"}
            assert call["sender"] is Cancellation
            assert (call["by"], call["via"]) == (user, "admin")

    def test_its_cancellation_and_item_are_what_the_database_holds(
        self, items, record, named, action, count
    ):
        made = items(action, count)
        calls = record(action)
        SERVICES[action](named(*made), by=SYSTEM, note="a note")
        for call in calls:
            cancellation = call["cancellation"]
            assert cancellation.status == Action(action).result
            assert cancellation.order_item.status == ITEM_STATUS[action]
            for instance in (cancellation, cancellation.order_item):
                stored = type(instance).objects.get(pk=instance.pk)
                for field in instance._meta.concrete_fields:
                    assert getattr(instance, field.attname) == getattr(stored, field.attname)

    def test_no_other_signal_is_sent(self, items, record, named, action, count):
        made = items(action, count)
        others = [
            record(other) for other in Action.values if BY_ACTION[other] is not BY_ACTION[action]
        ]
        SERVICES[action](named(*made), by=SYSTEM)
        assert not any(others)

    def test_a_replay_sends_nothing(self, items, record, named, action, count):
        made = items(action, count)
        SERVICES[action](named(*made), by=SYSTEM)
        calls = record(action)
        assert len(SERVICES[action](named(*made), by=SYSTEM).unchanged) == count
        assert calls == []

    def test_a_refusal_sends_nothing(self, items, record, named, action, count):
        made = items(action, count)
        calls = record(action)
        outcome = SERVICES[action](named(*made), by=UserFactory())
        assert len(outcome.refused) == count
        assert calls == []

    def test_it_is_sent_inside_the_transaction_with_the_change_made(
        self, items, receive, named, action, count
    ):
        made = items(action, count)
        seen = []

        def look(cancellation, **kwargs):
            seen.append(
                (
                    len(connection.savepoint_ids),
                    Cancellation.objects.get(pk=cancellation.pk).status,
                    OrderItem.objects.get(pk=cancellation.order_item_id).status,
                )
            )

        outside = len(connection.savepoint_ids)
        receive(action, look)
        SERVICES[action](named(*made), by=SYSTEM)
        expected = (outside + 1, Action(action).result, ITEM_STATUS[action])
        assert seen == [expected] * count

    def test_what_a_receiver_writes_stays_with_the_decision(
        self, items, receive, named, action, count
    ):
        made = items(action, count)
        receive(
            action,
            lambda cancellation, **kwargs: Organization.objects.create(
                name=f"for {cancellation.uuid}", org_type="supplier"
            ),
        )
        SERVICES[action](named(*made), by=SYSTEM)
        assert Organization.objects.filter(name__startswith="for ").count() == count

    def test_on_commit_waits_for_the_commit(
        self, items, receive, named, action, count, django_capture_on_commit_callbacks
    ):
        made = items(action, count)
        done = []
        receive(
            action,
            lambda cancellation, **kwargs: transaction.on_commit(
                lambda: done.append(cancellation.order_item_id)
            ),
        )
        with django_capture_on_commit_callbacks(execute=True):
            SERVICES[action](named(*made), by=SYSTEM)
            assert done == []
        assert sorted(done) == [item.pk for item in made]

    def test_a_veto_undoes_everything_and_says_how_things_stood(
        self, items, receive, named, action, count
    ):
        made = items(action, count)

        def write_and_veto_the_last(cancellation, **kwargs):
            Organization.objects.create(name="to be undone", org_type="supplier")
            if cancellation.order_item_id == made[-1].pk:
                raise errors.Veto("Not on a Sunday.")

        receive(action, write_and_veto_the_last)
        before = rows()
        with pytest.raises(errors.Veto, match="Not on a Sunday") as raised:
            SERVICES[action](named(*made), by=SYSTEM)
        assert rows() == before
        assert not Organization.objects.filter(name="to be undone").exists()
        assert raised.value.order_item_uuid == made[-1].uuid
        assert raised.value.item_status == "Allocated"
        assert raised.value.cancellation_status == (None if action == "request" else "requested")

    def test_any_other_error_of_a_receiver_is_raised_as_it_is_and_undoes_everything(
        self, items, receive, named, action, count
    ):
        made = items(action, count)
        receive(action, lambda **kwargs: 1 / 0)
        before = rows()
        with pytest.raises(ZeroDivisionError):
            SERVICES[action](named(*made), by=SYSTEM)
        assert rows() == before

    def test_a_receiver_that_acts_on_the_same_item_does_not_fail_the_call(
        self, items, receive, named, action, count
    ):
        made = items(action, count)
        inner = []
        receive(
            action,
            lambda cancellation, **kwargs: inner.append(
                SERVICES[action](named(cancellation.order_item), by=SYSTEM).unchanged
            ),
        )
        SERVICES[action](named(*made), by=SYSTEM)
        assert inner == [[item.uuid] for item in made]

    def test_without_receivers_nothing_is_queried_for_them(
        self, items, receive, named, action, count
    ):
        def statements():
            made = items(action, count)
            with CaptureQueriesContext(connection) as captured:
                SERVICES[action](named(*made), by=SYSTEM)
            return len(captured)

        without = statements()
        receive(action, Recorder())
        assert statements() > without


@every_action
@every_count
@pytest.mark.django_db(transaction=True)
class TestSwallowedDatabaseErrors:
    """Success is never reported for what the database rolled back."""

    @pytest.mark.parametrize("inside", [False, True], ids=["own", "outer"])
    def test_the_call_fails_and_nothing_is_written(
        self, items, receive, named, action, count, inside
    ):
        made = items(action, count)
        receive(action, SwallowedError(violate_a_constraint))
        before = rows()
        with pytest.raises(DatabaseError):
            call(SERVICES[action], named(*made), inside)
        assert rows() == before

    @pytest.mark.parametrize("inside", [False, True], ids=["own", "outer"])
    def test_of_plain_sql_fail_the_call_where_the_database_gave_up_the_transaction(
        self, items, receive, named, action, count, inside
    ):
        made = items(action, count)
        receive(action, SwallowedError(fail_in_plain_sql))
        before = rows()
        if connection.vendor == "postgresql":
            with pytest.raises(DatabaseError):
                call(SERVICES[action], named(*made), inside)
            assert rows() == before
        else:  # The statement alone failed: the decision is whole.
            assert len(call(SERVICES[action], named(*made), inside).changed) == count
            assert rows() != before

    def test_a_savepoint_of_its_own_lets_a_receiver_fail_safely(
        self, items, receive, named, action, count
    ):
        made = items(action, count)

        def fail_safely(**kwargs):
            with pytest.raises(IntegrityError), transaction.atomic():
                violate_a_constraint()

        receive(action, fail_safely)
        assert len(SERVICES[action](named(*made), by=SYSTEM).changed) == count
        assert set(OrderItem.objects.values_list("status", flat=True)) == {ITEM_STATUS[action]}

    def test_a_rollback_of_all_that_the_database_made_in_silence_is_noticed(
        self, items, receive, named, action, count
    ):
        # What MariaDB does after a deadlock whose error a receiver swallows.
        made = items(action, count)
        receive(action, lambda **kwargs: roll_back_behind_djangos_back())
        before = rows()
        with pytest.raises(transaction.TransactionManagementError, match="swallowed"):
            SERVICES[action](named(*made), by=SYSTEM)
        connection.close()
        assert rows() == before


def call(service, named, inside):
    """Call the service in a transaction of its own, or inside another one."""
    if not inside:
        return service(named, by=SYSTEM)
    with transaction.atomic():
        return service(named, by=SYSTEM)


def roll_back_behind_djangos_back():
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK")
        cursor.execute("BEGIN")


@every_action
@pytest.mark.django_db(transaction=True)
class TestInsideAnotherTransaction:
    """As with ``ATOMIC_REQUESTS``."""

    def test_what_a_receiver_wrote_ends_with_it(self, items, receive, named, action):
        made = items(action, 2)
        receive(
            action,
            lambda **kwargs: Organization.objects.create(name="undone", org_type="supplier"),
        )
        before = rows()
        with transaction.atomic():
            assert len(SERVICES[action](named(*made), by=SYSTEM).changed) == 2
            transaction.set_rollback(True)
        assert rows() == before
        assert not Organization.objects.filter(name="undone").exists()

    def test_a_veto_undoes_the_call_and_leaves_the_rest(self, items, receive, named, action):
        made = items(action, 2)

        def veto(**kwargs):
            raise errors.Veto

        receive(action, veto)
        before = rows()
        with transaction.atomic():
            Organization.objects.create(name="the outer one's", org_type="supplier")
            with pytest.raises(errors.Veto):
                SERVICES[action](named(*made), by=SYSTEM)
        assert rows() == before
        assert Organization.objects.filter(name="the outer one's").exists()

    def test_on_commit_waits_for_its_commit(self, items, receive, named, action):
        made = items(action, 1)
        done = []
        receive(action, lambda **kwargs: transaction.on_commit(lambda: done.append(action)))
        with transaction.atomic():
            SERVICES[action](named(*made), by=SYSTEM)
            assert done == []
        assert done == [action]


def test_a_repeated_transaction_sends_again_after_everything_was_rolled_back(
    transactional_db, item, named, receive
):
    """The receiver's own contention is retried like any other: a whole new transaction."""
    from tests.test_contention import busy

    CancellationFactory(order_item=item)
    failures, sent = [busy()], []

    def write_and_fail_once(cancellation, **kwargs):
        sent.append(cancellation.status)
        Organization.objects.create(name="a row", org_type="supplier")
        if failures:
            raise failures.pop()

    receive("confirm", write_and_fail_once)
    outcome = SERVICES["confirm"](named(item), by=SYSTEM)
    assert codes(outcome) == {item.uuid: "change"}
    assert sent == ["confirmed", "confirmed"]
    assert Organization.objects.filter(name="a row").count() == 1


@every_action
@every_count
class TestReceiversThatAreCoroutines:
    """Django runs those of one signal side by side, and may group what they raise."""

    def test_two_that_veto_are_one_veto(self, items, receive, named, action, count):
        made = items(action, count)
        before = rows()

        async def refuse(**kwargs):
            raise errors.Veto("No.")

        async def refuse_too(**kwargs):
            raise errors.Veto("No.")

        receive(action, refuse)
        receive(action, refuse_too)
        with pytest.raises(errors.Veto, match="No") as raised:
            SERVICES[action](named(*made), by=SYSTEM)
        assert raised.value.order_item_uuid == made[0].uuid
        assert rows() == before

    def test_a_group_of_other_errors_is_the_hosts_own(self, items, receive, named, action, count):
        made = items(action, count)

        def fail(**kwargs):
            raise ExceptionGroup("several", [KeyError("x"), ValueError("y")])

        receive(action, fail)
        with pytest.raises(ExceptionGroup):
            SERVICES[action](named(*made), by=SYSTEM)

    def test_a_veto_in_a_group_is_one(self, items, receive, named, action, count):
        made = items(action, count)

        def fail(**kwargs):
            raise ExceptionGroup("several", [ValueError("y"), ExceptionGroup("", [errors.Veto()])])

        receive(action, fail)
        with pytest.raises(errors.Veto) as raised:
            SERVICES[action](named(*made), by=SYSTEM)
        assert raised.value.order_item_uuid == made[0].uuid


class TestBatchSignal:
    """``cancellations_changed``: once for each batch, after the signals of its cancellations."""

    @pytest.fixture
    def received(self):
        calls = []

        def receiver(action, cancellations, by, via, **kwargs):
            calls.append((action, [c.order_item.uuid for c in cancellations], by, via))

        signals.cancellations_changed.connect(receiver)
        yield calls
        signals.cancellations_changed.disconnect(receiver)

    @every_action
    @every_count
    def test_it_has_all_cancellations_in_the_order_of_their_items(
        self, items, named, received, action, count
    ):
        made = items(action, count)
        SERVICES[action](named(*made), by=SYSTEM, via="admin")
        assert received == [(action, [item.uuid for item in made], SYSTEM, "admin")]

    @every_action
    def test_a_replay_sends_none(self, items, named, received, action):
        made = items(action, 2)
        for _ in range(2):
            SERVICES[action](named(*made), by=SYSTEM)
        assert len(received) == 1

    @every_action
    @every_count
    def test_a_veto_of_its_receiver_undoes_all(self, items, named, action, count):
        made = items(action, count)
        before = rows()

        def refuse(**kwargs):
            raise errors.Veto

        signals.cancellations_changed.connect(refuse)
        try:
            with pytest.raises(errors.Veto) as raised:
                SERVICES[action](named(*made), by=SYSTEM)
        finally:
            signals.cancellations_changed.disconnect(refuse)
        assert raised.value.order_item_uuid == (made[0].uuid if count == 1 else None)
        assert rows() == before


@every_count
def test_a_receiver_of_a_request_may_confirm_it_at_once(items, receive, named, count):
    made = items("request", count)
    receive(
        "request",
        lambda cancellation, **kwargs: SERVICES["confirm"](cancellation.order_item, by=SYSTEM),
    )
    outcome = SERVICES["request"](named(*made), by=SYSTEM)
    assert outcome.changed == [item.uuid for item in made]
    assert set(Cancellation.objects.values_list("status", flat=True)) == {"confirmed"}
    assert set(OrderItem.objects.values_list("status", flat=True)) == {"Cancelled"}
    if count == 1:
        assert outcome.one().timp_cancellation.status == "confirmed"
