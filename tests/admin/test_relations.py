"""Read-only relations are linked only where the reader may open what they lead to."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(staff, supplier, desk_of, order):
    """A clerk's of both sides, who may keep everything but act for one side only."""
    user = staff("cancel_order")
    for organization in (supplier, order.retailer):
        organization.members.add(user)
    kept = Permission.objects.filter(content_type__app_label="timp_orders")
    user.user_permissions.add(*kept.exclude(codename__contains="any_order"))
    return desk_of(user)


def test_what_may_be_opened_is_linked_and_asked_for_once(desk, item):
    with CaptureQueriesContext(connection) as captured:
        page = desk.client.get(desk.url("change", item.pk)).content.decode()
    assert f'<a href="/admin/timp_orders/order/{item.order_id}/change/">' in page
    assert f'<a href="/admin/timp_orders/organization/{item.supplier_id}/change/">' in page
    asked = [
        query["sql"]
        for query in captured.captured_queries
        if query["sql"].startswith("SELECT 1 AS")
        and ('FROM "timp_orders_or' in query["sql"] or "FROM `timp_orders_or" in query["sql"])
    ]
    assert len(asked) == 2


def test_what_may_not_is_named_only(desk, item):
    item.order.retailer.members.clear()
    page = desk.client.get(desk.url("change", item.pk)).content.decode()
    assert str(item.order) in page
    assert f"/timp_orders/order/{item.order_id}/change/" not in page
