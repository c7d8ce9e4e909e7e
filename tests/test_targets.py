"""Whatever query set is passed as items: every item of it is in the outcome."""

from dataclasses import replace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.db.models import F, OuterRef, Q, Subquery
from django.test.utils import isolate_apps

from tests.interleaving import LEVELS, just_before
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import (
    SYSTEM,
    confirm_cancellation,
    items_for,
    optimistic,
    reads,
    reject_cancellation,
    supported_actions,
    writes,
)
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.facts import Facts
from timp_orders.services.planned import plan
from timp_orders.states import Action
from timp_orders.testing import CancellationFactory, OrderItemFactory, UserFactory

pytestmark = pytest.mark.django_db

UNIQUE = {
    "by UUID": lambda item: OrderItem.objects.filter(uuid=item.uuid),
    "by primary key": lambda item: OrderItem.objects.filter(pk=item.pk),
    "in an order": lambda item: OrderItem.objects.filter(uuid=item.uuid).order_by("order__uuid"),
    "with a relation": lambda item: OrderItem.objects.filter(pk=item.pk).select_related("order"),
}
OTHER = {
    "all": lambda item: OrderItem.objects.all(),
    "none": lambda item: OrderItem.objects.none(),
    "by several keys": lambda item: OrderItem.objects.filter(pk__in=[item.pk]),
    "by two look-ups": lambda item: OrderItem.objects.filter(pk=item.pk, uuid=item.uuid),
    "by a column of the order": lambda item: OrderItem.objects.filter(order__uuid=item.order.uuid),
    "by a column that is not unique": lambda item: OrderItem.objects.filter(sku_id=item.sku_id),
    "all but one": lambda item: OrderItem.objects.exclude(pk=item.pk),
    "by one or the other": lambda item: OrderItem.objects.filter(Q(pk=item.pk) | Q(pk=0)),
    "by itself": lambda item: OrderItem.objects.filter(uuid=F("uuid")),
    "by a subquery": lambda item: OrderItem.objects.filter(
        pk=Subquery(OrderItem.objects.filter(pk=OuterRef("pk")).values("pk")[:1])
    ),
    "a slice": lambda item: OrderItem.objects.filter(pk=item.pk)[:1],
    "past a slice": lambda item: OrderItem.objects.filter(pk=item.pk)[1:2],
}


@pytest.mark.parametrize("naming", [*UNIQUE, *OTHER])
def test_every_named_item_is_in_the_outcome(item, order, supplier, supplier_user, naming):
    CancellationFactory(order_item=item)
    CancellationFactory(order_item=OrderItemFactory(order=order, supplier=supplier))
    OrderItemFactory(order=order, supplier=supplier, sku_id=item.sku_id)
    items = {**UNIQUE, **OTHER}[naming](item)
    named = {other.uuid for other in items}
    outcome = confirm_cancellation(items, by=supplier_user)
    assert {*outcome.changed, *outcome.unchanged, *outcome.refused} == named


@pytest.mark.parametrize("operator", [False, True])
def test_a_confirmation_answers_with_the_item_as_it_is_now(
    item, cancellation, supplier_user, operator
):
    outcome = confirm_cancellation(
        UNIQUE["by UUID"](item), by=SYSTEM if operator else supplier_user, note="Gone."
    )
    assert outcome.changed == [item.uuid]
    assert outcome.item.timp_cancellation.order_item is outcome.item
    for held, model in ((outcome.item, OrderItem), (outcome.item.timp_cancellation, Cancellation)):
        stored = model.objects.get(pk=held.pk)
        for field in model._meta.concrete_fields:
            assert getattr(held, field.attname) == getattr(stored, field.attname), field


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.django_db(transaction=True)
def test_a_confirmation_that_comes_too_late_is_refused(item, cancellation, supplier_user, level):
    with just_before(
        "^UPDATE", lambda: reject_cancellation(OrderItem.objects.all(), by=SYSTEM), level
    ):
        outcome = confirm_cancellation(UNIQUE["by UUID"](item), by=supplier_user)
    assert outcome.refused[item.uuid].code == "already_rejected"
    assert outcome.item.timp_cancellation.status == "rejected"


