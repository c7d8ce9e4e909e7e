from types import SimpleNamespace

from timp_orders.testing import OrderFactory, OrderItemFactory, OrganizationFactory, UserFactory

OPEN, SHIPPED, CANCELLED = "Allocated", "HasTracking", "Cancelled"
STATUS = "status"
APPS = ["timp_orders"]
LISTED = ["cancellation", "order", "orderitem", "organization"]
DROPPED = []


def make_world():
    """Two users of the two sides, and an order with two lines."""
    supplier_user, retailer_user = UserFactory(is_staff=True), UserFactory(is_staff=True)
    supplier = OrganizationFactory(org_type="supplier", members=[supplier_user])
    retailer = OrganizationFactory(org_type="retailer", members=[retailer_user])
    order = OrderFactory(retailer=retailer, po_number="po-1")
    lines = [
        OrderItemFactory(
            order=order, supplier=supplier, sku_id=f"SKU-{n}", sku_name="Lamp", quantity_ordered=3
        )
        for n in range(2)
    ]
    return SimpleNamespace(
        supplier_user=supplier_user, retailer_user=retailer_user, order=order.uuid, lines=lines
    )
