from types import SimpleNamespace

from tests.hosts.lines.models import OrderLine, State
from timp_orders.testing import OrderFactory, OrganizationFactory, UserFactory

OPEN, SHIPPED, CANCELLED = State.PICKED, State.SENT, State.CANCELLED
STATUS = "state"
APPS = ["timp_orders", "lines"]
LISTED = ["cancellation", "order", "organization"]
DROPPED = []


def make_world():
    supplier_user = UserFactory(is_staff=True)
    retailer_user = UserFactory(is_staff=True)
    vendor = OrganizationFactory(org_type="supplier", members=[supplier_user])
    retailer = OrganizationFactory(org_type="retailer", members=[retailer_user])
    order = OrderFactory(retailer=retailer, po_number="po-1")
    lines = [
        OrderLine.objects.create(
            purchase=order, vendor=vendor, article=f"SKU-{n}", title="Lamp", pieces=3, state=OPEN
        )
        for n in range(2)
    ]
    return SimpleNamespace(
        supplier_user=supplier_user, retailer_user=retailer_user, order=order.uuid, lines=lines
    )
