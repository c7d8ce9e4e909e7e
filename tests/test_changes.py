"""Many changes in one call: each is ruled as a call of its own would be, and all are one call."""

from contextlib import contextmanager, nullcontext
from itertools import product
from uuid import uuid4

import pytest
from django.db import connection
from django.dispatch import receiver
from django.test.utils import CaptureQueriesContext

from tests.test_services import SERVICES, callers, codes, expected_for, make, rows
from tests.test_states import CANCELLATION_STATUSES, ITEM_STATUSES, RESULTS
from timp_orders import errors, services
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import SYSTEM, Change, apply_changes
from timp_orders.services.batches import BATCH_SIZE
from timp_orders.signals import BY_ACTION, cancellations_changed
from timp_orders.states import Action
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db

__all__ = ["callers"]  # the fixture

CALLERS = ["supplier", "retailer", "both", "stranger", "powerless_supplier", "auditor", "operator"]
STATES = list(product(ITEM_STATUSES, CANCELLATION_STATUSES))


def ready(order, supplier, actions):
    """Make items on which these actions change something; return the changes."""
    items = OrderItem.objects.bulk_create(
        OrderItem(order=order, supplier=supplier, sku_id="x", status="Allocated") for _ in actions
    )
    Cancellation.unguarded.bulk_create(
        Cancellation(order_item=item)
        for item, action in zip(items, actions, strict=True)
        if action != "request"
    )
    return [Change(item.uuid, action) for item, action in zip(items, actions, strict=True)]


def latest(uuid):
    return Cancellation.objects.filter(order_item__uuid=uuid).latest("pk")


@contextmanager
def listening(signal, function):
    signal.connect(function, weak=False)
    try:
        yield
    finally:
        signal.disconnect(function)


class TestEachChange:
    @pytest.mark.parametrize("caller", [*CALLERS, "system"])
    def test_it_is_ruled_as_the_contract_says_whatever_stands_beside_it(
        self, order, supplier, callers, caller
    ):
        wanted = {}
        changes = []
        for action, (item_status, cancellation_status) in product(Action.values, STATES):
            item = make(order, supplier, item_status, cancellation_status)
            changes.append(Change(item, action))
            wanted[item.uuid] = expected_for(caller, action, item_status, cancellation_status)
        outcome = apply_changes(changes[::-1], by=callers[caller])
        assert codes(outcome) == wanted
        for change in changes:
            if wanted[change.item.uuid] == "change":
                assert latest(change.item.uuid).status == RESULTS[change.action]

    def test_it_has_texts_and_a_name_of_its_own(self, order, supplier, named):
        requested, cancelled, confirmed, rejected, withdrawn = ready(
            order, supplier, ["request", "request", "confirm", "reject", "withdraw"]
        )
        new, outright = uuid4(), uuid4()
        outcome = apply_changes(
            [
                Change(requested.item, "request", "n1", "fraud", cancellation_uuid=new),
                Change(cancelled.item, "cancel", "n2", "other", cancellation_uuid=outright),
                Change(confirmed.item, "confirm", "n3"),
                Change(rejected.item, "reject", "n4", "in_production"),
                Change(withdrawn.item, "withdraw"),
            ],
            by=SYSTEM,
            via="api",
        )
        assert len(outcome.changed) == 5
        found = latest(requested.item)
        assert (found.uuid, found.reason, found.note) == (new, "fraud", "n1")
        found = latest(cancelled.item)
        assert (found.uuid, found.reason, found.note) == (outright, "other", "n2")
        assert (found.decision_reason, found.decision_note) == ("", "")
        assert latest(confirmed.item).decision_note == "n3"
        found = latest(rejected.item)
        assert (found.decision_reason, found.decision_note) == ("in_production", "n4")
        assert latest(withdrawn.item).decision_note == ""
        assert {
            found.decided_via or found.requested_via for found in Cancellation.objects.all()
        } == {"api"}

    def test_those_of_one_action_keep_their_own_texts_and_quantities(
        self, order, supplier, settings
    ):
        settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}
        changes = ready(order, supplier, ["confirm"] * 7 + ["request"] * 7)
        OrderItem.objects.update(quantity_ordered=9)
        changes = [
            Change(change.item, change.action, f"note {number % 4}", quantity=1 + number % 3)
            for number, change in enumerate(changes)
        ]
        assert len(apply_changes(changes, by=SYSTEM).changed) == 14
        for change in changes:
            found = latest(change.item)
            if change.action == "confirm":
                said = (found.decision_note, found.quantity_confirmed, found.quantity_left)
                assert said == (change.note, change.quantity, 9 - change.quantity)
            else:
                assert (found.note, found.quantity) == (change.note, change.quantity)

    def test_one_that_names_another_cancellation_is_superseded(self, order, supplier):
        meant, other = ready(order, supplier, ["confirm", "confirm"])
        right = latest(meant.item).uuid
        outcome = apply_changes(
            [
                Change(meant.item, "confirm", cancellation_uuid=right),
                Change(other.item, "confirm", cancellation_uuid=right),
            ],
            by=SYSTEM,
        )
        assert codes(outcome) == {meant.item: "change", other.item: "superseded"}

    def test_sent_again_all_are_replays(self, order, supplier):
        changes = ready(order, supplier, ["request", "confirm", "reject", "withdraw", "cancel"])
        apply_changes(changes, by=SYSTEM)
        before = rows()
        again = apply_changes(changes, by=SYSTEM)
        assert set(again.unchanged) == {change.item for change in changes}
        assert len(again) == 5
        assert rows() == before

    def test_an_item_that_is_not_there_is_refused_alone(self, order, supplier):
        [change] = ready(order, supplier, ["confirm"])
        nowhere = uuid4()
        outcome = apply_changes([Change(nowhere, "confirm"), change], by=SYSTEM)
        assert codes(outcome) == {nowhere: "not_found", change.item: "change"}

    def test_no_change_is_an_empty_outcome(self):
        outcome = apply_changes([], by=SYSTEM)
        assert len(outcome) == 0
        assert apply_changes([], by=SYSTEM, all_or_nothing=True) == outcome