def test_a_policy_that_doubles_rows_confirms_once(item, cancellation, settings):
    settings.TIMP_ORDERS = {"POLICY": "tests.test_policy.JoiningPolicy"}
    members = UserFactory.create_batch(3)
    item.supplier.members.set(members)
    outcome = confirm_cancellation(UNIQUE["by UUID"](item), by=members[0])
    assert outcome.changed == [item.uuid]


@pytest.fixture
def child(transactional_db):
    """A multi-table child of the order item, which has a primary key of its own, and its table."""
    with isolate_apps("tests"):

        class Engraved(OrderItem):
            code = models.CharField(max_length=8, primary_key=True)
            item = models.OneToOneField(OrderItem, models.CASCADE, parent_link=True)
            text = models.CharField(max_length=20, default="")

            class Meta:
                app_label = "tests"

        with connection.schema_editor() as editor:
            editor.create_model(Engraved)
        yield Engraved
        with connection.schema_editor() as editor:
            editor.delete_model(Engraved)


@pytest.mark.django_db(transaction=True)
class TestSubclassesOfTheItemModel:
    """They are meant by the item's own keys, whatever keys they have."""

    @pytest.fixture
    def engraved(self, child, order, supplier):
        items = OrderItemFactory.create_batch(4, order=order, supplier=supplier)
        for item in items:
            CancellationFactory(order_item=item)
        # Whose own key is the number of another item.
        made = child(code=str(items[0].pk), item=items[2])
        made.__dict__ |= {
            field.attname: getattr(items[2], field.attname)
            for field in OrderItem._meta.concrete_fields
        }
        made.save()
        return made

    @pytest.mark.parametrize(
        "items",
        [
            lambda model, one: one,
            lambda model, one: [one],
            lambda model, one: model.objects.filter(code=one.code),
            lambda model, one: model.objects.filter(pk=one.pk),
            lambda model, one: model.objects.all()[:1],
            lambda model, one: model.objects.order_by("text"),
        ],
    )
    def test_the_meant_item_is_cancelled_and_no_other(self, child, engraved, items):
        outcome = confirm_cancellation(items(child, engraved), by=SYSTEM)
        assert outcome.changed == [engraved.uuid]
        cancelled = OrderItem.objects.filter(status="Cancelled")
        assert [item.uuid for item in cancelled] == [engraved.uuid]

    @pytest.mark.parametrize(
        "items", [lambda model: model.objects.all(), lambda model: [model.objects.get()]]
    )
    def test_the_meant_item_is_read_for_a_page(self, child, engraved, items):
        assert [item.uuid for item in items_for(SYSTEM, items(child))] == [engraved.uuid]

    def test_its_supported_actions_are_those_of_the_meant_item(self, child, engraved):
        reject_cancellation(engraved, by=SYSTEM)
        assert supported_actions(child.objects.get(), SYSTEM) == ["request", "cancel"]

    def test_a_proxy_is_the_item_itself(self, item, cancellation):
        with isolate_apps("tests"):

            class Proxy(OrderItem):
                class Meta:
                    app_label = "tests"
                    proxy = True

        for items in (Proxy.objects.get(), Proxy.objects.all()):
            outcome = confirm_cancellation(items, by=SYSTEM)
            assert [*outcome.changed, *outcome.unchanged] == [item.uuid]


def test_a_status_in_a_parents_table_is_never_written_in_two_steps(
    child, order, supplier, settings
):
    """Django would SELECT, and then UPDATE by key whatever came in between."""
    caller = replace(Caller.of(SYSTEM), model=child)
    item = OrderItemFactory(order=order, supplier=supplier)
    latest = reads.known(CancellationFactory(order_item=item))
    facts = Facts(item.pk, item.uuid, item.status, True, True, latest)
    planned = plan(caller, Command(Action.CONFIRM), facts)
    for write in (
        lambda: writes.decide(caller, [planned]),
        lambda: optimistic.decide_one(caller, planned, child(code="x", item=item)),
    ):
        with pytest.raises(ImproperlyConfigured, match="its own table"):
            write()
