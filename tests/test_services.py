"""What the writers promise; the races are in the tests of the interleavings."""

import logging
from io import StringIO
from itertools import product
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.management import call_command
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from tests.test_states import CANCELLATION_STATUSES, ITEM_STATUSES, expected
from timp_orders import errors, services
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import SYSTEM
from timp_orders.services.batches import BATCH_SIZE
from timp_orders.states import Action
from timp_orders.testing import (
    CancellationFactory,
    OrderItemFactory,
    OrganizationFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

CALLERS = [
    "supplier",
    "retailer",
    "both",
    "stranger",
    "powerless_supplier",
    "powerless_retailer",
    "auditor",
    "operator",
    "system",
]
SIDES = {
    "supplier": {"confirm", "reject"},
    "retailer": {"request", "withdraw"},
    "both": set(Action.values) - {"cancel"},
    "operator": set(Action.values),
    "system": set(Action.values),
    "auditor": set(),
}
SERVICES = {
    "request": services.request_cancellation,
    "confirm": services.confirm_cancellation,
    "reject": services.reject_cancellation,
    "withdraw": services.withdraw_cancellation,
    "cancel": services.cancel_items,
}


def expected_for(caller, action, item_status, cancellation_status):
    """Who may not see a thing learns nothing else about it."""
    if caller == "stranger":
        return "not_found"
    if caller.startswith("powerless"):
        return "permission_denied"
    if action not in SIDES[caller]:
        return "wrong_side"
    return expected(action, item_status, cancellation_status)


@pytest.fixture
def callers(supplier, retailer, supplier_user, retailer_user):
    both = UserFactory()
    powerless = UserFactory.create_batch(2, permissions=[])
    supplier.members.add(both, powerless[0])
    retailer.members.add(both, powerless[1])
    return {
        "supplier": supplier_user,
        "retailer": retailer_user,
        "both": both,
        "stranger": UserFactory(),
        "powerless_supplier": powerless[0],
        "powerless_retailer": powerless[1],
        "auditor": UserFactory(permissions=["view_any_order", "cancel_order"]),
        "operator": UserFactory(permissions=["cancel_any_order"]),
        "system": SYSTEM,
    }


def make(order, supplier, item_status, cancellation_status):
    item = OrderItemFactory(order=order, supplier=supplier, status=item_status)
    if cancellation_status:
        CancellationFactory(order_item=item, status=cancellation_status)
    return item


def rows():
    """Every row that a call could touch."""
    return (
        list(OrderItem.objects.order_by("pk").values()),
        list(Cancellation.objects.order_by("pk").values()),
    )


def codes(outcome):
    """What became of each item, in a word."""
    return (
        dict.fromkeys(outcome.changed, "change")
        | dict.fromkeys(outcome.unchanged, "replay")
        | {uuid: error.code for uuid, error in outcome.refused.items()}
    )


class TestEveryCombination:
    @pytest.mark.parametrize(("caller", "action"), list(product(CALLERS, Action.values)))
    def test_one_item_and_many_are_ruled_alike_and_as_the_contract_says(
        self, callers, order, supplier, named, caller, action
    ):
        states = list(product(ITEM_STATUSES, CANCELLATION_STATUSES))
        items = {state: make(order, supplier, *state) for state in states}
        twins = {state: make(order, supplier, *state) for state in states}
        wanted = {state: expected_for(caller, action, *state) for state in states}
        by = callers[caller]

        together = codes(SERVICES[action](named(*twins.values()), by=by))
        assert {state: together[twin.uuid] for state, twin in twins.items()} == wanted

        for state, item in items.items():
            outcome = SERVICES[action](named(item), by=by)
            assert codes(outcome) == {item.uuid: wanted[state]}, state
            assert (outcome.item is None) == (wanted[state] == "not_found")

    @pytest.mark.parametrize(("caller", "action"), list(product(CALLERS, Action.values)))
    def test_what_is_not_changed_keeps_every_row_as_it_was(
        self, callers, order, supplier, named, caller, action
    ):
        still = [
            make(order, supplier, *state)
            for state in product(ITEM_STATUSES, CANCELLATION_STATUSES)
            if expected_for(caller, action, *state) != "change"
        ]
        before = rows()
        for item in still:
            SERVICES[action](named(item), by=callers[caller], note="never written")
        SERVICES[action](named(*still), by=callers[caller], note="never written")
        assert rows() == before

    @pytest.mark.parametrize("caller", CALLERS)
    def test_supported_actions_are_those_that_change_something(
        self, callers, order, supplier, named, caller
    ):
        for state in product(ITEM_STATUSES, CANCELLATION_STATUSES):
            item = make(order, supplier, *state)
            assert services.supported_actions(item, callers[caller]) == [
                action
                for action in Action.values
                if expected_for(caller, action, *state) == "change"
            ]


class TestRequest:
    def test_it_opens_a_cancellation_with_all_that_was_said(self, item, retailer_user, named):
        outcome = services.request_cancellation(
            named(item), by=retailer_user, via="api", reason="fraud", note="Two\nlines ☃"
        )
        cancellation = item.cancellations.get()
        assert (cancellation.status, cancellation.open) == ("requested", True)
        assert (cancellation.reason, cancellation.note) == ("fraud", "Two\nlines ☃")
        assert cancellation.requested_by == retailer_user
        assert cancellation.requested_by_name == "retailer"
        assert (cancellation.requested_via, cancellation.decided_via) == ("api", "")
        assert cancellation.decided_at is None
        assert outcome.item.timp_cancellation == cancellation
        item.refresh_from_db()
        assert item.status == "Allocated"

    @pytest.mark.parametrize("status", ["rejected", "withdrawn"])
    def test_after_a_refusal_or_withdrawal_it_is_a_new_cancellation(
        self, item, retailer_user, named, status
    ):
        first = CancellationFactory(order_item=item, status=status)
        services.request_cancellation(named(item), by=retailer_user)
        newest, oldest = item.cancellations.all()
        assert oldest == first
        assert (oldest.status, newest.status) == (status, "requested")

    @pytest.mark.parametrize("reason", ["nonsense", "Fraud", 7])
    def test_an_unknown_reason_is_refused_before_anything_is_read(self, item, named, reason):
        with pytest.raises(ValueError, match="REASONS"):
            services.request_cancellation(named(item), by=SYSTEM, reason=reason)

    def test_a_host_has_reasons_of_its_own(self, settings, item, named):
        settings.TIMP_ORDERS = {"REASONS": {"recalled": "Recalled"}}
        services.request_cancellation(named(item), by=SYSTEM, reason="recalled")
        assert item.cancellations.get().reason == "recalled"


DECISIONS = [
    ("confirm", "confirmed", "Cancelled"),
    ("reject", "rejected", "Allocated"),
    ("withdraw", "withdrawn", "Allocated"),
]


@pytest.mark.parametrize(("action", "status", "item_status"), DECISIONS)
class TestDecision:
    def test_it_is_written_with_who_when_and_how(
        self, action, status, item_status, item, cancellation, named
    ):
        user = UserFactory(username="op", permissions=["cancel_any_order"])
        outcome = SERVICES[action](named(item), by=user, via="admin", note="because")
        item.refresh_from_db()
        cancellation.refresh_from_db()
        assert item.status == item_status
        assert (cancellation.status, cancellation.open) == (status, None)
        assert cancellation.decided_by == user
        assert cancellation.decided_by_name == "op"
        assert (cancellation.decided_via, cancellation.decision_note) == ("admin", "because")
        assert cancellation.decided_at >= cancellation.requested_at
        assert (cancellation.note, cancellation.requested_via) == ("", "code")
        assert outcome.changed == [item.uuid]

    def test_the_outcomes_item_is_what_the_database_holds(
        self, action, status, item_status, item, cancellation, named
    ):
        held = SERVICES[action](named(item), by=SYSTEM, note="n").item
        for instance in (held, held.timp_cancellation):
            stored = type(instance).objects.get(pk=instance.pk)
            for field in instance._meta.concrete_fields:
                assert getattr(instance, field.attname) == getattr(stored, field.attname)
        assert held.status == item_status
        assert held.timp_cancellation.status == status

    def test_a_replay_keeps_the_first_decision(
        self, action, status, item_status, item, cancellation, named
    ):
        SERVICES[action](named(item), by=SYSTEM, note="first")
        before = rows()
        outcome = SERVICES[action](named(item), by=UserFactory(is_superuser=True), note="second")
        assert outcome.unchanged == [item.uuid]
        assert rows() == before

    @pytest.mark.parametrize("count", [1, 2])
    def test_it_keeps_the_items_status_from_before(
        self, action, status, item_status, item, cancellation, named, order, supplier, count
    ):
        other = OrderItemFactory(order=order, supplier=supplier, status="Backordered")
        CancellationFactory(order_item=other)
        SERVICES[action](named(*[item, other][:count]), by=SYSTEM)
        cancellation.refresh_from_db()
        assert cancellation.item_status == "Allocated"
        assert other.cancellations.get().item_status == ("Backordered" if count == 2 else "")

    def test_it_leaves_other_items_alone(
        self, action, status, item_status, item, cancellation, named
    ):
        bystander = CancellationFactory(order_item__order=item.order)
        SERVICES[action](named(item), by=SYSTEM)
        bystander.refresh_from_db()
        assert bystander.status == "requested"
        assert bystander.order_item.status == "Allocated"

    def test_it_decides_the_newest_cancellation_only(
        self, action, status, item_status, item, named
    ):
        old = CancellationFactory(order_item=item, status="rejected")
        newest = CancellationFactory(order_item=item)
        SERVICES[action](named(item), by=SYSTEM)
        old.refresh_from_db()
        newest.refresh_from_db()
        assert (old.status, newest.status) == ("rejected", status)

    def test_the_cancellation_that_was_meant_is_decided(
        self, action, status, item_status, item, cancellation, named
    ):
        outcome = SERVICES[action](named(item), by=SYSTEM, expected={item.uuid: cancellation.uuid})
        assert outcome.changed == [item.uuid]

    def test_another_cancellation_than_the_one_that_was_meant_is_superseded(
        self, action, status, item_status, item, cancellation, named, order, supplier
    ):
        other = CancellationFactory(order_item__order=order, order_item__supplier=supplier)
        meant = {item.uuid: uuid4(), other.order_item.uuid: other.uuid}
        before = rows()
        outcome = SERVICES[action](named(item), by=SYSTEM, expected=meant)
        assert codes(outcome) == {item.uuid: "superseded"}
        assert rows() == before
        together = SERVICES[action](named(item, other.order_item), by=SYSTEM, expected=meant)
        assert codes(together) == {item.uuid: "superseded", other.order_item.uuid: "change"}

    def test_a_replay_that_names_another_cancellation_is_superseded(
        self, action, status, item_status, item, named
    ):
        CancellationFactory(order_item=item, status=status)
        outcome = SERVICES[action](named(item), by=SYSTEM, expected={item.uuid: uuid4()})
        assert codes(outcome) == {item.uuid: "superseded"}


class TestItems:
    """What may be passed as ``items``."""

    @pytest.fixture
    def items(self, order, supplier):
        return [
            c.order_item
            for c in CancellationFactory.create_batch(
                4, order_item__order=order, order_item__supplier=supplier
            )
        ]

    def confirmed(self, queryset):
        outcome = services.confirm_cancellation(queryset, by=SYSTEM)
        assert sorted(outcome.changed) == sorted(
            OrderItem.objects.filter(status="Cancelled").values_list("uuid", flat=True)
        )
        assert not outcome.unchanged
        assert not outcome.refused
        return len(outcome.changed)

    @pytest.mark.parametrize(
        ("queryset", "count"),
        [
            (lambda: OrderItem.objects.all(), 4),
            (lambda: OrderItem.objects, 4),
            (lambda: list(OrderItem.objects.all()), 4),
            (lambda: OrderItem.objects.first(), 1),
            (lambda: OrderItem.objects.first().uuid, 1),
            (lambda: iter(OrderItem.objects.values_list("uuid", flat=True)), 4),
            (lambda: {OrderItem.objects.first(), OrderItem.objects.first().uuid}, 1),
            (lambda: [OrderItem.objects.first(), OrderItem.objects.last().uuid], 2),
            (lambda: [], 0),
            (lambda: OrderItem.objects.none(), 0),
            (lambda: OrderItem.objects.order_by("-pk")[:3], 3),
            (lambda: OrderItem.objects.order_by("-pk")[1:2], 1),
            (lambda: OrderItem.objects.all()[:0], 0),
            (lambda: OrderItem.objects.filter(supplier__members__isnull=False), 4),
            (lambda: OrderItem.objects.filter(cancellations__status="requested").distinct(), 4),
            (lambda: OrderItem.objects.select_related("order").only("sku_id"), 4),
            (lambda: OrderItem.objects.prefetch_related("cancellations"), 4),
            (lambda: OrderItem.objects.annotate(n=Count("cancellations")).filter(n=1), 4),
            (lambda: OrderItem.objects.select_for_update(), 4),
            (lambda: OrderItem.objects.exclude(status="Cancelled").order_by("sku_id"), 4),
        ],
    )
    def test_any_query_set_of_items_names_them(self, items, supplier, queryset, count):
        supplier.members.add(*UserFactory.create_batch(2))  # a join on them doubles each row
        assert self.confirmed(queryset()) == count

    def test_an_item_named_twice_by_a_join_is_decided_once(self, item, cancellation, supplier):
        supplier.members.add(*UserFactory.create_batch(3))
        doubled = OrderItem.objects.filter(supplier__members__isnull=False)
        assert doubled.count() > 1
        assert services.confirm_cancellation(doubled, by=SYSTEM).changed == [item.uuid]

    def test_a_filter_that_the_call_itself_ends_loses_no_item(self, items):
        waiting = OrderItem.objects.filter(cancellations__status="requested")
        assert self.confirmed(waiting) == 4

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda: OrderItem.objects.values("pk"),
            lambda: OrderItem.objects.values_list("pk", flat=True),
            lambda: OrderItem.objects.all().union(OrderItem.objects.all()),
            lambda: OrderItem.objects.all().intersection(OrderItem.objects.all()),
            lambda: OrderItem.objects.all().difference(OrderItem.objects.all()),
            lambda: Cancellation.objects.all(),
            lambda: Cancellation.objects.first(),
            lambda: Cancellation.objects,
            lambda: [Cancellation.objects.first()],
            lambda: [str(OrderItem.objects.first().uuid)],
            lambda: str(OrderItem.objects.first().uuid),
            lambda: {OrderItem.objects.first().uuid: 1},
            lambda: [OrderItem.objects.all()],
            lambda: OrderItem(),
            lambda: 7,
            lambda: None,
        ],
    )
    def test_what_is_no_item_is_a_type_error(self, items, wrong):
        before = rows()
        with pytest.raises(TypeError, match=r"items (is|must)"):
            services.confirm_cancellation(wrong(), by=SYSTEM)
        assert rows() == before

    def test_nothing_named_is_an_empty_outcome(self):
        assert (
            services.confirm_cancellation(OrderItem.objects.all(), by=SYSTEM) == services.Outcome()
        )

    @pytest.mark.parametrize("action", Action.values)
    def test_a_uuid_without_an_item_is_refused_as_not_found(self, item, action):
        missing = uuid4()
        outcome = SERVICES[action](missing, by=SYSTEM)
        assert codes(outcome) == {missing: "not_found"}
        assert outcome.item is None
        together = SERVICES[action]([missing, item], by=SYSTEM)
        assert codes(together)[missing] == "not_found"
        assert len(together) == 2


