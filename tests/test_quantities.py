"""Parts of a quantity: what is asked, confirmed and left, and what the database refuses."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.interleaving import LEVELS, just_before
from tests.test_services import SERVICES, codes, rows
from timp_orders import errors, services
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import SYSTEM
from timp_orders.signals import cancellation_confirmed, cancellations_changed
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db

ON = {"PARTIAL_QUANTITIES": True}


@pytest.fixture(autouse=True)
def _parts(settings):
    settings.TIMP_ORDERS = ON


@pytest.fixture
def item(order, supplier):
    """Three of them."""
    return OrderItemFactory(order=order, supplier=supplier, quantity_ordered=3)


def request(item, quantity=None, **kwargs):
    return services.request_cancellation(item, by=SYSTEM, quantity=quantity, **kwargs).one()


def confirm(item, quantity=None, **kwargs):
    """Confirm its latest cancellation, by its name."""
    kwargs.setdefault("expected", item.cancellations.first().uuid)
    return services.confirm_cancellation(item, by=SYSTEM, quantity=quantity, **kwargs).one()


def trail(item):
    columns = ("status", "quantity", "quantity_available", "quantity_confirmed", "quantity_left")
    return list(item.cancellations.order_by("pk").values_list(*columns))


class TestPartByPart:
    def test_a_part_leaves_the_status_and_the_rest_can_be_requested_again(self, item):
        request(item, 1)
        held = confirm(item)
        assert held.status == "Allocated"
        assert trail(item) == [("confirmed", 1, 3, 1, 2)]
        request(item)
        assert confirm(item).status == "Cancelled"
        assert trail(item)[1] == ("confirmed", None, 2, 2, 0)

    def test_fewer_than_were_asked_may_be_confirmed(self, item):
        request(item, 3)
        confirm(item, 2)
        assert trail(item) == [("confirmed", 3, 3, 2, 1)]
        with pytest.raises(errors.QuantityTooGreat) as refused:
            request(item, 2)
        assert refused.value.quantity_left == 1
        request(item, 1)
        assert confirm(item).status == "Cancelled"

    def test_what_was_rejected_is_left(self, item):
        request(item, 2)
        services.reject_cancellation(item, by=SYSTEM)
        request(item, 3)
        assert trail(item) == [("rejected", 2, 3, None, None), ("requested", 3, 3, None, None)]

    @pytest.mark.parametrize("quantity", [4, 2**31 - 1])
    def test_more_than_is_left_is_refused(self, item, quantity):
        with pytest.raises(errors.QuantityTooGreat):
            request(item, quantity)
        assert trail(item) == []

    def test_more_than_was_asked_is_not_confirmed(self, item):
        request(item, 1)
        with pytest.raises(errors.QuantityTooGreat):
            confirm(item, 2)
        assert trail(item) == [("requested", 1, 3, None, None)]

    def test_a_part_that_was_rejected_later_is_no_replay_of_a_confirmation(self, item):
        request(item, 1)
        confirm(item)
        request(item, 1)
        services.reject_cancellation(item, by=SYSTEM, expected=item.cancellations.first().uuid)
        with pytest.raises(errors.AlreadyRejected):
            confirm(item)

    def test_the_ordered_number_never_changes(self, item):
        request(item, 1)
        confirm(item)
        item.refresh_from_db()
        assert item.quantity_ordered == 3


class TestNaming:
    """A repetition must not decide a later request."""

    @pytest.mark.parametrize("action", ["confirm", "reject"])
    @pytest.mark.parametrize("items", [lambda item: item, lambda item: [item, OrderItemFactory()]])
    def test_after_a_confirmed_one_a_decision_must_name_its_own(self, item, action, items):
        request(item, 1)
        confirm(item)
        request(item, 1)
        before = rows()
        outcome = SERVICES[action](items(item), by=SYSTEM)
        assert codes(outcome)[item.uuid] == "must_be_named"
        assert rows()[1] == before[1]

    def test_a_confirmation_is_repeated_with_its_name_at_any_later_time(self, item):
        request(item, 1)
        first = confirm(item).timp_cancellation
        assert codes(
            services.confirm_cancellation(item, by=SYSTEM, expected=first.uuid, quantity=1)
        ) == {item.uuid: "replay"}
        with pytest.raises(errors.AlreadyConfirmed):
            services.confirm_cancellation(item, by=SYSTEM, expected=first.uuid, quantity=2).one()

    def test_to_withdraw_needs_no_name(self, item):
        request(item, 1)
        confirm(item)
        request(item, 1)
        assert services.withdraw_cancellation(item, by=SYSTEM).changed == [item.uuid]


class TestOutright:
    def test_all_that_is_left_is_cancelled_at_once(self, item):
        held = services.cancel_items(item, by=SYSTEM, reason="fraud", note="By phone").one()
        assert held.status == "Cancelled"
        [cancellation] = item.cancellations.all()
        assert (cancellation.status, cancellation.reason, cancellation.note) == (
            "confirmed",
            "fraud",
            "By phone",
        )
        assert cancellation.requested_at == cancellation.decided_at
        assert (cancellation.requested_party, cancellation.decided_party) == ("system", "system")

    def test_an_open_part_is_confirmed_and_the_rest_cancelled_too(self, item):
        sent = []
        cancellation_confirmed.connect(
            sent_to := lambda cancellation, **kw: sent.append(cancellation)
        )
        try:
            request(item, 1)
            held = services.cancel_items(item, by=SYSTEM).one()
        finally:
            cancellation_confirmed.disconnect(sent_to)
        assert held.status == "Cancelled"
        assert trail(item) == [("confirmed", 1, 3, 1, 2), ("confirmed", None, 2, 2, 0)]
        assert [found.quantity_confirmed for found in sent] == [1, 2]
        again = services.cancel_items(item, by=SYSTEM)
        assert codes(again) == {item.uuid: "replay"}

    def test_a_part_is_cancelled_once_however_often_it_is_sent(self, item):
        uuid = uuid4()
        for wanted in ("change", "replay", "replay"):
            outcome = services.cancel_items(item, by=SYSTEM, quantity=1, cancellation_uuid=uuid)
            assert codes(outcome) == {item.uuid: wanted}
        assert trail(item) == [("confirmed", 1, 3, 1, 2)]
        with pytest.raises(errors.MustBeNamed):
            services.cancel_items(item, by=SYSTEM, quantity=2).one()

    def test_a_batch_says_its_action_and_sends_both_kinds(self, item, order, supplier):
        other = OrderItemFactory(order=order, supplier=supplier, quantity_ordered=5)
        request(item)
        batches = []

        def keep(action, cancellations, **kwargs):
            batches.append((action, [found.quantity_confirmed for found in cancellations]))

        cancellations_changed.connect(keep)
        try:
            services.cancel_items([item, other], by=SYSTEM)
        finally:
            cancellations_changed.disconnect(keep)
        assert batches == [("cancel", [3]), ("cancel", [5])]


class TestHostChangesTheItem:
    def test_what_was_set_back_counts_anew(self, item):
        services.cancel_items(item, by=SYSTEM)
        item.set_back("Allocated")
        assert request(item, 3).timp_cancellation.quantity_available == 3

    def test_a_lowered_number_is_what_is_left(self, item):
        request(item)
        OrderItem.objects.filter(pk=item.pk).update(quantity_ordered=2)
        confirm(item)
        assert trail(item) == [("confirmed", None, 3, 2, 0)]

    def test_more_than_a_lowered_number_is_not_confirmed(self, item):
        request(item, 3)
        OrderItem.objects.filter(pk=item.pk).update(quantity_ordered=2)
        with pytest.raises(errors.QuantityTooGreat) as refused:
            confirm(item)
        assert refused.value.quantity_left == 2
        assert confirm(item, 2).status == "Cancelled"

    def test_a_number_lowered_to_what_was_cancelled_leaves_nothing_to_ask_for(self, item):
        request(item, 2)
        confirm(item)
        OrderItem.objects.filter(pk=item.pk).update(quantity_ordered=2)
        with pytest.raises(errors.AlreadyConfirmed):
            request(item)
        assert services.supported_actions(item, SYSTEM) == []

    def test_a_raised_number_is_confirmed_where_all_was_asked(self, item):
        request(item)
        OrderItem.objects.filter(pk=item.pk).update(quantity_ordered=5)
        assert confirm(item).status == "Cancelled"
        assert trail(item) == [("confirmed", None, 3, 5, 0)]

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("quantity", [1, None])
    @pytest.mark.parametrize(
        "change", [{"status": "HasTracking"}, {"quantity_ordered": 1}], ids=["ships", "lowers"]
    )
    def test_between_the_read_and_the_write_is_ruled_on_again(self, item, quantity, change):
        request(item, 2)
        found = OrderItem.objects.filter(pk=item.pk)
        window = "^BEGIN" if connection.vendor == "sqlite" else "^UPDATE"
        with just_before(window, lambda: found.update(**change), LEVELS[0]):
            outcome = services.confirm_cancellation(item, by=SYSTEM, quantity=quantity)
        if "status" in change:
            assert codes(outcome) == {item.uuid: "already_shipped"}
            assert trail(item)[0][0] == "requested"
        elif quantity is None:
            assert codes(outcome) == {item.uuid: "quantity_too_great"}
        else:
            assert trail(item) == [("confirmed", 2, 3, 1, 0)]
            assert outcome.item.status == "Cancelled"


class TestWithoutParts:
    @pytest.fixture(autouse=True)
    def _whole(self, settings, _parts):
        settings.TIMP_ORDERS = {}

    @pytest.mark.parametrize("action", ["request", "confirm", "cancel"])
    def test_a_quantity_is_an_error(self, item, action):
        with pytest.raises(ValueError, match="PARTIAL_QUANTITIES"):
            SERVICES[action](item, by=SYSTEM, quantity=1)

    def test_no_quantity_is_kept_and_none_is_summed(self, item):
        with CaptureQueriesContext(connection) as captured:
            request(item)
            confirm(item)
        assert trail(item) == [("confirmed", None, None, None, None)]
        assert not [query for query in captured if "SUM(" in query["sql"]]

    def test_a_host_whose_quantity_is_no_integer_column_of_its_own_has_none(
        self, item, settings, monkeypatch
    ):
        settings.TIMP_ORDERS = ON
        monkeypatch.setattr(OrderItem, "QUANTITY_FIELD", "order__po_number")
        with pytest.raises(ValueError, match="PARTIAL_QUANTITIES"):
            services.request_cancellation(item, by=SYSTEM, quantity=1)

    def test_what_was_open_before_the_switch_is_confirmed_whole(self, item, settings):
        request(item)
        settings.TIMP_ORDERS = ON
        assert confirm(item).status == "Cancelled"
        assert trail(item) == [("confirmed", None, None, 3, 0)]


@pytest.mark.parametrize(("quantity", "error"), [(0, ValueError), (-1, ValueError)])
def test_a_quantity_below_one_is_an_error(item, quantity, error):
    with pytest.raises(error):
        request(item, quantity)


@pytest.mark.parametrize("quantity", ["1", 1.0, True, [1]])
def test_a_quantity_that_is_no_integer_is_a_type_error(item, quantity):
    with pytest.raises(TypeError):
        request(item, quantity)


@pytest.mark.parametrize(
    "columns",
    [
        {"quantity": 0, "quantity_available": 3},
        {"quantity": 4, "quantity_available": 3},
        {"quantity": 1, "quantity_available": None},
        {"quantity": 2, "quantity_available": 3, "quantity_confirmed": 1},  # it is open
        {"status": "confirmed", "quantity": 2, "quantity_available": 3, "quantity_confirmed": 3},
        {"status": "confirmed", "quantity_available": 3, "quantity_confirmed": 0},
        {"status": "rejected", "quantity_available": 3, "quantity_confirmed": 1},
    ],
)
def test_the_database_refuses_quantities_that_contradict_each_other(item, columns):
    columns = {"status": "requested", "quantity_left": None, "quantity_confirmed": None} | columns
    with pytest.raises(IntegrityError), transaction.atomic():
        CancellationFactory(order_item=item, **columns)
    assert not Cancellation.objects.exists()


def test_many_items_with_many_quantities_take_no_statement_more(order, supplier):
    def statements(quantities):
        items = [
            OrderItemFactory(order=order, supplier=supplier, quantity_ordered=ordered)
            for ordered in quantities
        ]
        services.request_cancellation(items, by=SYSTEM)
        with CaptureQueriesContext(connection) as captured:
            outcome = services.confirm_cancellation(items, by=SYSTEM)
        assert len(outcome.changed) == len(items)
        assert [trail(item)[0][3] for item in items] == list(quantities)
        return len(captured)

    assert statements([1, 1]) == statements(range(1, 12))