class TestHidden:
    """Another organization's items do not exist for the caller."""

    def test_they_are_not_read_locked_or_told_apart_from_what_is_not_there(
        self, order, supplier, supplier_user, item
    ):
        own, other = ready(order, supplier, ["confirm", "confirm"])
        strangers = CancellationFactory().order_item
        with CaptureQueriesContext(connection) as captured:
            outcome = apply_changes(
                [own, Change(strangers.uuid, "confirm"), Change(uuid4(), "confirm")],
                by=supplier_user,
            )
        refused = [(error.code, str(error)) for error in outcome.refused.values()]
        assert refused == [("not_found", "There is no such order item.")] * 2
        after_the_first = [query["sql"] for query in captured if "UPDATE" in query["sql"]]
        assert after_the_first
        assert not any(f"({strangers.pk}" in sql for sql in after_the_first)
        assert latest(other.item).status == "requested"

    def test_where_none_is_seen_no_transaction_is_begun(self, supplier_user):
        strangers = CancellationFactory().order_item
        with CaptureQueriesContext(connection) as captured:
            apply_changes([Change(strangers.uuid, "confirm")], by=supplier_user)
        assert not [query for query in captured if "SAVEPOINT" in query["sql"]]


class TestAllOrNothing:
    def test_where_nothing_is_refused_all_is_done(self, order, supplier):
        changes = ready(order, supplier, ["request", "confirm", "reject"])
        apply_changes(changes[:1], by=SYSTEM)
        outcome = apply_changes(changes, by=SYSTEM, all_or_nothing=True)
        assert codes(outcome) == {
            changes[0].item: "replay",
            changes[1].item: "change",
            changes[2].item: "change",
        }
        assert latest(changes[1].item).status == "confirmed"

    @pytest.mark.parametrize("refused", ["by a rule", "as missing"])
    def test_where_something_is_refused_nothing_is_written_and_nobody_hears_of_it(
        self, order, supplier, refused
    ):
        changes = ready(order, supplier, ["request", "confirm", "reject"])
        apply_changes(changes[:1], by=SYSTEM)
        bad = uuid4() if refused == "as missing" else OrderItemFactory(order=order).uuid
        before = rows()
        heard = []
        with listening(cancellations_changed, lambda **kwargs: heard.append(kwargs)):
            outcome = apply_changes(
                [*changes, Change(bad, "confirm")], by=SYSTEM, all_or_nothing=True
            )
        assert codes(outcome) == {
            changes[0].item: "replay",
            changes[1].item: "all_or_nothing",
            changes[2].item: "all_or_nothing",
            bad: "not_found" if refused == "as missing" else "not_requested",
        }
        assert outcome.changed == []
        assert rows() == before
        assert not heard

    def test_a_refusal_in_a_later_batch_undoes_the_earlier_ones(self, order, supplier):
        changes = ready(order, supplier, ["confirm"] * (BATCH_SIZE + 2))
        OrderItem.objects.filter(uuid=changes[-1].item).update(status="HasTracking")
        outcome = apply_changes(changes, by=SYSTEM, all_or_nothing=True)
        found = codes(outcome)
        assert found.pop(changes[-1].item) == "already_shipped"
        assert set(found.values()) == {"all_or_nothing"}
        assert not Cancellation.objects.filter(status="confirmed").exists()

    def test_a_veto_undoes_all(self, order, supplier):
        changes = ready(order, supplier, ["reject", "confirm", "confirm"])

        def veto(cancellation, **kwargs):
            if cancellation.order_item.uuid == changes[1].item:
                raise errors.Veto("Gift.")

        before = rows()
        with listening(BY_ACTION["confirm"], veto):
            outcome = apply_changes(changes, by=SYSTEM, all_or_nothing=True)
        assert codes(outcome) == {
            changes[0].item: "all_or_nothing",
            changes[1].item: "vetoed",
            changes[2].item: "all_or_nothing",
        }
        assert rows() == before

    def test_within_a_callers_transaction_what_was_before_stays(self, order, supplier):
        [change] = ready(order, supplier, ["confirm"])
        OrderItem.objects.update(sku_name="kept")
        apply_changes([change, Change(uuid4(), "reject")], by=SYSTEM, all_or_nothing=True)
        assert OrderItem.objects.get().sku_name == "kept"