class TestOne:
    """``Outcome.one()``."""

    @pytest.mark.parametrize("items", [lambda item: item, lambda item: [item.uuid]])
    def test_it_returns_the_item_of_a_call_on_one(self, item, cancellation, items):
        held = services.confirm_cancellation(items(item), by=SYSTEM).one()
        assert held == item
        assert (held.status, held.timp_cancellation) == ("Cancelled", cancellation)

    def test_it_raises_the_refusal(self, item):
        with pytest.raises(errors.NotRequested):
            services.confirm_cancellation(item, by=SYSTEM).one()

    def test_it_raises_not_found_where_there_was_no_item(self):
        with pytest.raises(errors.NotFound):
            services.confirm_cancellation(OrderItem.objects.none(), by=SYSTEM).one()

    def test_it_is_an_error_for_a_call_on_several(self, order, supplier):
        items = OrderItemFactory.create_batch(2, order=order, supplier=supplier)
        with pytest.raises(ValueError, match="2 items"):
            services.request_cancellation(items, by=SYSTEM).one()


class TestCaller:
    @pytest.mark.parametrize("action", Action.values)
    @pytest.mark.parametrize("by", [None, "supplier", "", 1, AnonymousUser(), User, object()])
    def test_whoever_is_no_signed_in_user_is_a_type_error(self, item, cancellation, action, by):
        before = rows()
        for items in (item, [item, uuid4()]):
            with pytest.raises(TypeError, match=r"no user|not signed in"):
                SERVICES[action](items, by=by)
        with pytest.raises(TypeError, match=r"no user|not signed in"):
            services.supported_actions(item, by)
        assert rows() == before

    @pytest.mark.parametrize("action", Action.values)
    def test_a_user_who_was_deactivated_finds_nothing(self, item, action, supplier, retailer):
        user = UserFactory(is_active=False)
        supplier.members.add(user)
        retailer.members.add(user)
        assert codes(SERVICES[action](item, by=user)) == {item.uuid: "not_found"}
        assert codes(SERVICES[action]([item, uuid4()], by=user))[item.uuid] == "not_found"
        assert services.supported_actions(item, user) == []

    @pytest.mark.parametrize("via", ["", "phone", None, "API"])
    def test_an_unknown_door_is_a_value_error(self, item, via):
        with pytest.raises(ValueError, match="via"):
            services.request_cancellation(item, by=SYSTEM, via=via)


