from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import Token

from tests.api import CALLERS
from timp_orders.testing import UserFactory


class Callers(dict):
    """A user for each of ``CALLERS``, made when first asked for."""

    def __init__(self, supplier, retailer):
        self.sides = {"supplier": [supplier], "retailer": [retailer], "both": [supplier, retailer]}

    def __missing__(self, caller):
        assert caller in CALLERS
        permissions = {"operator": ["cancel_any_order"], "superuser": []}.get(caller)
        if caller == "auditor":
            permissions = ["view_any_order", "cancel_order"]
        elif caller.startswith("powerless"):
            permissions = []
        user = UserFactory(permissions=permissions, is_superuser=caller == "superuser")
        for organization in self.sides.get(caller.removeprefix("powerless_"), ()):
            organization.members.add(user)
        self[caller] = user
        return user


@pytest.fixture
def callers(supplier, retailer, supplier_user, retailer_user):
    callers = Callers(supplier, retailer)
    callers.update(supplier=supplier_user, retailer=retailer_user)
    return callers


@pytest.fixture
def call(db):
    """Call a view by its name, as a user with a token: ``call("confirm", item.uuid, by=user)``."""
    tokens = {}

    def call(name, *args, by=None, method="patch", **kwargs):
        path = name if name.startswith("/") else reverse(f"timp_orders:{name}", args=args)
        if by is not None:
            if by.pk not in tokens:
                tokens[by.pk] = Token.objects.create(user=by).key
            kwargs.setdefault("headers", {})["Authorization"] = f"Token {tokens[by.pk]}"
        if method != "get":
            kwargs.setdefault("content_type", "application/json")
        return getattr(Client(raise_request_exception=True), method)(path, **kwargs)

    return call


class World:
    """An item with its open cancellation, and whoever may call: ``world.supplier``, …"""

    def __init__(self, callers, item, cancellation):
        self.callers = callers
        self.item = item
        self.order = item.order
        self.cancellation = cancellation
        self.nowhere = uuid4()

    def __getattr__(self, name):
        return self.callers[name]


@pytest.fixture
def world(callers, item, cancellation):
    return World(callers, item, cancellation)
