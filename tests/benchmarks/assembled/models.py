import uuid

from django.db import models
from django_fsm import FSMField, transition
from simple_history.models import HistoricalRecords


class Organization(models.Model):
    name = models.CharField(max_length=200)
    members = models.ManyToManyField("auth.User", related_name="assembled_organizations")


class Order(models.Model):
    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    po_number = models.CharField(max_length=64)
    retailer = models.ForeignKey(Organization, models.PROTECT, related_name="orders")


class OrderItem(models.Model):
    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    order = models.ForeignKey(Order, models.CASCADE, related_name="items")
    supplier = models.ForeignKey(Organization, models.PROTECT, related_name="items")
    sku_id = models.CharField(max_length=64, db_index=True)
    sku_name = models.CharField(max_length=200)
    quantity_ordered = models.PositiveIntegerField(default=1)
    status = FSMField(max_length=32, default="Allocated", protected=True)
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=64, blank=True)
    cancel_note = models.TextField(blank=True)
    history = HistoricalRecords()

    @transition(
        field=status,
        source=["Unallocated", "Allocated", "Backordered"],
        target="Cancelled",
        conditions=[lambda item: item.cancel_requested_at is not None],
    )
    def confirm_cancellation(self):
        """The retailer's request is granted."""