class TestSupportedActions:
    def test_an_item_that_a_call_returned_takes_no_statement(
        self, item, supplier_user, django_assert_num_queries
    ):
        CancellationFactory(order_item=item)
        held = services.reject_cancellation(item, by=supplier_user).one()
        with django_assert_num_queries(0):
            assert services.supported_actions(held, supplier_user) == []

    def test_they_are_those_of_the_user_who_is_asked_about(
        self, item, cancellation, supplier_user, retailer_user
    ):
        held = services.reject_cancellation(item, by=supplier_user).one()
        assert services.supported_actions(held, retailer_user) == ["request"]

    def test_an_item_that_vanished_supports_none(self, item):
        copy = OrderItem.objects.get(pk=item.pk)
        item.delete()
        assert services.supported_actions(copy, UserFactory(is_superuser=True)) == []


class TestArguments:
    @pytest.mark.parametrize("action", ["confirm", "reject", "withdraw"])
    def test_expected_is_one_uuid_for_one_item(self, item, cancellation, action):
        other = SERVICES[action](item, by=SYSTEM, expected=uuid4())
        assert codes(other) == {item.uuid: "superseded"}
        meant = SERVICES[action](item, by=SYSTEM, expected=cancellation.uuid)
        assert codes(meant) == {item.uuid: "change"}

    def test_one_expected_uuid_for_several_items_is_a_value_error(self, item, cancellation):
        other = CancellationFactory()
        with pytest.raises(ValueError, match="map UUIDs"):
            services.confirm_cancellation(
                [item, other.order_item], by=SYSTEM, expected=cancellation.uuid
            )

    @pytest.mark.parametrize("action", Action.values)
    @pytest.mark.parametrize("note", ["x" * 2001, "NUL \0", "surrogate \ud800"])
    def test_a_note_that_cannot_be_kept_is_refused(self, item, cancellation, named, action, note):
        before = rows()
        with pytest.raises(ValueError):  # noqa: PT011 (UnicodeEncodeError is one)
            SERVICES[action](named(item), by=SYSTEM, note=note)
        assert rows() == before

    @pytest.mark.parametrize("note", ["", "  \n"])
    def test_a_rejection_says_why_where_the_host_wants_that(
        self, item, cancellation, settings, note
    ):
        settings.TIMP_ORDERS = {"REJECTION_NEEDS_REASON": True}
        with pytest.raises(ValueError, match="a reason or a note"):
            services.reject_cancellation(item, by=SYSTEM, note=note)
        assert services.reject_cancellation(item, by=SYSTEM, note="Packed", reason="").changed

    def test_the_reason_of_a_rejection_is_one_of_its_own(self, item, cancellation):
        with pytest.raises(ValueError, match="REJECTION_REASONS"):
            services.reject_cancellation(item, by=SYSTEM, reason="fraud")
        services.reject_cancellation(item, by=SYSTEM, reason="in_production")
        assert item.cancellations.get().decision_reason == "in_production"

    @pytest.mark.parametrize("note", [7, None, b"bytes"])
    def test_a_note_that_is_no_text_is_a_type_error(self, item, cancellation, note):
        with pytest.raises(TypeError, match="text"):
            services.confirm_cancellation(item, by=SYSTEM, note=note)

    @pytest.mark.parametrize("items", [lambda item: item, lambda item: [item]])
    @pytest.mark.parametrize("expected", [lambda: str(uuid4()), lambda: 7, lambda: [uuid4()]])
    def test_expected_that_is_no_uuid_is_a_type_error(self, item, cancellation, items, expected):
        with pytest.raises(TypeError, match="expected"):
            services.confirm_cancellation(items(item), by=SYSTEM, expected=expected())
        cancellation.refresh_from_db()
        assert cancellation.status == "requested"

    def test_the_longest_note_is_kept_as_it_is(self, item, cancellation, named):
        note = "☃" * 2000
        services.confirm_cancellation(named(item), by=SYSTEM, note=note)
        cancellation.refresh_from_db()
        assert cancellation.decision_note == note


