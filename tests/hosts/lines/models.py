from uuid import uuid4

from django.db import models

from timp_orders.models import AbstractOrderItem


class State(models.IntegerChoices):
    NEW = 10
    PICKED = 20
    SENT = 30
    CANCELLED = 90


class OrderLine(AbstractOrderItem):
    """The host's own names for everything; the fields that it inherits are switched off.

    Its foreign keys lead to UUIDs.
    """

    uuid = None
    status = None

    public_id = models.UUIDField(unique=True, default=uuid4, editable=False)
    state = models.PositiveSmallIntegerField(choices=State.choices, default=State.NEW)
    purchase = models.ForeignKey(
        "timp_orders.Order", on_delete=models.CASCADE, related_name="lines", to_field="uuid"
    )
    vendor = models.ForeignKey(
        "timp_orders.Organization", on_delete=models.PROTECT, related_name="lines", to_field="uuid"
    )
    article = models.CharField(max_length=40)
    title = models.CharField(max_length=80)
    pieces = models.PositiveIntegerField(default=1)

    UUID_FIELD = "public_id"
    STATUS_FIELD = "state"
    ORDER_UUID_FIELD = "purchase__uuid"
    PO_NUMBER_FIELD = "purchase__po_number"
    RETAILER_FIELD = "purchase__retailer"
    SUPPLIER_FIELD = "vendor"
    SKU_ID_FIELD = "article"
    SKU_NAME_FIELD = "title"
    QUANTITY_FIELD = "pieces"

    CANCELLABLE_STATUSES = [State.NEW, State.PICKED]
    SHIPPED_STATUSES = [State.SENT]
    CANCELLED_STATUS = State.CANCELLED
