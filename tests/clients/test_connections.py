"""Bodies in chunks, bodies that are too large, and what the next request on the connection gets."""

import json
from http.client import HTTPConnection, HTTPException

import pytest

pytestmark = pytest.mark.usefixtures("undecided")

ITEM = "2350a349-2441-4c32-b7f6-99b7e4540b94"
PATH = f"/timp/orders/items/cancel/{ITEM}/"
HEADERS = {"Authorization": "Token 1234567890", "Content-Type": "application/json"}
SERVERS = ["demo_server", "gunicorn", "runserver"]
NOTE = json.dumps({"note": "kept, in chunks"}).encode()


@pytest.fixture
def connect(request):
    opened = []

    def connect(server):
        base = request.getfixturevalue(server)
        connection = HTTPConnection(base.removeprefix("http://"), timeout=30)
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


def chunks(body, size=7):
    return (body[at : at + size] for at in range(0, len(body), size))


def send(connection, body, *, path=PATH + "reject/", headers=HEADERS, chunked=False):
    """Send a PATCH and read its answer; a server may answer before it has read everything."""
    try:
        body = chunks(body, 60_000) if chunked else body
        connection.request("PATCH", path, body=body, headers=headers, encode_chunked=chunked)
    except (BrokenPipeError, ConnectionResetError):
        pass
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def next_answer(connection):
    """Ask for the item on the same connection, or on a new one if the server closed it."""
    headers = {"Authorization": HEADERS["Authorization"]}
    for _ in range(2):
        try:
            connection.request("GET", PATH, headers=headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())["order_item_uuid"]
        except (HTTPException, ConnectionError):
            connection.close()
    raise AssertionError("The server does not answer.")


@pytest.mark.parametrize("server", ["demo_server", "gunicorn"])
def test_a_note_in_a_chunked_body_arrives(connect, server):
    connection = connect(server)
    status, answer = send(connection, NOTE, chunked=True)
    assert (status, answer["cancellation"]["decision_note"]) == (200, "kept, in chunks")
    assert next_answer(connection) == (200, ITEM)


def test_the_development_server_refuses_a_chunked_body_rather_than_dropping_it(connect):
    connection = connect("runserver")
    status, answer = send(connection, NOTE, chunked=True)
    assert (status, answer["code"]) == (411, "length_required")
    assert next_answer(connection) == (200, ITEM)


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("authorization", ["", "Token 0", "Token 0987654321"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_nobody_wants_never_becomes_the_next_request(
    connect, server, authorization, chunked
):
    smuggled = b"GET /admin/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    connection = connect(server)
    headers = {"Authorization": authorization, "Content-Type": "text/plain"}
    status, _ = send(connection, smuggled, headers=headers, chunked=chunked)
    assert status in (401, 411, 415)
    assert next_answer(connection) == (200, ITEM)


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_and_the_next_request_is_answered(
    connect, server, chunked
):
    connection = connect(server)
    status, answer = send(connection, b"[" * 2_000_000, chunked=chunked)
    wanted = (411, "length_required") if chunked and server == "runserver" else (413, "too_large")
    assert (status, answer["code"]) == wanted
    assert next_answer(connection) == (200, ITEM)


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT", "POST", "GET"])
def test_without_its_slash_a_call_is_404(connect, server, method):
    connection = connect(server)
    connection.request(method, f"{PATH}confirm", headers=HEADERS)
    response = connection.getresponse()
    response.read()
    assert response.status == 404


@pytest.mark.parametrize("server", ["demo_server", "gunicorn"])
def test_chunks_that_are_none_are_no_500(connect, server):
    connection = connect(server)
    connection.putrequest("PATCH", PATH + "reject/")
    for header in {**HEADERS, "Transfer-Encoding": "chunked"}.items():
        connection.putheader(*header)
    connection.endheaders()
    connection.send(b"nonsense\r\n\r\n")
    response = connection.getresponse()
    response.read()
    assert 400 <= response.status < 500
    connection.close()
    assert next_answer(connection) == (200, ITEM)