class TestTrail:
    def test_it_outlives_the_accounts_of_its_makers(self, item, named):
        asker, decider = UserFactory(username="asker"), UserFactory(username="decider")
        item.order.retailer.members.add(asker)
        item.supplier.members.add(decider)
        services.request_cancellation(named(item), by=asker)
        services.reject_cancellation(named(item), by=decider)
        asker.delete()
        decider.delete()
        cancellation = item.cancellations.get()
        assert (cancellation.requested_by, cancellation.decided_by) == (None, None)
        assert cancellation.requested_by_name == "asker"
        assert cancellation.decided_by_name == "decider"

    @pytest.mark.parametrize(
        ("username", "kept"), [(None, ""), ("", ""), ("n" * 300, "n" * 255), (7, "7")]
    )
    def test_any_user_name_is_kept_or_shortened(self, item, monkeypatch, username, kept):
        user = UserFactory(is_superuser=True)
        monkeypatch.setattr(User, "get_username", lambda self: username)
        services.request_cancellation(item, by=user)
        services.reject_cancellation(item, by=user)
        cancellation = item.cancellations.get()
        assert (cancellation.requested_by_name, cancellation.decided_by_name) == (kept, kept)

    def test_a_user_who_was_deleted_before_the_request_is_kept_by_name(self, item):
        user = UserFactory(username="gone", is_superuser=True)
        User.objects.filter(pk=user.pk).delete()
        services.request_cancellation(item, by=user)
        cancellation = item.cancellations.get()
        assert (cancellation.requested_by_id, cancellation.requested_by_name) == (None, "gone")
        call_command("dumpdata", "timp_orders", natural_foreign=True, stdout=StringIO())

    def test_the_system_itself_leaves_no_name(self, item, named):
        services.request_cancellation(named(item), by=SYSTEM)
        services.withdraw_cancellation(named(item), by=SYSTEM)
        cancellation = item.cancellations.get()
        assert (cancellation.requested_by_name, cancellation.decided_by_name) == ("", "")
        assert (cancellation.requested_via, cancellation.decided_via) == ("code", "code")


