"""The demonstration data: made from fixed lists, so that each run gives the same.

Two retailers and two suppliers have a user each; the others are there to make the admin look like
a working day's. The data that the samples of the documentation name are in ``load_samples``.
"""

from datetime import timedelta
from itertools import count, cycle
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from rest_framework.authtoken.models import Token

from timp_orders.conf import settings as app_settings
from timp_orders.models import Cancellation, Order, OrderItem, Organization

SESSION = "h9qjyhleectu7aef5pkwma0jn2gxgitz"
TOKENS = {
    "supplier": "1234567890",
    "retailer": "0987654321",
    "other_supplier": "2222222222",
    "other_retailer": "3333333333",
}
MEMBERS = {
    "Harbor Home Goods": "supplier",
    "Northfield Outdoor": "other_supplier",
    "Maple & Main": "retailer",
    "Corner Market Online": "other_retailer",
}
SUPPLIERS = ["Harbor Home Goods", "Northfield Outdoor", "Bluebird Toys", "Atelier Lumière"]
RETAILERS = ["Maple & Main", "Corner Market Online", "Kaufhaus Möller", "Daily Basket"]

ITEM = UUID("2350a349-2441-4c32-b7f6-99b7e4540b94")
ITEM_TO_REJECT = UUID("4efca041-22e1-4e35-96d1-8495273a5868")
ORDER_TO_CONFIRM = UUID("db5a0c25-ff08-4a24-ab63-9530213219b9")
ORDER_TO_REJECT = UUID("3f756137-f575-4337-b61f-d55b917b146b")
ORDER_TO_CANCEL = UUID("521a91e5-058d-4474-aeee-f0c148594a00")

PRODUCTS = {
    "Harbor Home Goods": [
        ("7FZvMyg0BjfewNJJ", "Linen table runner, sand"),
        ("HHG-2201", "Stoneware dinner set, 12 pieces"),
        ("HHG-1187", "Oak cutting board, large"),
        ("HHG-3054", "Cast-iron casserole, 5 litres"),
        ("HHG-0412", "Beeswax candles, set of 6"),
    ],
    "Northfield Outdoor": [
        ("NFO-TENT-3P", "Ridge tent for three"),
        ("NFO-BAG-15", "Down sleeping bag, -15 °C"),
        ("NFO-STOVE", "Folding gas stove"),
        ("NFO-LAMP-2", "Rechargeable camping lantern"),
    ],
    "Bluebird Toys": [
        ("BBT-88", "Wooden train set, 88 parts"),
        ("BBT-PUZ-1000", "Jigsaw puzzle, 1,000 pieces"),
        ("BBT-KITE", "Rainbow kite"),
    ],
    "Atelier Lumière": [
        ("ATL-Ø30", "Rice-paper pendant lamp, Ø 30 cm"),
        ("ATL-FLOOR", "Walnut floor lamp"),
        ("ATL-BULB-6", "LED filament bulbs, 6-pack"),
    ],
}

# What an item went through: its own status now, and its cancellations, oldest first.
CAREERS = [
    ("Allocated", ["requested"]),
    ("Allocated", []),
    ("Unallocated", ["requested"]),
    ("HasTracking", []),
    ("Cancelled", ["confirmed"]),
    ("Backordered", ["requested"]),
    ("Allocated", ["rejected"]),
    ("Unallocated", []),
    ("Allocated", ["withdrawn", "requested"]),
    ("HasTracking", ["requested"]),  # shipped before the supplier looked: can only be rejected
    ("Rejected", []),
    ("HasTracking", ["rejected"]),
    ("Backordered", ["rejected", "requested"]),
    ("Cancelled", ["rejected", "confirmed"]),
    ("Allocated", ["withdrawn"]),
    ("Allocated", ["part"]),  # one of three was confirmed
    ("Allocated", ["part", "requested"]),
]
REASONS = [
    ("customer_request", "The customer found it elsewhere."),
    ("order_mistake", "Ordered twice by accident; please keep the other one."),
    ("customer_request", ""),
    ("pricing_error", "Listed at a tenth of its price."),
    ("undeliverable_address", "The parcel service does not know the street."),
    ("out_of_stock", ""),
    ("customer_request", "Moving house:\nneither address will do until the 15th."),
    ("fraud", "Chargeback on the customer's last three orders."),
]
REJECTION_REASONS = ["already_shipped", "in_production", "other"]
DECISION_NOTES = {
    "confirmed": ["", "Taken out of the picking list.", "Back on the shelf."],
    "rejected": ["Already packed.", "Made to order, cutting has begun.", "Leaves on today's van."],
    "withdrawn": ["", "The customer changed their mind."],
}


