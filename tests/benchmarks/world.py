"""The same data for every contender: a supplier with its user, a retailer, orders and items."""

from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.utils import timezone
from rest_framework.authtoken.models import Token

TOKEN = "benchmark-token-of-the-supplier"
PERMISSIONS = ["cancel_order", "change_orderitem"]
ITEMS_PER_ORDER = 10


def contenders():
    """Name the contenders whose apps are installed."""
    names = ["tutorial", "assembled", "timp_orders", "floor"]
    return [name for name in names if apps.is_installed(_app(name))]


def url_of(contender, uuid):
    if contender == "timp_orders":
        return f"/timp/orders/items/cancel/{uuid}/confirm/"
    return f"/{contender}/{uuid}/confirm/"


def supplier_user():
    """Make the user who confirms, with a token and the permissions of every contender."""
    user, created = User.objects.get_or_create(username="supplier")
    if created:
        Token.objects.create(user=user, key=TOKEN)
        user.user_permissions.add(*Permission.objects.filter(codename__in=PERMISSIONS))
    return user


def seed(contender, count, *, per_order=ITEMS_PER_ORDER):
    """Add items of the supplier's, each with a request to cancel it.

    :returns: the items' UUIDs, in the order of their primary keys.
    """
    model = {name: apps.get_model(contender, name) for name in ("order", "orderitem")}
    supplier, retailer = organizations(contender)
    offset = model["order"].objects.count()
    orders = model["order"].objects.bulk_create(
        model["order"](po_number=f"po-{offset + n:010}", retailer=retailer)
        for n in range(-(-count // per_order))
    )
    asked = {"cancel_requested_at": timezone.now(), "cancel_reason": "customer_request"}
    items = model["orderitem"].objects.bulk_create(
        (
            model["orderitem"](
                order=orders[n // per_order],
                supplier=supplier,
                sku_id=f"SKU-{n % 1000}",
                sku_name="A thing that was ordered",
                quantity_ordered=2,
                status="Allocated",
                **(asked if contender in ("tutorial", "assembled") else {}),
            )
            for n in range(count)
        ),
        batch_size=5000,
    )
    if contender in ("timp_orders", "floor"):
        request(contender, items)
    return [item.uuid for item in items]


def organizations(contender):
    """Make the supplier, with its user, and the retailer of the contender's tables."""
    organization = apps.get_model(contender, "organization")
    typed = contender in ("timp_orders", "floor")
    supplier, created = organization.objects.get_or_create(
        name="Supplier", **({"org_type": "supplier"} if typed else {})
    )
    if created:
        supplier.members.add(supplier_user())
    retailer, _ = organization.objects.get_or_create(
        name="Retailer", **({"org_type": "retailer"} if typed else {})
    )
    return supplier, retailer


def request(contender, items):
    """Open a cancellation for each item."""
    cancellation = apps.get_model(contender, "cancellation")
    now = timezone.now()
    rows = getattr(cancellation, "unguarded", cancellation.objects)  # of the app, or of the floor
    rows.bulk_create(
        (
            cancellation(order_item_id=item.pk, reason="customer_request", requested_at=now)
            for item in items
        ),
        batch_size=5000,
    )


def analyze():
    """Have the database look at what was seeded, as it does by itself a little later."""
    statement = {"mysql": "ANALYZE TABLE {}"}.get(connection.vendor, "ANALYZE {}")
    with connection.cursor() as cursor:
        for table in ("timp_orders_orderitem", "timp_orders_cancellation"):
            cursor.execute(statement.format(table))


def _app(contender):
    return contender if contender == "timp_orders" else f"tests.benchmarks.{contender}"
