import pytest
from django.apps import apps

from timp_orders.models import OrderItem
from timp_orders.signals import cancellation_confirmed, cancellation_due
from timp_orders.testing import (
    CancellationFactory,
    OrderFactory,
    OrderItemFactory,
    OrganizationFactory,
    UserFactory,
)


def pytest_xdist_auto_num_workers(config):
    """Start no workers for files that were named: they would take longer than the tests."""
    is_whole = config.args_source == pytest.Config.ArgsSource.TESTPATHS
    return None if is_whole else 0


@pytest.fixture(scope="session", autouse=True)
def _no_side_effects():
    """The tests of the example project's side effects connect the receivers themselves."""
    if apps.is_installed("refunds"):
        from notifications import receivers
        from refunds.receivers import enqueue_refund
        from reminders.receivers import enqueue_reminder

        cancellation_confirmed.disconnect(enqueue_refund)
        cancellation_due.disconnect(enqueue_reminder)
        receivers.disconnect()


@pytest.fixture
def supplier_user(db):
    return UserFactory(username="supplier")


@pytest.fixture
def retailer_user(db):
    return UserFactory(username="retailer")


@pytest.fixture
def supplier(supplier_user):
    return OrganizationFactory(org_type="supplier", members=[supplier_user])


@pytest.fixture
def retailer(retailer_user):
    return OrganizationFactory(org_type="retailer", members=[retailer_user])


@pytest.fixture
def order(retailer):
    return OrderFactory(retailer=retailer)


@pytest.fixture
def item(order, supplier):
    """An allocated item of the retailer's and the supplier's, without a cancellation."""
    return OrderItemFactory(order=order, supplier=supplier)


@pytest.fixture
def cancellation(item):
    """The item's open cancellation."""
    return CancellationFactory(order_item=item)


@pytest.fixture
def named():
    """Make a query set that names items."""
    return lambda *items: OrderItem.objects.filter(pk__in=[item.pk for item in items])