class Demonstration:
    """One load of the data; ``load()`` may be called again and again."""

    def __init__(self):
        self.now = timezone.now()
        self.within = app_settings.RESPOND_WITHIN
        self.reasons = cycle(REASONS)
        self.rejection_reasons = cycle(REJECTION_REASONS)
        self.notes = {status: cycle(notes) for status, notes in DECISION_NOTES.items()}
        self.users = {}
        self.organizations = {}
        self.items = []
        self.cancellations = []

    @transaction.atomic
    def load(self):
        """Make what is missing and put back what was changed, decisions included."""
        self.load_users()
        for org_type, names in (("supplier", SUPPLIERS), ("retailer", RETAILERS)):
            for name in names:
                self.load_organization(name, org_type)
        self.load_samples()
        self.load_working_day()
        # For demonstration data only: in earnest, a trail is never deleted.
        Cancellation.unguarded.filter(order_item__in=self.items).delete()
        # In the order of the requests, as real ones: "the next" goes by that of the keys.
        self.cancellations.sort(key=lambda cancellation: cancellation.requested_at)
        Cancellation.unguarded.bulk_create(self.cancellations)

    def load_users(self):
        """Make the users, each with their name as password, their tokens and the session."""
        for name in ("admin", *TOKENS):
            user, _ = get_user_model().objects.get_or_create(username=name)
            if not user.check_password(name):
                user.set_password(name)
            user.email = f"{name}@example.com"
            user.is_active = True
            user.is_staff = user.is_superuser = name == "admin"
            user.save()
            self.users[name] = user
        allowed = Permission.objects.get(
            content_type__app_label="timp_orders", codename="cancel_order"
        )
        for name, key in TOKENS.items():
            user = self.users[name]
            user.user_permissions.add(allowed)
            Token.objects.filter(user=user).exclude(key=key).delete()
            Token.objects.update_or_create(key=key, defaults={"user": user})
        self.load_session(self.users["supplier"])

    def load_session(self, user):
        """Log the user in under the session key of the samples, for two weeks from now."""
        store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        store().delete(SESSION)
        session = store(SESSION)
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save(must_create=True)

    def load_organization(self, name, org_type):
        organization, _ = Organization.objects.update_or_create(
            uuid=fixed_uuid(name), defaults={"name": name, "org_type": org_type}
        )
        organization.members.set([self.users[MEMBERS[name]]] if name in MEMBERS else [])
        self.organizations[name] = organization

    def load_samples(self):
        """Make what the documentation's samples name, all between one retailer and supplier."""
        products = PRODUCTS["Harbor Home Goods"]
        order = self.load_order("po-5527771067", "Maple & Main", days=2)
        self.load_item(order, "Harbor Home Goods", products[0], uuid=ITEM)
        self.load_item(order, "Harbor Home Goods", products[1], uuid=ITEM_TO_REJECT)
        for po_number, uuid, history in (
            ("po-5527771068", ORDER_TO_CONFIRM, ["requested"]),
            ("po-5527771069", ORDER_TO_REJECT, ["requested"]),
            ("po-5527771070", ORDER_TO_CANCEL, []),
        ):
            order = self.load_order(po_number, "Maple & Main", uuid=uuid, days=1)
            for product in products[1:4]:
                self.load_item(order, "Harbor Home Goods", product, history=history)

    def load_working_day(self):
        """Make orders of every retailer at every supplier, in every state."""
        careers = cycle(CAREERS)
        numbers = count(1)
        for number, (supplier, retailer) in zip(range(48), self.pairs(), strict=False):
            order = self.load_order(f"po-{7300412 + 37 * number}", retailer, days=3 + number // 4)
            for product in PRODUCTS[supplier][: 3 + number % 2]:
                status, history = next(careers)
                self.load_item(
                    order, supplier, product, 1 + next(numbers) % 3, status=status, history=history
                )
            if number % 4 == 0:  # an order that is fulfilled by two suppliers
                other = SUPPLIERS[(SUPPLIERS.index(supplier) + 1) % len(SUPPLIERS)]
                status, history = next(careers)
                self.load_item(order, other, PRODUCTS[other][0], status=status, history=history)

    @staticmethod
    def pairs():
        """Give each pair of supplier and retailer, over and over."""
        return cycle(
            (supplier, retailer)
            for shift in range(len(RETAILERS))
            for supplier, retailer in zip(
                SUPPLIERS, RETAILERS[shift:] + RETAILERS[:shift], strict=True
            )
        )

    def load_order(self, po_number, retailer, *, uuid=None, days):
        return Order.objects.update_or_create(
            uuid=uuid or fixed_uuid(po_number),
            defaults={
                "po_number": po_number,
                "retailer": self.organizations[retailer],
                "created_at": self.now - timedelta(days=days, minutes=17),
            },
        )[0]

    def load_item(
        self,
        order,
        supplier,
        product,
        quantity=2,
        *,
        uuid=None,
        status="Allocated",
        history=("requested",),
    ):
        sku_id, sku_name = product
        quantity = 3 if "part" in history else quantity
        uuid = uuid or fixed_uuid(f"{order.po_number}/{sku_id}")
        # To begin anew on purpose; save() alone writes no other status over the cancelled one.
        OrderItem.objects.filter(uuid=uuid).update(status=status)
        item, _ = OrderItem.objects.update_or_create(
            uuid=uuid,
            defaults={
                "order": order,
                "supplier": self.organizations[supplier],
                "sku_id": sku_id,
                "sku_name": sku_name,
                "quantity_ordered": quantity,
                "status": status,
            },
        )
        self.items.append(item)
        left = quantity
        for position, outcome in enumerate(history):
            is_part = outcome == "part" or (outcome, left) == ("requested", 3)
            asked = {"quantity": 1 if is_part else None, "quantity_available": left}
            if outcome in ("part", "confirmed"):
                confirmed = asked["quantity"] or left
                left -= confirmed
                asked |= {"quantity_confirmed": confirmed, "quantity_left": left}
            outcome = "confirmed" if outcome == "part" else outcome
            self.add_cancellation(item, outcome, position, asked)

    def add_cancellation(self, item, status, position, asked):
        reason, note = next(self.reasons)
        retailer = self.users.get(MEMBERS.get(item.order.retailer.name))
        requested_at = item.order.created_at + timedelta(hours=1 + 7 * position)
        cancellation = Cancellation(
            uuid=fixed_uuid(f"{item.uuid}/{position}"),
            order_item=item,
            status=status,
            reason=reason,
            note=note,
            requested_at=requested_at,
            requested_side="retailer",
            respond_by=self.within and requested_at + self.within,
            **asked,
            **made_by(retailer, "requested"),
        )
        if status != "requested":
            supplier = self.users.get(MEMBERS.get(item.supplier.name))
            cancellation.decided_at = requested_at + timedelta(hours=5)
            cancellation.decision_note = next(self.notes[status])
            cancellation.decided_side = "retailer" if status == "withdrawn" else "supplier"
            if status == "rejected":
                cancellation.decision_reason = next(self.rejection_reasons)
            decider = made_by(retailer if status == "withdrawn" else supplier, "decided")
            for name, value in decider.items():
                setattr(cancellation, name, value)
        self.cancellations.append(cancellation)


def made_by(user, act):
    """Give the fields of a cancellation that say who acted, and through which door."""
    return {
        f"{act}_by": user,
        f"{act}_by_name": user.get_username() if user else "",
        f"{act}_via": "api" if user else "code",
    }


def fixed_uuid(name):
    return uuid5(NAMESPACE_URL, f"https://example.com/timp_orders/{name}")