class TestVetoes:
    @pytest.fixture
    def veto(self):
        """Veto the change of these items; count how often each is heard of."""
        vetoed, heard = set(), []

        @receiver(list(dict.fromkeys(BY_ACTION.values())), weak=False)
        def refuse(cancellation, **kwargs):
            heard.append(cancellation.order_item_id)
            if cancellation.order_item.uuid in vetoed:
                raise errors.Veto(f"Not {cancellation.order_item_id}.")

        refuse.vetoed, refuse.heard = vetoed, heard
        yield refuse
        for signal in BY_ACTION.values():
            signal.disconnect(refuse)

    @pytest.mark.parametrize("action", Action.values)
    @pytest.mark.parametrize(
        "which",
        [[], [0], [19], [3, 4], list(range(0, 20, 3)), list(range(20))],
        ids=["none", "the first", "the last", "two in a row", "each third", "all"],
    )
    def test_it_costs_its_own_change_only(self, order, supplier, veto, action, which):
        changes = ready(order, supplier, [action] * 20)
        veto.vetoed.update(changes[number].item for number in which)
        outcome = apply_changes(changes, by=SYSTEM)
        assert set(outcome.refused) == veto.vetoed
        for uuid, error in outcome.refused.items():
            item = OrderItem.objects.get(uuid=uuid)
            assert (error.code, str(error)) == ("vetoed", f"Not {item.pk}.")
            assert error.item_status == item.status == "Allocated"
        assert outcome.changed == [
            change.item for change in changes if change.item not in veto.vetoed
        ]
        done = Cancellation.objects.filter(status=RESULTS[action])
        assert done.count() == 20 - len(which)

    def test_the_changes_of_other_actions_go_on(self, order, supplier, veto):
        changes = ready(order, supplier, Action.values * 3)
        vetoed = [change.item for change in changes if change.action == "reject"]
        veto.vetoed.update(vetoed)
        outcome = apply_changes(changes, by=SYSTEM)
        assert set(outcome.refused) == set(vetoed)
        assert len(outcome.changed) == 12

    def test_each_costs_two_attempts_at_most(self, order, supplier, veto):
        changes = ready(order, supplier, ["confirm"] * 200)
        veto.vetoed.update(change.item for change in changes[5::10])
        apply_changes(changes, by=SYSTEM)
        # Each is heard of once, and those before a veto once more.
        assert len(veto.heard) <= 2 * 200

    def test_one_of_a_whole_batch_refuses_the_changes_of_its_action(self, order, supplier):
        changes = ready(order, supplier, ["confirm", "confirm", "reject"])

        def veto(action, **kwargs):
            if action == Action.CONFIRM:
                raise errors.Veto("Closed.")

        with listening(cancellations_changed, veto):
            outcome = apply_changes(changes, by=SYSTEM)
        assert codes(outcome) == {
            changes[0].item: "vetoed",
            changes[1].item: "vetoed",
            changes[2].item: "change",
        }

    def test_without_receivers_there_is_no_savepoint(self, order, supplier):
        changes = ready(order, supplier, Action.values)
        with CaptureQueriesContext(connection) as captured:
            apply_changes(changes, by=SYSTEM)
        begun = [query for query in captured if query["sql"].startswith("SAVEPOINT")]
        assert len(begun) == 1  # the call's own

    def test_an_outright_cancellation_of_a_rest_is_undone_whole(
        self, order, supplier, veto, settings
    ):
        """It confirms the open one, and writes another for the rest."""
        settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}
        changes = ready(order, supplier, ["cancel", "cancel"])
        OrderItem.objects.update(quantity_ordered=3)
        Cancellation.unguarded.update(quantity=1, quantity_available=3)
        veto.vetoed.add(changes[0].item)
        outcome = apply_changes(changes, by=SYSTEM)
        assert codes(outcome) == {changes[0].item: "vetoed", changes[1].item: "change"}
        assert latest(changes[0].item).status == "requested"
        assert OrderItem.objects.get(uuid=changes[0].item).cancellations.count() == 1
        assert OrderItem.objects.get(uuid=changes[1].item).status == "Cancelled"


