"""The audit trail is guarded: facts are written by the services, and nothing is deleted."""

from datetime import UTC, datetime

import pytest
from asgiref.sync import async_to_sync
from django.core import serializers
from django.core.management import call_command
from django.db import models, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from tests.test_erasure import PERSONAL as ERASED
from timp_orders import services
from timp_orders.models import Cancellation, ProtectedTrail
from timp_orders.models.trail import PERSONAL
from timp_orders.services import SYSTEM
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db


def row(cancellation):
    return Cancellation.objects.values().get(pk=cancellation.pk)


def changed(cancellation):
    cancellation.status = "confirmed"
    return cancellation


DELETIONS = {
    "instance": lambda one: one.delete(),
    "query_set": lambda one: Cancellation.objects.all().delete(),
    "of_an_item": lambda one: one.order_item.cancellations.all().delete(),
    "default_manager": lambda one: Cancellation._default_manager.all().delete(),
    "base_manager": lambda one: Cancellation._base_manager.all().delete(),
    "asynchronous": lambda one: async_to_sync(one.adelete)(),
    "asynchronous_query_set": lambda one: async_to_sync(Cancellation.objects.all().adelete)(),
}
CREATIONS = {
    "save": lambda item: Cancellation(order_item=item).save(),
    "asave": lambda item: async_to_sync(Cancellation(order_item=item).asave)(),
    "create": lambda item: Cancellation.objects.create(order_item=item),
    "acreate": lambda item: async_to_sync(Cancellation.objects.all().acreate)(order_item=item),
    "of_an_item": lambda item: item.cancellations.create(),
    "get_or_create": lambda item: Cancellation.objects.get_or_create(order_item=item),
    "update_or_create": lambda item: Cancellation.objects.update_or_create(order_item=item),
    "bulk_create": lambda item: Cancellation.objects.bulk_create([Cancellation(order_item=item)]),
    "abulk_create": lambda item: async_to_sync(Cancellation.objects.all().abulk_create)(
        [Cancellation(order_item=item)]
    ),
}
WRITES = {
    "save": lambda one: changed(one).save(),
    "save_with_fields": lambda one: one.save(update_fields=["note", "respond_by"]),
    "asave": lambda one: async_to_sync(changed(one).asave)(),
    "update": lambda one: Cancellation.objects.update(note="", respond_by=timezone.now()),
    "aupdate": lambda one: async_to_sync(Cancellation.objects.all().aupdate)(
        overdue_at=timezone.now()
    ),
    "update_of_an_item": lambda one: one.order_item.cancellations.update(reason="fraud"),
    "bulk_update": lambda one: Cancellation.objects.bulk_update([changed(one)], ["status"]),
    "abulk_update": lambda one: async_to_sync(Cancellation.objects.all().abulk_update)(
        [changed(one)], ["note", "status"]
    ),
    "update_or_create": lambda one: Cancellation.objects.update_or_create(
        {"quantity_left": 1}, uuid=one.uuid
    ),
    "add": lambda one: OrderItemFactory().cancellations.add(one),
    "add_one_by_one": lambda one: OrderItemFactory().cancellations.add(one, bulk=False),
    "set": lambda one: OrderItemFactory().cancellations.set([one]),
}


def parameters(acts):
    return pytest.mark.parametrize("act", acts.values(), ids=acts)


class TestWhatIsRefused:
    @parameters(DELETIONS)
    @pytest.mark.parametrize("status", ["requested", "confirmed"])
    def test_to_delete(self, status, act):
        one = CancellationFactory(status=status)
        with pytest.raises(ProtectedTrail, match=r"manage\.py erase_personal_data"):
            act(one)
        assert Cancellation.objects.get() == one

    @parameters(CREATIONS)
    def test_to_create(self, item, act):
        with pytest.raises(ProtectedTrail, match=r"request_cancellation\(\).* timp_orders\.servic"):
            act(item)
        assert not Cancellation.objects.exists()

    @parameters(WRITES)
    @pytest.mark.parametrize("status", ["requested", "rejected"])
    def test_to_write_facts(self, status, act):
        one = CancellationFactory(status=status)
        before = row(one)
        with (
            pytest.raises(ProtectedTrail, match=r"confirm_cancellation\(\).* timp_orders\.servic"),
            transaction.atomic(),
        ):
            act(one)
        assert row(one) == before

    def test_it_says_which_facts(self, cancellation):
        with pytest.raises(ProtectedTrail, match=r"not here \(quantity, status\)"):
            Cancellation.objects.update(note="", status="confirmed", quantity=1)

    def test_templates_call_nothing_of_it(self):
        assert Cancellation.save.alters_data
        assert Cancellation.delete.alters_data
        assert all(
            getattr(query_set, name).alters_data
            for query_set in (Cancellation.objects.all(), Cancellation.unguarded.all())
            for name in ("create", "bulk_create", "update", "delete")
        )
        assert not hasattr(Cancellation.objects, "delete")


