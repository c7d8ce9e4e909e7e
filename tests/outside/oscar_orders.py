"""Fills a shop on Oscar: 50 orders of five customers, of the stock of three partners."""

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import transaction  # noqa: E402
from oscar.test import factories  # noqa: E402

PARTNERS = 3

with transaction.atomic():
    partners = [
        factories.PartnerFactory(users=[User.objects.create_user(f"partner{number}")])
        for number in range(PARTNERS)
    ]
    customers = [User.objects.create_user(f"customer{number}") for number in range(5)]
    records = [
        factories.StockRecordFactory(
            product=factories.ProductFactory(stockrecords=None),
            partner=partners[number % PARTNERS],
            num_in_stock=1000,
        )
        for number in range(9)
    ]
    for number in range(50):
        order = factories.OrderFactory(user=customers[number % 5], number=str(1000 + number))
        for position in range(3 + number % 2):
            record = records[(number + position) % len(records)]
            factories.OrderLineFactory(
                order=order,
                product=record.product,
                stockrecord=record,
                partner=record.partner,
                partner_sku=record.partner_sku,
                title=record.product.title,
                quantity=1 + position,
                num_allocated=1 + position,
                status="Pending",
            )
            record.allocate(1 + position)
