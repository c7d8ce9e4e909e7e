"""The example project's webhooks: who is told what, at least once, and never more than that."""

import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from freezegun import freeze_time
from notifications.models import Message
from notifications.tasks import enqueue

from tests.notifications.conftest import tell, work
from tests.test_docs import blocks
from timp_orders import errors, services
from timp_orders.models import Cancellation
from timp_orders.services import SYSTEM
from timp_orders.signals import cancellation_confirmed, cancellation_requested
from timp_orders.testing import (
    OrderFactory,
    OrderItemFactory,
    OrganizationFactory,
    UserFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connected")]


class TestWhatIsTold:
    def test_a_confirmation_is_told_to_both_sides(self, cancellation, listen, inbox):
        item = cancellation.order_item
        listen(item.supplier)
        listen(item.order.retailer)
        services.confirm_cancellation(item, by=SYSTEM)
        work()
        decided = Cancellation.objects.get()
        told = {
            "order_uuid": str(item.order.uuid),
            "order_item_uuid": str(item.uuid),
            "cancellation_uuid": str(cancellation.uuid),
            "status": "confirmed",
            "item_status": "Cancelled",
            "quantity": None,
            "quantity_confirmed": None,
            "quantity_left": None,
            "requested_by": "system",
            "decided_by": "system",
            "respond_by": None,
        }
        assert sorted(inbox.told, key=lambda payload: payload["data"]["your_side"]) == [
            {
                "type": "order_item.cancellation.confirmed",
                "timestamp": decided.decided_at.isoformat(),
                "data": {**told, "your_side": side},
            }
            for side in ("retailer", "supplier")
        ]
        assert inbox.forged == 0

    def test_every_signal_is_told_and_never_a_name_or_a_note(self, listen, inbox, settings):
        settings.TIMP_ORDERS = {
            "RESPOND_WITHIN": timedelta(hours=2),
            "REMIND_BEFORE": timedelta(hours=1),
            "PARTIAL_QUANTITIES": True,
            "SUPPLIER_MAY_CANCEL": True,
        }
        people = {side: UserFactory(username=f"secret-{side}") for side in ("supplier", "retailer")}
        supplier, retailer = (
            OrganizationFactory(name="Secret", org_type=side, members=[user])
            for side, user in people.items()
        )
        order = OrderFactory(retailer=retailer, po_number="secret-1")
        made = OrderItemFactory.create_batch(
            5,
            order=order,
            supplier=supplier,
            quantity_ordered=3,
            sku_id="secret",
            sku_name="secret",
        )
        listen(supplier)
        listen(retailer)
        self.everything_happens_to(made, **people)
        with freeze_time(timezone.now() + timedelta(hours=4), tick=True):
            work()
        types = [payload["type"].rpartition(".")[2] for payload in inbox.told]
        assert {each: types.count(each) for each in types} == {
            "requested": 8,
            "due": 8,
            "overdue": 8,
            "confirmed": 4,
            "rejected": 2,
            "withdrawn": 2,
        }
        known = {*(str(item.uuid) for item in made), str(order.uuid)}
        known |= {str(uuid) for uuid in Cancellation.objects.values_list("uuid", flat=True)}
        for _, headers, body in inbox.calls:
            assert "secret" not in f"{body}{headers}".lower()
            data = json.loads(body)["data"]
            assert {data[name] for name in data if name.endswith("uuid")} <= known
            assert all(value not in (None, "") for value in [data["status"], data["your_side"]])
        partly = next(p["data"] for p in inbox.told if p["data"]["quantity_confirmed"] == 1)
        assert (partly["quantity"], partly["quantity_left"]) == (2, 2)
        assert (partly["requested_by"], partly["decided_by"]) == ("retailer", "supplier")
        assert partly["respond_by"]

    def everything_happens_to(self, items, supplier, retailer):
        said = {"note": "secret"}
        services.request_cancellation(items[:4], by=retailer, quantity=2, **said)
        for minutes in (90, 180):
            with freeze_time(timezone.now() + timedelta(minutes=minutes), tick=True):
                services.enforce_deadlines()
        services.confirm_cancellation(items[0], by=supplier, quantity=1, **said)
        services.reject_cancellation(items[1], by=supplier, **said)
        services.withdraw_cancellation(items[2], by=retailer, **said)
        services.cancel_items(items[4], by=supplier, **said)
        assert Cancellation.objects.exclude(note="", decision_note="").count() == 5

    def test_nobody_else_is_told(self, cancellation, listen, inbox):
        listen(OrganizationFactory())
        listen(OrganizationFactory(org_type="retailer"))
        endpoint = listen(cancellation.order_item.supplier)
        endpoint.is_active = False
        endpoint.save()
        services.confirm_cancellation(cancellation.order_item, by=SYSTEM)
        work()
        assert not Message.objects.exists()
        assert not inbox.calls

    def test_an_organization_of_the_wrong_type_is_on_no_side(self, cancellation, listen):
        supplier = cancellation.order_item.supplier
        type(supplier).objects.filter(pk=supplier.pk).update(org_type="retailer")
        listen(supplier)
        services.confirm_cancellation(cancellation.order_item, by=SYSTEM)
        assert not Message.objects.exists()

    def test_a_thousand_items_cost_no_statement_more(
        self, order, supplier, listen, django_assert_max_num_queries
    ):
        listen(supplier)
        few, many = (
            OrderItemFactory.create_batch(size, order=order, supplier=supplier) for size in (1, 20)
        )
        reads = []
        for items in (few, many):
            with django_assert_max_num_queries(200) as captured:
                services.request_cancellation(items, by=SYSTEM)
            reads.append(sum("notifications_" in query["sql"] for query in captured))
        assert reads[0] == reads[1]
        assert Message.objects.count() == 21

    def test_confirmed_at_once_both_are_told(self, item, listen, inbox):
        def confirm(cancellation, **kwargs):
            services.confirm_cancellation(cancellation.order_item, by=SYSTEM)

        listen(item.supplier)
        cancellation_requested.connect(confirm)
        try:
            services.request_cancellation(item, by=SYSTEM)
        finally:
            cancellation_requested.disconnect(confirm)
        work()
        told = {(p["type"].rpartition(".")[2], p["data"]["status"]) for p in inbox.told}
        assert told == {("requested", "requested"), ("confirmed", "confirmed")}


class TestTransactions:
    def test_what_is_rolled_back_is_not_told(self, cancellation, listen, inbox):
        listen(cancellation.order_item.supplier)
        with transaction.atomic():
            services.confirm_cancellation(cancellation.order_item, by=SYSTEM)
            assert Message.objects.count() == DBTaskResult.objects.count() == 1
            transaction.set_rollback(True)
        work()
        assert not Message.objects.exists()
        assert not DBTaskResult.objects.exists()
        assert not inbox.calls

    def test_a_veto_takes_it_back(self, cancellation, listen):
        def veto(**kwargs):
            raise errors.Veto

        listen(cancellation.order_item.supplier)
        cancellation_confirmed.connect(veto)
        try:
            with pytest.raises(errors.Veto):
                services.confirm_cancellation(cancellation.order_item, by=SYSTEM)
        finally:
            cancellation_confirmed.disconnect(veto)
        assert not Message.objects.exists()

    def test_a_replay_tells_nothing(self, cancellation, listen):
        listen(cancellation.order_item.supplier)
        for _ in range(2):
            services.confirm_cancellation(cancellation.order_item, by=SYSTEM)
        assert Message.objects.count() == 1


class Unreachable:
    """A task whose queue is another machine, which is down."""

    def using(self, **options):
        return self

    def get_backend(self):
        return object()

    def enqueue(self, key):
        raise ConnectionError("no broker")


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_is_down_after_the_commit_is_logged_and_breaks_nothing(caplog):
    with transaction.atomic():
        enqueue(Unreachable(), "a message")
    assert "no broker" in caplog.text


def test_the_view_of_the_documents_takes_each_once(supplier, listen, inbox, monkeypatch, rf):
    (view,) = [block for block in blocks("notifications.rst") if "def hook" in block]
    names = {}
    exec(view, names)
    monkeypatch.setenv("WEBHOOK_SECRET", listen(supplier).secret)
    tell(supplier)
    work()
    ((path, headers, body),) = inbox.calls
    sent = {"data": body, "content_type": "application/json"}

    def answer(**changed):
        return names["hook"](rf.post(path, **sent, headers={**headers, **changed})).status_code

    assert [answer(), answer()] == [204, 204]
    assert names["taken"] == inbox.told
    forged = headers["webhook-signature"].replace(",", ",AAAA")
    assert answer(**{"webhook-signature": forged}) == 401
    assert answer(**{"webhook-timestamp": "1"}) == 401
    assert names["taken"] == inbox.told