class TestWhatWorks:
    def test_what_is_personal_is_what_erasure_erases(self):
        assert {Cancellation._meta.get_field(name).attname for name in PERSONAL} == ERASED

    def test_notes_and_names_are_written(self, cancellation, supplier_user):
        cancellation.note = "One"
        cancellation.save(update_fields=["note"])
        cancellation.decision_note = "Two"
        Cancellation.objects.bulk_update([cancellation], ["decision_note"])
        Cancellation.objects.update(requested_by_id=supplier_user.pk)
        Cancellation.objects.update(decided_by=supplier_user)
        cancellation.save(update_fields=[])
        found = Cancellation.objects.get()
        assert (found.note, found.decision_note) == ("One", "Two")
        assert found.requested_by == found.decided_by == supplier_user

    def test_a_user_is_deleted_and_the_name_stays(self, item, retailer_user, supplier_user):
        services.request_cancellation(item, by=retailer_user)
        services.confirm_cancellation(item, by=supplier_user)
        retailer_user.delete()
        type(supplier_user).objects.filter(pk=supplier_user.pk).delete()
        found = Cancellation.objects.get()
        assert (found.requested_by, found.requested_by_name) == (None, "retailer")
        assert (found.decided_by, found.decided_by_name) == (None, "supplier")

    def test_its_item_is_protected_as_before(self, cancellation):
        with pytest.raises(ProtectedError):
            cancellation.order_item.delete()
        with pytest.raises(ProtectedError):
            cancellation.order_item.order.delete()

    def test_dumped_rows_are_loaded(self, item, tmp_path):
        moment = datetime(2030, 1, 2, tzinfo=UTC)  # JSON has no microseconds
        cancellation = CancellationFactory(order_item=item, requested_at=moment)
        fixture = tmp_path / "trail.json"
        fixture.write_text(serializers.serialize("json", [cancellation]))
        before = row(cancellation)
        Cancellation.unguarded.update(reason="fraud")
        call_command("loaddata", fixture, verbosity=0)
        assert row(cancellation) == before
        Cancellation.unguarded.all().delete()
        call_command("loaddata", fixture, verbosity=0)
        assert row(cancellation) == before


class TestTheDoor:
    def test_it_writes_everything_and_sends_the_signals_of_models(self, item):
        sent = []

        def keep(instance, created, raw, **kwargs):
            sent.append((instance, created, raw))

        models.signals.post_save.connect(keep, sender=Cancellation)
        try:
            made = Cancellation.unguarded.create(order_item=item, requested_via="admin")
        finally:
            models.signals.post_save.disconnect(keep, sender=Cancellation)
        assert sent == [(made, True, False)]
        assert Cancellation.unguarded.update(respond_by=made.requested_at) == 1
        assert Cancellation.unguarded.get_or_create(pk=made.pk) == (made, False)
        assert Cancellation.unguarded.filter(pk=made.pk).delete()[0] == 1

    def test_the_factory_takes_it_in_the_database_that_is_named(self, item):
        class Elsewhere(CancellationFactory):
            class Meta:
                database = "elsewhere"

        assert Elsewhere._get_manager(Cancellation).db == "elsewhere"
        assert CancellationFactory._get_manager(Cancellation).db == "default"

    def test_the_services_take_it(self, item):
        services.cancel_items(item, by=SYSTEM)
        assert Cancellation.objects.get().status == "confirmed"