class TestStatements:
    @pytest.mark.parametrize("listens", [False, True])
    def test_they_do_not_grow_with_the_changes_nor_with_their_texts(
        self, order, supplier, supplier_user, settings, listens
    ):
        settings.TIMP_ORDERS = {"SUPPLIER_MAY_CANCEL": True, "PARTIAL_QUANTITIES": True}
        order.retailer.members.add(supplier_user)

        def statements(count):
            changes = [
                Change(
                    change.item,
                    change.action,
                    note=f"note {number}",
                    reason="other" if change.action in ("request", "cancel", "reject") else "",
                )
                for number, change in enumerate(ready(order, supplier, Action.values * count))
            ]
            user = type(supplier_user).objects.get(pk=supplier_user.pk)
            with CaptureQueriesContext(connection) as captured:
                outcome = apply_changes(changes, by=user)
            assert len(outcome.changed) == len(changes)
            # SQLite takes a limited number of parameters, so Django splits an INSERT.
            return sum(not query["sql"].startswith("INSERT") for query in captured)

        def heard(**kwargs):
            pass

        listener = listening(cancellations_changed, heard) if listens else nullcontext()
        with listener:
            few, many = statements(2), statements(BATCH_SIZE // 5)
        assert few == many <= (37 if listens else 17)


class TestArguments:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"action": "confirm"}, "This is a dict, not a Change"),
            (None, "This is a NoneType"),
            (Change("x", "confirm"), "must be an order item or a UUID"),
            (Change(uuid4(), "confirm", note=7), "note must be text"),
            (Change(uuid4(), "confirm", cancellation_uuid="x"), "must be a UUID"),
            (Change(uuid4(), "confirm", quantity="x"), "must be an integer"),
        ],
    )
    def test_what_is_no_change_is_a_type_error_with_its_place(self, item, change, message):
        with pytest.raises(TypeError, match=rf"changes\[1\].*{message}"):
            apply_changes([Change(item, "request"), change], by=SYSTEM)
        assert not Cancellation.objects.exists()

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (Change(uuid4(), "nonsense"), "nonsense"),
            (Change(uuid4(), "confirm", note="x" * 2001), "at most 2000"),
            (Change(uuid4(), "confirm", reason="fraud"), "takes no reason"),
            (Change(uuid4(), "withdraw", reason="fraud"), "takes no reason"),
            (Change(uuid4(), "request", reason="nonsense"), "REASONS"),
            (Change(uuid4(), "reject", quantity=1), "takes no quantity"),
            (Change(uuid4(), "withdraw", quantity=1), "takes no quantity"),
            (Change(uuid4(), "confirm", quantity=1), "PARTIAL_QUANTITIES"),
        ],
    )
    def test_what_an_action_does_not_take_is_a_value_error_with_its_place(
        self, item, change, message
    ):
        with pytest.raises(ValueError, match=rf"changes\[1\].*{message}"):
            apply_changes([Change(item, "request"), change], by=SYSTEM)
        assert not Cancellation.objects.exists()

    @pytest.mark.parametrize("twice", [lambda item: item, lambda item: item.uuid])
    def test_an_item_that_comes_twice_is_a_value_error(self, item, twice):
        with pytest.raises(ValueError, match=r"changes\[1\]: There is a change of this item"):
            apply_changes([Change(item, "request"), Change(twice(item), "confirm")], by=SYSTEM)
        assert not Cancellation.objects.exists()

    @pytest.mark.parametrize("by", [None, "system"])
    def test_nobody_is_not_taken_for_the_system(self, item, by):
        with pytest.raises(TypeError):
            apply_changes([Change(item, "request")], by=by)


def test_every_function_has_a_change_that_does_the_same(item):
    assert list(SERVICES) == Action.values
    apply_changes([Change(item, Action.REQUEST)], by=SYSTEM)
    assert services.request_cancellation(item, by=SYSTEM).unchanged == [item.uuid]
