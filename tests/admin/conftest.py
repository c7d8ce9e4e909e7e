from itertools import count

import pytest
from django.test import Client

from tests.admin.staff_client import Desk
from timp_orders.models import Cancellation, OrderItem
from timp_orders.testing import UserFactory


@pytest.fixture
def desk_of():
    def desk_of(user, **kwargs):
        client = Client()
        client.force_login(user)
        return Desk(client, **kwargs)

    return desk_of


@pytest.fixture
def staff(db):
    """Make a member of staff, with these permissions of the app and no others."""
    return lambda *permissions: UserFactory(is_staff=True, permissions=permissions)


@pytest.fixture
def superuser(db):
    return UserFactory(username="admin", is_staff=True, is_superuser=True)


@pytest.fixture
def desk(superuser, desk_of):
    """A superuser's."""
    return desk_of(superuser)


@pytest.fixture
def supplier_staff(staff, supplier):
    user = staff("cancel_order", "view_orderitem", "view_cancellation")
    supplier.members.add(user)
    return user


@pytest.fixture
def supplier_desk(supplier_staff, desk_of):
    """A member of the supplier's, who may decide."""
    return desk_of(supplier_staff)


@pytest.fixture
def crowd(order, supplier):
    """Make many items at once, each with an open cancellation."""
    numbers = count()

    def crowd(size, reason=""):
        items = OrderItem.objects.bulk_create(
            OrderItem(
                order=order, supplier=supplier, sku_id=f"M-{next(numbers)}", status="Allocated"
            )
            for _ in range(size)
        )
        Cancellation.unguarded.bulk_create(
            Cancellation(order_item=item, reason=reason) for item in items
        )
        return items

    return crowd
