from types import SimpleNamespace

from tests.hosts.companies.models import Company, Line, Product, Purchase
from timp_orders.testing import UserFactory

OPEN, SHIPPED, CANCELLED = "open", "sent", "void"
STATUS = "status"
APPS = ["timp_orders", "companies"]
LISTED = ["cancellation"]
DROPPED = [
    "timp_orders_order",
    "timp_orders_organization_members",
    "timp_orders_organization",
]


def make_world():
    seller, buyer = Company.objects.create(name="Seller"), Company.objects.create(name="Buyer")
    supplier_user = UserFactory(is_staff=True)
    retailer_user = UserFactory(is_staff=True)
    seller.employees.create(user=supplier_user)
    buyer.employees.create(user=retailer_user)
    purchase = Purchase.objects.create(number="po-1", buyer=buyer)
    lines = [
        Line.objects.create(
            purchase=purchase, product=Product.objects.create(sku=f"SKU-{n}", seller=seller)
        )
        for n in range(2)
    ]
    return SimpleNamespace(
        supplier_user=supplier_user, retailer_user=retailer_user, order=purchase.ref, lines=lines
    )
