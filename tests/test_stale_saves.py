"""A stale ``save()`` of the host's does not undo a cancellation."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from timp_orders.models import OrderItem, StaleStatus
from timp_orders.services import SYSTEM, confirm_cancellation, request_cancellation

pytestmark = pytest.mark.django_db


@pytest.fixture
def stale(item, cancellation):
    """An instance that was read before the confirmation."""
    read = OrderItem.objects.get(pk=item.pk)
    confirm_cancellation(item.uuid, by=SYSTEM)
    return read


def stored(item):
    return OrderItem.objects.values("status", "sku_name").get(pk=item.pk)


@pytest.mark.parametrize(
    "save",
    [
        lambda item: item.save(),
        lambda item: item.save(force_update=True),
        lambda item: item.save(update_fields=["status"]),
        lambda item: item.save(update_fields=["sku_name", "status"]),
        lambda item: item.save_base(),
    ],
)
@pytest.mark.parametrize("status", ["Allocated", "HasTracking", "Rejected"])
def test_another_status_is_not_written_over_the_cancelled_one(stale, save, status):
    stale.status = status
    stale.sku_name = "new"
    before = stored(stale)
    # An error of save() breaks the transaction, as any of Django's own does.
    with pytest.raises(StaleStatus, match=str(stale.pk)), transaction.atomic():
        save(stale)
    assert stored(stale) == before


def test_nor_by_an_instance_that_was_read_after_it(stale):
    read = OrderItem.objects.get(pk=stale.pk)
    read.status = "Allocated"
    with pytest.raises(StaleStatus):
        read.save()


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item.save(update_fields=["sku_name"]),
        lambda item: (setattr(item, "status", "Cancelled"), item.save()),
        lambda item: (item.refresh_from_db(), setattr(item, "sku_name", "new"), item.save()),
    ],
)
def test_what_writes_no_other_status_is_saved(stale, change):
    stale.sku_name = "new"
    change(stale)
    assert stored(stale) == {"status": "Cancelled", "sku_name": "new"}


def test_a_deferred_status_is_left_alone(stale):
    read = OrderItem.objects.defer("status").get(pk=stale.pk)
    read.sku_name = "new"
    read.save()
    assert stored(stale) == {"status": "Cancelled", "sku_name": "new"}


def test_an_item_that_is_not_cancelled_is_saved_by_one_statement(item):
    item.status = "HasTracking"
    with CaptureQueriesContext(connection) as captured:
        item.save()
    assert [query["sql"].split()[0] for query in captured] == ["UPDATE"]
    assert stored(item)["status"] == "HasTracking"


def test_a_new_item_is_inserted_and_a_deleted_one_again(item):
    copy = OrderItem.objects.get(pk=item.pk)
    item.delete()
    copy.save()  # as Django does it
    assert stored(copy)["status"] == "Allocated"


def test_the_host_may_set_it_back_on_purpose(stale):
    stale.set_back("Backordered")
    assert stored(stale)["status"] == "Backordered"
    assert request_cancellation(stale, by=SYSTEM).changed == [stale.uuid]
    stale.status = "HasTracking"
    stale.save()  # nothing is cancelled any more


def test_what_set_it_back_guards_it_again(stale):
    stale.set_back("Allocated")
    again = request_cancellation(stale, by=SYSTEM).one()
    confirm_cancellation(again, by=SYSTEM, expected=again.timp_cancellation.uuid)
    with pytest.raises(StaleStatus):
        stale.save()


def test_no_template_can_set_it_back():
    assert OrderItem.set_back.alters_data
