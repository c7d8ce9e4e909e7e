"""The statements of a confirmation over the API, one by one: the work that the database does."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.authtoken.models import Token

from timp_orders.models import OrderItem

pytestmark = pytest.mark.django_db(transaction=True)

WRITES = ("INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT")
SIGNED_IN = [
    ("SELECT", "authtoken_token"),
    ("SELECT", "auth_permission"),  # the user's own, and those of the user's groups
]


@pytest.fixture
def confirm(item, cancellation, supplier_user):
    """Confirm over the API; return the answer, and the kind and the table of each statement."""
    token = Token.objects.create(user=supplier_user)

    def confirm(**body):
        with CaptureQueriesContext(connection) as captured:
            response = Client().patch(
                reverse("timp_orders:confirm", args=[item.uuid]),
                body,
                content_type="application/json",
                headers={"Authorization": f"Token {token.key}"},
            )
        return response, [_kind_and_table(query["sql"]) for query in captured]

    return confirm


def _kind_and_table(sql):
    kind = re.match(r"\w+", sql)[0]
    while re.search(r"\([^()]*\)", sql):
        sql = re.sub(r"\([^()]*\)", "", sql)  # no subquery
    table = re.search(r"(?:FROM|UPDATE|INTO) [`\"]?(\w+)", sql)
    return kind, table[1] if table else ""


def test_a_confirmation_takes_seven_statements(confirm):
    response, statements = confirm()
    assert response.status_code == 200
    assert statements == [
        *SIGNED_IN,
        ("SELECT", "timp_orders_orderitem"),
        ("BEGIN", ""),
        ("UPDATE", "timp_orders_orderitem"),
        ("UPDATE", "timp_orders_cancellation"),
        ("COMMIT", ""),
    ]


def test_a_body_takes_no_more(confirm, cancellation):
    response, statements = confirm(note="Gone.", cancellation_uuid=str(cancellation.uuid))
    assert response.status_code == 200
    assert len(statements) == 7


def test_a_replay_writes_nothing_and_takes_fewer(confirm):
    confirm()
    response, statements = confirm()
    assert response.status_code == 200
    assert statements == [
        *SIGNED_IN,
        ("SELECT", "timp_orders_orderitem"),
    ]


@pytest.mark.parametrize("status", ["HasTracking", "Cancelled"])
def test_a_refusal_writes_nothing_and_takes_fewer(confirm, status):
    OrderItem.objects.update(status=status)
    response, statements = confirm()
    assert response.status_code == 422
    assert not [kind for kind, _ in statements if kind in WRITES]
    assert statements == [
        *SIGNED_IN,
        ("SELECT", "timp_orders_orderitem"),  # is it as expected?
        ("SELECT", "timp_orders_orderitem"),  # no: all there is to know about it
    ]