class TestBatches:
    @pytest.fixture
    def many(self, order, supplier):
        items = OrderItem.objects.bulk_create(
            OrderItem(order=order, supplier=supplier, sku_id=str(n), status="Allocated")
            for n in range(BATCH_SIZE + 7)
        )
        Cancellation.unguarded.bulk_create(Cancellation(order_item=item) for item in items[::2])
        return items

    def test_items_in_several_batches_are_each_in_one_part_of_the_outcome(self, many):
        outcome = services.confirm_cancellation(OrderItem.objects.all(), by=SYSTEM)
        assert set(outcome.changed) == {item.uuid for item in many[::2]}
        assert set(outcome.refused) == {item.uuid for item in many[1::2]}
        assert outcome.unchanged == []
        assert OrderItem.objects.filter(status="Cancelled").count() == len(outcome.changed)

    @pytest.mark.parametrize("action", Action.values)
    @pytest.mark.parametrize("by", ["the system", "a member"])
    def test_statements_grow_with_the_batches_not_with_the_items(
        self, order, supplier, action, by, settings
    ):
        settings.TIMP_ORDERS = {"SUPPLIER_MAY_CANCEL": True}
        is_member = by == "a member"
        user = UserFactory() if is_member else None
        for organization in (order.retailer, supplier) if is_member else ():
            organization.members.add(user)

        def statements(count):
            items = OrderItem.objects.bulk_create(
                OrderItem(order=order, supplier=supplier, sku_id="x", status="Allocated")
                for _ in range(count)
            )
            if action != "request":
                Cancellation.unguarded.bulk_create(Cancellation(order_item=item) for item in items)
            named = OrderItem.objects.filter(pk__range=(items[0].pk, items[-1].pk))
            # A user whose permissions are not read yet.
            caller = User.objects.get(pk=user.pk) if is_member else SYSTEM
            with CaptureQueriesContext(connection) as captured:
                outcome = SERVICES[action](named, by=caller)
            assert len(outcome.changed) == count
            # SQLite takes a limited number of parameters, so Django splits an INSERT.
            return sum(not query["sql"].startswith("INSERT") for query in captured)

        of_two, of_one_batch, of_two_batches = map(statements, (2, BATCH_SIZE, 2 * BATCH_SIZE))
        assert of_one_batch == of_two
        # The items of each batch are locked; then their sides and latest cancellations are read,
        # these are locked, and both are decided.
        assert of_two_batches - of_one_batch <= 5


