"""What once went wrong, or nearly: rare, and kept so."""

from uuid import uuid4

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import F

from tests.api.conftest import Callers, World, call, callers, world  # noqa: F401 (fixtures)
from timp_orders import errors
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import (
    SYSTEM,
    confirm_cancellation,
    reject_cancellation,
    request_cancellation,
)
from timp_orders.signals import cancellation_confirmed, cancellation_rejected
from timp_orders.testing import CancellationFactory, OrderFactory, OrderItemFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def listen():
    """Connect receivers, and disconnect them after the test."""
    connected = []

    def listen(signal, receiver):
        signal.connect(receiver)
        connected.append((signal, receiver))

    yield listen
    for signal, receiver in connected:
        signal.disconnect(receiver)


def fail_as_if_busy():
    """Raise what this database raises when a lock cannot be had in time."""

    class Cause(Exception):
        sqlstate = "55P03"

    class Locked(Exception):
        sqlite_errorcode = 5

    if connection.vendor == "mysql":
        raise OperationalError(1205, "Lock wait timeout exceeded")
    raise OperationalError from (Locked() if connection.vendor == "sqlite" else Cause())


class TestImportedCancellations:
    """A host may have brought its own, which the service would not have made."""

    @pytest.mark.parametrize("statuses", [("confirmed", "requested"), ("requested", "confirmed")])
    def test_the_newest_counts(self, item, supplier_user, statuses):
        for status in statuses:
            newest = CancellationFactory(order_item=item, status=status)
        items = OrderItem.objects.filter(uuid=item.uuid)
        outcome = confirm_cancellation(items, by=supplier_user, expected=newest.uuid)
        assert outcome.item.timp_cancellation == newest
        assert bool(outcome.changed) == (statuses[-1] == "requested")
        newest.refresh_from_db()
        assert newest.status == "confirmed"


class TestNames:
    @pytest.mark.parametrize("orders", [1, 2])
    def test_distinct_on_fields_names_what_the_query_set_returns(self, retailer, supplier, orders):
        if not connection.features.can_distinct_on_fields:
            pytest.skip("The database has no DISTINCT ON.")
        for _ in range(orders):
            order = OrderFactory(retailer=retailer)
            OrderItemFactory.create_batch(3, order=order, supplier=supplier)
        newest = OrderItem.objects.order_by("order_id", "-pk").distinct("order_id")
        wanted = {item.uuid for item in newest}
        assert set(request_cancellation(newest, by=SYSTEM).changed) == wanted

    def test_a_slice_of_distinct_rows_names_what_the_query_set_returns(self, order, supplier):
        items = OrderItemFactory.create_batch(3, order=order, supplier=supplier)
        for item in (items[0], items[0], items[1]):
            CancellationFactory(order_item=item, status="rejected")
        doubled = OrderItem.objects.annotate(c=F("cancellations__uuid")).exclude(c=None)
        first_two = doubled.order_by("pk").distinct()[:2]
        wanted = {item.uuid for item in first_two}
        assert set(request_cancellation(first_two, by=SYSTEM).changed) == wanted


class TestArguments:
    @pytest.mark.parametrize(
        "expected",
        [lambda item: {str(item.uuid): uuid4()}, lambda item: {item.uuid: str(uuid4())}],
    )
    def test_expected_that_would_guard_nothing_is_a_type_error(
        self, item, cancellation, named, expected
    ):
        with pytest.raises(TypeError, match="UUIDs"):
            confirm_cancellation(named(item), by=SYSTEM, expected=expected(item))
        cancellation.refresh_from_db()
        assert cancellation.status == "requested"


@pytest.mark.django_db(transaction=True)
class TestCallbacksAfterTheCommit:
    """An error that is raised then does not mean that nothing was written."""

    @pytest.mark.parametrize("is_busy_first", [False, True])
    @pytest.mark.parametrize("count", [1, 2])
    def test_one_that_fails_as_if_busy_is_neither_repeated_nor_called_busy(
        self, order, supplier, listen, count, is_busy_first
    ):
        cancellations = CancellationFactory.create_batch(
            count, order_item__order=order, order_item__supplier=supplier
        )
        sent = []

        def receiver(cancellation, **kwargs):
            sent.append(cancellation.pk)
            if is_busy_first and len(sent) == 1:
                fail_as_if_busy()
            transaction.on_commit(fail_as_if_busy)

        listen(cancellation_confirmed, receiver)
        with pytest.raises(RuntimeError, match="on_commit"):
            confirm_cancellation(OrderItem.objects.all(), by=SYSTEM)
        assert set(Cancellation.objects.values_list("status", flat=True)) == {"confirmed"}
        assert len(sent) == len(cancellations) + is_busy_first

    def test_over_http_it_is_the_hosts_own_500(self, call, world, listen):  # noqa: F811
        listen(cancellation_confirmed, lambda **kwargs: transaction.on_commit(fail_as_if_busy))
        with pytest.raises(RuntimeError):
            call("confirm", world.item.uuid, by=world.supplier)
        world.cancellation.refresh_from_db()
        assert world.cancellation.status == "confirmed"
        assert call("confirm", world.item.uuid, by=world.supplier).status_code == 200


class TestReceivers:
    def test_what_one_wrote_is_in_the_answer(self, call, world, listen):  # noqa: F811
        def receiver(cancellation, **kwargs):
            OrderItem.objects.filter(pk=cancellation.order_item_id).update(
                sku_name="written by the receiver", status="Rejected"
            )

        # A weak reference is all that the signal keeps of it: so does the test.
        listen(cancellation_confirmed, receiver)
        answer = call("confirm", world.item.uuid, by=world.supplier).json()
        assert answer["sku_name"] == "written by the receiver"
        assert answer["status"] == "Rejected"

    def test_a_request_that_one_made_anew_is_in_the_outcome(
        self, item, cancellation, named, listen
    ):
        def receiver(cancellation, **kwargs):
            request_cancellation(named(item), by=SYSTEM)

        listen(cancellation_rejected, receiver)
        outcome = reject_cancellation(named(item), by=SYSTEM)
        assert outcome.changed == [item.uuid]
        assert outcome.item.timp_cancellation == item.cancellations.first() != cancellation

    @pytest.mark.parametrize(
        "error", [errors.NotFound, errors.WrongSide, errors.PermissionDenied, errors.AlreadyShipped]
    )
    def test_the_error_of_another_call_is_not_an_answer_to_this_one(
        self,
        call,  # noqa: F811
        world,  # noqa: F811
        listen,
        error,
    ):
        def receiver(**kwargs):
            raise error

        listen(cancellation_confirmed, receiver)
        with pytest.raises(RuntimeError, match="receiver"):
            call("confirm", world.item.uuid, by=world.supplier)
        world.cancellation.refresh_from_db()
        assert world.cancellation.status == "requested"

    def test_a_busy_database_in_one_is_busy_here_too(self, call, world, listen):  # noqa: F811
        def receiver(**kwargs):
            raise errors.Busy

        listen(cancellation_confirmed, receiver)
        assert call("confirm", world.item.uuid, by=world.supplier).status_code == 503


def test_a_credential_that_no_database_keeps_is_401(call, world):  # noqa: F811
    for headers in ({"Authorization": "Token a\0b"}, {"Cookie": 'sessionid="abcdefgh\\000"'}):
        response = call("confirm", world.item.uuid, headers=headers)
        assert response.status_code == 401
