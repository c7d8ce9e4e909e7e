"""Bodies that come without a length, as the platform's Node.js sample sends them."""

import json
from io import BytesIO

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from tests.api import error
from timp_orders.api.base import CancellationAPIView
from timp_orders.api.body import BodyParser, LengthRequired, receive

LIMIT = 1000
BODY = json.dumps({"note": "kept"}).encode()


class Broken(BytesIO):
    def read(self, *args):
        raise OSError("the client went away")


def wsgi(body, **environ):
    stream = body if isinstance(body, BytesIO) else BytesIO(body)
    return WSGIRequest(
        {
            "REQUEST_METHOD": "PATCH",
            "CONTENT_TYPE": "application/json",
            "wsgi.input": stream,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            **environ,
        }
    )


CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}
TERMINATED = {"wsgi.input_terminated": True}


def read(request):
    receive(request, LIMIT)
    return Request(request, parsers=[BodyParser()]).data


def test_a_chunked_body_is_read_where_the_server_marks_its_end():
    assert read(wsgi(BODY, **CHUNKED, **TERMINATED)) == {"note": "kept"}


def test_a_body_without_a_length_is_read_without_a_transfer_encoding_too():
    """HTTP/2 has no chunks."""
    assert read(wsgi(BODY, **TERMINATED)) == {"note": "kept"}


def test_it_is_read_even_if_middleware_has_asked_for_the_body_before():
    request = wsgi(BODY, **CHUNKED, **TERMINATED)
    assert request.body == b""  # as Django has it
    assert read(request) == {"note": "kept"}


def test_a_body_with_a_length_is_left_to_django():
    request = wsgi(BODY + b"the next request", CONTENT_LENGTH=str(len(BODY)), **TERMINATED)
    assert read(request) == {"note": "kept"}


def test_a_chunked_body_that_cannot_be_read_is_refused_not_dropped():
    with pytest.raises(LengthRequired):
        receive(wsgi(BODY, **CHUNKED), LIMIT)


def test_no_body_is_an_empty_one():
    assert read(wsgi(b"")) == {}
    assert read(wsgi(b"", **TERMINATED)) == {}
    assert read(wsgi(b"", **CHUNKED, **TERMINATED)) == {}


def test_a_body_over_the_limit_is_not_read_to_its_end():
    request = wsgi(b"x" * 1000, **CHUNKED, **TERMINATED)
    receive(request, 10)
    assert request.META["CONTENT_LENGTH"] == "11"


@pytest.mark.parametrize("length", [{}, {"CONTENT_LENGTH": "20"}])
def test_a_body_that_broke_off_is_400(length):
    with pytest.raises(ParseError):
        read(wsgi(Broken(), **length, **TERMINATED))


@pytest.mark.parametrize("headers", [[], [(b"transfer-encoding", b"chunked")]])
def test_asgi_servers_have_read_it_already(headers):
    scope = {
        "type": "http",
        "method": "PATCH",
        "path": "/",
        "headers": [(b"content-type", b"application/json"), *headers],
    }
    assert read(ASGIRequest(scope, BytesIO(BODY))) == {"note": "kept"}


class Echo(CancellationAPIView):
    def patch(self, request):
        raise AssertionError("not reached without credentials")


@pytest.mark.django_db
@pytest.mark.parametrize("authorization", ["", "Token 0"])
def test_whatever_is_answered_before_an_unreadable_body_closes_the_connection(authorization):
    """The body would be taken for the next request; a stream without a length is the last."""
    response = Echo.as_view()(wsgi(BODY, **CHUNKED, HTTP_AUTHORIZATION=authorization))
    assert response.streaming
    assert "Content-Length" not in response.headers


@pytest.mark.django_db
def test_an_unreadable_body_is_411(call, world):
    response = call("confirm", world.item.uuid, by=world.supplier, **CHUNKED)
    response.json = lambda: json.loads(response.getvalue())
    assert error(response) == (411, "length_required")
    world.item.refresh_from_db()
    assert world.item.status == "Allocated"
