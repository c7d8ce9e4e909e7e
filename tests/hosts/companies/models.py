import uuid

from django.conf import settings
from django.db import models

from timp_orders.models import AbstractOrderItem


class Company(models.Model):
    """One company may sell and buy."""

    name = models.CharField(max_length=80)

    def __str__(self):
        return self.name


class Employee(models.Model):
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="employees")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="employments"
    )

    def __str__(self):
        return str(self.user)


class Purchase(models.Model):
    ref = models.UUIDField(unique=True, default=uuid.uuid4)
    number = models.CharField(max_length=40)
    buyer = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="purchases")

    def __str__(self):
        return self.number


class Product(models.Model):
    sku = models.CharField(max_length=40, unique=True)
    seller = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="products")

    def __str__(self):
        return self.sku


class Line(AbstractOrderItem):
    """Who sells it is known by the product; names and quantities are kept elsewhere, or nowhere."""

    status = models.CharField(max_length=8, default="open")
    purchase = models.ForeignKey(Purchase, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="lines")

    ORDER_UUID_FIELD = "purchase__ref"
    PO_NUMBER_FIELD = "purchase__number"
    RETAILER_FIELD = "purchase__buyer"
    SUPPLIER_FIELD = "product__seller"
    SKU_ID_FIELD = "product__sku"
    SKU_NAME_FIELD = "title"
    QUANTITY_FIELD = ""

    CANCELLABLE_STATUSES = ["open"]
    SHIPPED_STATUSES = ["sent"]
    CANCELLED_STATUS = "void"

    @property
    def title(self):
        return f"Product {self.product.sku}"
