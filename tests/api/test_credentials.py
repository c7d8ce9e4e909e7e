"""Each credential, alone and together with others; and what a wrong one is told."""

from itertools import product

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.urls import reverse
from rest_framework.authentication import BaseAuthentication
from rest_framework.authtoken.models import Token

from tests.api import EVERY_CALL, WRITES, arguments, error
from tests.test_services import rows
from timp_orders.testing import UserFactory

pytestmark = pytest.mark.django_db

TOKENS = ["none", "garbage", "scheme", "empty", "spaces", "binary", "inactive", "valid"]
SESSIONS = ["none", "garbage", "without_csrf", "with_csrf"]


@pytest.fixture
def send(supplier_user, world):
    """Call with a token of one kind and a session of another."""
    inactive = UserFactory(is_active=False)
    headers = {
        "none": None,
        "garbage": "Token 0123456789",
        "scheme": f"Bearer {Token.objects.create(user=supplier_user).key}",
        "empty": "Token",
        "spaces": "Token one two",
        "binary": "Token \xff\xfe",
        "inactive": f"Token {Token.objects.create(user=inactive).key}",
        "valid": f"Token {supplier_user.auth_token.key}",
    }

    def send(token, session, name="confirm", method="patch", about="item"):
        args, kwargs = arguments(name, about, world.item.uuid)
        client = Client(enforce_csrf_checks=True)
        extra = {}
        if session == "garbage":
            client.cookies["sessionid"] = "nonsense"
        elif session != "none":
            client.force_login(supplier_user)
        if session == "with_csrf":
            client.cookies["csrftoken"] = extra["X-CSRFToken"] = "c" * 32
        if headers[token]:
            extra["Authorization"] = headers[token]
        if method != "get":
            kwargs["content_type"] = "application/json"
        path = reverse(f"timp_orders:{name}", args=args)
        return getattr(client, method)(path, headers=extra, **kwargs)

    return send


def wanted(token, session, *, is_write=True):
    """The token decides where there is one that its scheme knows; then the session does."""
    if token == "valid":
        return 200
    if token in ("none", "scheme"):
        if session in ("none", "garbage"):
            return 401, "not_authenticated"
        return 200 if session == "with_csrf" or not is_write else (403, "permission_denied")
    return 401, "authentication_failed"


@pytest.mark.parametrize(("token", "session"), list(product(TOKENS, SESSIONS)))
def test_a_confirm_with_each_pair_of_credentials(send, token, session):
    before = rows()
    response = send(token, session)
    result = wanted(token, session)
    if result == 200:
        assert response.status_code == 200
        assert response.json()["status"] == "Cancelled"
    else:
        assert error(response) == result
        assert rows() == before
    if response.status_code == 401:
        assert response["WWW-Authenticate"] == "Token"
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(("name", "method", "about"), EVERY_CALL)
def test_every_call_needs_credentials(send, name, method, about):
    before = rows()
    is_write = method != "get"
    for token, session in product(TOKENS, SESSIONS):
        result = wanted(token, session, is_write=is_write)
        if result != 200:
            assert error(send(token, session, name, method, about)) == result
    assert rows() == before


def test_a_csrf_failure_repeats_nothing_of_the_request(send, supplier_user, world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(supplier_user)
    path = reverse("timp_orders:confirm", args=[world.item.uuid])
    response = client.patch(path, headers={"Origin": "https://echo.example"})
    assert error(response) == (403, "permission_denied")
    assert "echo" not in response.content.decode()


@pytest.mark.parametrize(("name", "method", "about"), WRITES)
def test_who_is_not_signed_in_learns_nothing_about_the_body(client, world, name, method, about):
    args, _ = arguments(name, about, world.item.uuid)
    path = reverse(f"timp_orders:{name}", args=args)
    response = getattr(client, method)(path, data="[" * 100, content_type="text/plain")
    assert error(response) == (401, "not_authenticated")


def test_a_session_that_has_ended_is_no_credential(send, supplier_user, world):
    client = Client()
    client.force_login(supplier_user)
    SessionStore(client.cookies["sessionid"].value).delete()
    response = client.patch(reverse("timp_orders:confirm", args=[world.item.uuid]))
    assert error(response) == (401, "not_authenticated")


def test_a_host_says_who_is_asked_for_credentials(settings, call, world):
    settings.TIMP_ORDERS = {
        "AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"]
    }
    response = call("confirm", world.item.uuid, by=world.supplier)
    assert error(response) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Basic")


class Undecodable(BaseAuthentication):
    """Asks a database that cannot take what was sent."""

    def authenticate(self, request):
        raise ValueError("A string literal cannot contain NUL (0x00) characters.")

    def authenticate_header(self, request):
        return "Token"


def test_a_credential_that_no_database_takes_is_a_wrong_one(settings, call, world):
    settings.TIMP_ORDERS = {"AUTHENTICATION_CLASSES": [f"{__name__}.Undecodable"]}
    response = call("confirm", world.item.uuid, by=world.supplier)
    assert error(response) == (401, "authentication_failed")
    assert "NUL" not in response.content.decode()