class TestLog:
    @pytest.fixture(autouse=True)
    def _at_info(self, caplog):
        caplog.set_level(logging.INFO, logger="timp_orders")

    def test_each_decision_is_a_line_without_its_note(
        self, item, cancellation, named, supplier_user, caplog
    ):
        services.confirm_cancellation(named(item), by=supplier_user, via="api", note="secret")
        (record,) = caplog.records
        assert record.getMessage() == (f"confirm item={item.uuid} side=supplier via=api: changed")

    def test_replays_and_refusals_are_logged_with_their_code(
        self, item, named, supplier_user, retailer_user, caplog
    ):
        CancellationFactory(order_item=item, status="rejected")
        services.reject_cancellation(named(item), by=supplier_user)
        services.confirm_cancellation(named(item), by=SYSTEM)
        services.withdraw_cancellation(named(item), by=supplier_user)
        assert [line.split(": ")[1] for line in caplog.messages] == [
            "unchanged",
            "already_rejected",
            "wrong_side",
        ]
        assert "side=system" in caplog.messages[1]

    def test_nothing_is_formatted_when_nobody_listens(self, item, cancellation, named, caplog):
        caplog.set_level(logging.WARNING, logger="timp_orders")
        services.confirm_cancellation(named(item), by=SYSTEM)
        assert caplog.records == []


