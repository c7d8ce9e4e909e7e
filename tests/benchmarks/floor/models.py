"""The tables of timp_orders, as far as a confirm touches them."""

import uuid

from django.db import models


class Organization(models.Model):
    name = models.CharField(max_length=200)
    org_type = models.CharField(max_length=16)
    members = models.ManyToManyField("auth.User", related_name="floor_organizations")


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
    status = models.CharField(max_length=32, default="Allocated")


class Cancellation(models.Model):
    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    order_item = models.ForeignKey(OrderItem, models.PROTECT, related_name="cancellations")
    status = models.CharField(max_length=16, default="requested")
    reason = models.CharField(max_length=64, blank=True)
    note = models.TextField(blank=True)
    requested_at = models.DateTimeField()
    decision_note = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_via = models.CharField(max_length=8, blank=True)
    decided_by = models.ForeignKey("auth.User", models.SET_NULL, null=True, related_name="+")
    decided_by_name = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order_item"],
                condition=models.Q(status="requested"),
                name="floor_cancellation_one_open",
            )
        ]
        indexes = [models.Index(fields=["status", "id"], name="floor_cancellation_status_idx")]