class TestSetBackByTheHost:
    """A cancellation was confirmed, and the host gave its item another status."""

    @pytest.fixture
    def set_back(self, item):
        CancellationFactory(order_item=item, status="confirmed")
        return item

    def test_it_can_be_requested_again(self, set_back):
        held = services.request_cancellation(set_back, by=SYSTEM).one()
        assert held.timp_cancellation.status == "requested"
        assert services.supported_actions(held, SYSTEM) == [
            "confirm",
            "reject",
            "withdraw",
            "cancel",
        ]

    @pytest.mark.parametrize("count", [1, 2])
    def test_confirming_is_refused_and_never_a_silent_success(self, set_back, count):
        items = [set_back, OrderItemFactory()][:count]
        outcome = services.confirm_cancellation(items, by=SYSTEM)
        assert codes(outcome)[set_back.uuid] == "not_requested"

    @pytest.mark.parametrize("count", [1, 2])
    def test_it_is_logged_as_a_warning(self, set_back, caplog, count):
        services.confirm_cancellation([set_back, OrderItemFactory()][:count], by=SYSTEM)
        (message,) = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
        assert str(set_back.uuid) in message
        assert str(set_back.cancellations.get().uuid) in message

    @pytest.mark.parametrize("action", ["reject", "withdraw"])
    def test_what_was_confirmed_can_be_neither_rejected_nor_withdrawn(self, set_back, action):
        assert codes(SERVICES[action](set_back, by=SYSTEM)) == {set_back.uuid: "already_confirmed"}

    @pytest.mark.parametrize("later", ["rejected", "withdrawn"])
    def test_a_later_decision_is_not_taken_for_the_earlier_one(self, set_back, later):
        CancellationFactory(order_item=set_back, status=later)
        for status in ("Allocated", "Cancelled"):
            OrderItem.objects.filter(pk=set_back.pk).update(status=status)
            outcome = services.confirm_cancellation(set_back, by=SYSTEM)
            assert codes(outcome) == {set_back.uuid: f"already_{later}"}


class TestRefusals:
    def test_its_text_has_the_item_where_there_are_several(self, item):
        outcome = services.confirm_cancellation([item, uuid4()], by=SYSTEM)
        with pytest.raises(errors.NotRequested, match=str(item.uuid)):
            outcome.raise_if_refused()
        alone = services.confirm_cancellation(item, by=SYSTEM)
        with pytest.raises(errors.NotRequested) as raised:
            alone.raise_if_refused()
        assert str(item.uuid) not in str(raised.value)


def test_a_refusal_says_how_things_stand(item, named):
    CancellationFactory(order_item=item, status="rejected")
    outcome = services.confirm_cancellation(named(item), by=SYSTEM)
    with pytest.raises(errors.AlreadyRejected) as raised:
        outcome.raise_if_refused()
    assert raised.value.order_item_uuid == item.uuid
    assert raised.value.item_status == "Allocated"
    assert raised.value.cancellation_status == "rejected"


def test_membership_of_another_organization_of_the_right_kind_does_not_help(
    item, cancellation, named
):
    stranger = UserFactory()
    OrganizationFactory(org_type="supplier", members=[stranger])
    outcome = services.confirm_cancellation(named(item), by=stranger)
    assert codes(outcome) == {item.uuid: "not_found"}
