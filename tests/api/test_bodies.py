"""What a client may send, and that nothing it sends is a 500, or changes what it must not."""

import json
from uuid import uuid4

import pytest
from django.urls import reverse

from tests.api import WRITES, arguments, error
from tests.test_services import rows
from timp_orders.models import Cancellation
from timp_orders.testing import CancellationFactory, UserFactory

pytestmark = pytest.mark.django_db

DECISIONS = ["confirm", "reject", "withdraw"]
JSON = "application/json"

NOT_JSON = {
    "empty word": b"nonsense",
    "open brace": b"{",
    "two": b"{}{}",
    "single quotes": b"{'note': 1}",
    "comment": b"{} // note",
    "white space": b"   ",
    "nan": b'{"note": NaN}',
    "infinity": b'{"note": -Infinity}',
    "invalid utf-8": b'{"note": "\xff\xfe"}',
    "utf-16": '{"note": "x"}'.encode("utf-16"),
    "latin-1": '{"note": "é"}'.encode("latin-1"),
    "a byte order mark in UTF-16": b"\xff\xfe{\x00}\x00",
    "two byte order marks": b'\xef\xbb\xbf\xef\xbb\xbf{"note": "x"}',
    "a name that comes twice": b'{"note": "x", "note": "x"}',
    "a name that comes twice deeper": b'{"note": {"a": 1, "a": 2}}',
    "control character": b'{"note": "\x00"}',
    "nested arrays": b"[" * 60_000,
    "nested objects": b'{"a":' * 12_000,
    "long number": b'{"a": ' + b"9" * 5000 + b"}",
}
NO_OBJECT = {
    "array": b"[]",
    "string": b'"note"',
    "number": b"7",
    "huge exponent": b"1e999",
    "null": b"null",
    "true": b"true",
}
WRONG_TYPES = [7, 1.5, True, [], {}, ["text"], {"text": "text"}]
WRONG_UUIDS = [
    *WRONG_TYPES,
    "",
    "nonsense",
    "{2350a349-2441-4c32-b7f6-99b7e4540b94}",
    "urn:uuid:2350a349-2441-4c32-b7f6-99b7e4540b94",
    "2350a34924414c32b7f699b7e4540b94",
    "2350a349-2441-4c32-b7f6-99b7e4540b94 ",
    "2350a349-2441-4c32-b7f6-99b7e4540b9\x00",
    "\ud800",
]
WRONG_NOTES = [*WRONG_TYPES, "x" * 2001, "NUL \x00", "surrogate \ud800"]
WRONG_REASONS = [*WRONG_TYPES, "nonsense", "Fraud", " fraud", "fraud\x00", "\ud800", "x" * 5000]


@pytest.fixture(params=WRITES, ids=[f"{name} {method}" for name, method, _ in WRITES])
def send(request, call, world):
    """Send a body to each of the calls that take one, as an operator."""
    name, method, about = request.param

    def send(body, content_type=JSON, **kwargs):
        uuid = world.order.uuid if about == "order" else world.item.uuid
        args, _ = arguments(name, about, uuid)
        return call(
            name,
            *args,
            method=method,
            by=world.operator,
            data=body,
            content_type=content_type,
            **kwargs,
        )

    send.call = name
    return send


def refused(send, bodies, result, **kwargs):
    """Assert that each body is refused alike, changes nothing, and is not repeated."""
    before = rows()
    for body in bodies:
        response = send(body, **kwargs)
        assert error(response) == result, body[:50]
        assert "nonsense" not in response.content.decode()
    assert rows() == before


def test_what_is_not_json_in_utf_8_is_400(send):
    refused(send, NOT_JSON.values(), (400, "parse_error"))


def test_what_is_no_object_is_400(send):
    refused(send, NO_OBJECT.values(), (400, "parse_error"))


@pytest.mark.parametrize("size", [1, 10 * 1024 * 1024])
def test_a_body_over_the_limit_is_413_whatever_it_holds(send, size):
    size += 8 * 1024 * 1024 if send.call == "cancellations" else 64 * 1024
    refused(send, [b"[" * size, b'{"note": "' + b"x" * size], (413, "too_large"))


def test_the_limit_of_a_body_is_the_hosts(settings, send):
    settings.TIMP_ORDERS = {"MAX_BODY_BYTES": 50, "MAX_CHANGES_BODY_BYTES": 50}
    refused(send, [b"{" + b" " * 49 + b"}"], (413, "too_large"))
    assert send(b"{" + b" " * 48 + b"}").status_code != 413


NOT_JSON_TYPES = [
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/json; charset=utf-16",
    "application/json; charset=latin-1",
    "application/json; charset=us-ascii",
    "application/json; charset=nonsense",
    "application/json; charset=" + "x" * 3000,
    "nonsense",
    "/",
    ";",
    "",
    "\xff",
]


def test_a_body_that_is_not_json_in_utf_8_by_its_type_is_415(send):
    for content_type in NOT_JSON_TYPES:
        refused(send, [b"{}", b"["], (415, "unsupported_media_type"), content_type=content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        JSON,
        "application/json; charset=utf-8",
        'application/json; charset="UTF-8"',
        "Application/JSON",
    ],
)
def test_json_in_utf_8_by_any_spelling_is_read(call, world, content_type):
    body = '{"note": "☃"}'.encode()
    response = call(
        "reject", world.item.uuid, by=world.supplier, data=body, content_type=content_type
    )
    assert response.json()["cancellation"]["decision_note"] == "☃"


@pytest.mark.parametrize(
    "content_type", [JSON, "", "text/plain", "application/x-www-form-urlencoded", "nonsense"]
)
@pytest.mark.parametrize("name", DECISIONS)
def test_no_body_needs_no_content_type(call, world, name, content_type):
    response = call(name, world.item.uuid, by=world.operator, content_type=content_type)
    assert response.status_code == 200


def each(field, values):
    return [json.dumps({field: value}).encode() for value in values]


def test_a_wrong_note_is_400_with_its_field(send):
    order = {"order_uuid": str(uuid4())} if send.call == "request-order" else {}
    place = "changes[0].note" if send.call == "cancellations" else "note"
    before = rows()
    for note in WRONG_NOTES:
        body = {"note": note, **order}
        if send.call == "cancellations":
            change = {"order_item_uuid": str(uuid4()), "action": "confirm"}
            body = {"changes": [{**change, **body}]}
        response = send(json.dumps(body).encode())
        assert error(response) == (400, "invalid")
        assert list(response.json()["errors"]) == [place]
        assert all(response.json()["errors"][place])
    assert rows() == before


@pytest.mark.parametrize("reason", WRONG_REASONS, ids=repr)
@pytest.mark.parametrize(("name", "method"), [("request", "patch"), ("item", "delete")])
def test_a_wrong_reason_is_400_with_its_field(call, world, name, method, reason):
    before = rows()
    body = json.dumps({"reason": reason}).encode()
    response = call(name, world.item.uuid, method=method, by=world.retailer, data=body)
    assert error(response) == (400, "invalid")
    assert list(response.json()["errors"]) == ["reason"]
    assert "nonsense" not in response.content.decode()
    assert rows() == before


@pytest.mark.parametrize("name", DECISIONS)
def test_a_wrong_cancellation_uuid_is_400_with_its_field(call, world, name):
    before = rows()
    for wrong in WRONG_UUIDS:
        body = json.dumps({"cancellation_uuid": wrong}).encode()
        response = call(name, world.item.uuid, by=world.operator, data=body)
        assert error(response) == (400, "invalid")
        assert list(response.json()["errors"]) == ["cancellation_uuid"]
    assert rows() == before


def test_a_wrong_or_missing_order_uuid_is_400_with_its_field(call, world):
    before = rows()
    bodies = [b"", b"{}", *each("order_uuid", [None, *WRONG_UUIDS])]
    for body in bodies:
        response = call("request-order", by=world.retailer, data=body)
        assert error(response) == (400, "invalid")
        assert list(response.json()["errors"]) == ["order_uuid"]
    assert rows() == before


def test_everything_that_is_wrong_is_said_at_once(call, world):
    response = call("request-order", by=world.retailer, data={"note": 1, "reason": "x"})
    assert sorted(response.json()["errors"]) == ["note", "order_uuid", "reason"]


def test_who_may_not_see_an_item_is_told_of_a_bad_body_first(call, world):
    """The body is checked before anything is read, so it tells nothing about what exists."""
    answers = {
        call("confirm", uuid, by=world.stranger, data={"note": 1}).content
        for uuid in (world.item.uuid, world.nowhere)
    }
    assert len(answers) == 1


@pytest.mark.parametrize("upper", [False, True])
def test_the_cancellation_that_was_meant_is_decided_in_either_case(call, world, upper):
    meant = str(world.cancellation.uuid)
    body = {"cancellation_uuid": meant.upper() if upper else meant}
    response = call("confirm", world.item.uuid, by=world.supplier, data=body)
    assert response.status_code == 200


@pytest.mark.parametrize("name", DECISIONS)
def test_another_cancellation_than_the_one_that_was_meant_is_superseded(call, world, name):
    response = call(
        name, world.item.uuid, by=world.operator, data={"cancellation_uuid": str(uuid4())}
    )
    assert error(response) == (422, "superseded")


UNKNOWN = {
    "quantity": None,
    "Note": "note",
    "notes": "note",
    "cancellationUuid": "cancellation_uuid",
    "cancelation_uuid": "cancellation_uuid",
    "uuid": None,
    "status": None,
    "expected": None,
    "by": None,
    "__class__": None,
    "": None,
    "\0": None,
    "\ud800": None,
    "x" * 5000: None,
}


@pytest.mark.parametrize("name", list(UNKNOWN), ids=lambda name: ascii(name)[:20])
def test_an_unknown_field_is_400_with_its_name_and_the_nearest_known_one(call, world, name):
    """A guard or a quantity that is misspelled must not be dropped."""
    before = rows()
    body = json.dumps({name: str(uuid4()), "note": "x"}).encode()
    response = call("confirm", world.item.uuid, by=world.supplier, data=body)
    assert error(response) == (400, "invalid")
    ((shown, (message,)),) = response.json()["errors"].items()
    assert shown == name[:64].replace("\ud800", "?")
    nearest = f"; is {UNKNOWN[name]} meant?" if UNKNOWN[name] else "."
    assert message == f"There is no such field{nearest}"
    assert rows() == before


def test_an_unknown_field_is_400_on_every_call(send):
    before = rows()
    response = send(b'{"quantity": 1, "note": 7}')
    assert error(response) == (400, "invalid")
    assert {"note", "quantity"} <= set(response.json()["errors"])
    assert rows() == before


def test_of_many_unknown_fields_ten_are_shown(call, world):
    body = {f"n{number}": number for number in range(2000)}
    response = call("confirm", world.item.uuid, by=world.supplier, data=body)
    assert len(response.json()["errors"]) == 10


@pytest.mark.parametrize(("name", "method", "about"), WRITES)
def test_null_is_as_good_as_leaving_a_field_out(call, world, name, method, about):
    """Generated clients send it."""
    args, kwargs = arguments(name, about, getattr(world, about).uuid)
    if "request" in name or method == "delete":
        Cancellation.unguarded.filter(pk=world.cancellation.pk).delete()
    fields = {"all_or_nothing": None} if name == "cancellations" else {"note": None}
    if "request" in name or method == "delete":
        fields["reason"] = None
    elif about == "item" and name != "cancellations":
        fields["cancellation_uuid"] = None
    kwargs["data"] = {**kwargs.get("data", {}), **fields}
    response = call(name, *args, method=method, by=world.operator, **kwargs)
    assert response.status_code < 300
    written = Cancellation.objects.get()
    assert (written.note, written.decision_note, written.reason) == ("", "", "")


def test_a_byte_order_mark_is_skipped(call, world):
    body = b'\xef\xbb\xbf{"note": "x"}'
    assert call("reject", world.item.uuid, by=world.supplier, data=body).status_code == 200
    world.cancellation.refresh_from_db()
    assert world.cancellation.decision_note == "x"


@pytest.mark.parametrize(
    "note",
    ["x" * 2000, " kept  as\tit is \r\n", "☃\n𝄞\u200f", "<script>alert(1)</script>", "'; DROP --"],
)
def test_a_note_is_kept_as_it_is(call, world, note):
    body = json.dumps({"note": note}).encode()
    response = call("reject", world.item.uuid, by=world.supplier, data=body)
    world.cancellation.refresh_from_db()
    assert world.cancellation.decision_note == note
    assert response.json()["cancellation"]["decision_note"] == note


@pytest.mark.parametrize(("name", "method"), [("request", "patch"), ("item", "delete")])
def test_a_request_keeps_its_reason_and_note(call, world, item, name, method):
    other = CancellationFactory(
        order_item__order=world.order, order_item__supplier=item.supplier, status="rejected"
    ).order_item
    body = {"reason": "fraud", "note": "Two\nlines"}
    call(name, other.uuid, method=method, by=world.retailer, data=body)
    newest = other.cancellations.first()
    assert (newest.reason, newest.note) == ("fraud", "Two\nlines")
    assert newest.requested_via == "api"


def test_an_empty_reason_is_none(call, world):
    Cancellation.unguarded.filter(pk=world.cancellation.pk).delete()
    response = call("request", world.item.uuid, by=world.retailer, data={"reason": ""})
    assert response.json()["cancellation"]["reason"] == ""


def test_reasons_and_the_limit_of_notes_are_the_hosts(settings, call, world):
    Cancellation.unguarded.filter(pk=world.cancellation.pk).delete()
    settings.TIMP_ORDERS = {"REASONS": {"recalled": "Recalled"}, "NOTE_MAX_LENGTH": 3}
    for body, status in [
        ({"reason": "fraud"}, 400),
        ({"note": "four"}, 400),
        ({"reason": "recalled", "note": "abc"}, 200),
    ]:
        response = call("request", world.item.uuid, by=world.retailer, data=body)
        assert response.status_code == status


class TestPaths:
    """What Django's ``uuid`` converter takes is the item; all else is the host's own 404."""

    @pytest.fixture
    def paths(self, world):
        def paths(uuid):
            for name, _, about in WRITES:
                if name not in ("request-order", "cancellations"):
                    thing = getattr(world, about)
                    path = reverse(f"timp_orders:{name}", args=[thing.uuid])
                    yield path.replace(str(thing.uuid), uuid(str(thing.uuid)))

        return paths

    @pytest.mark.parametrize(
        "spelling",
        [
            lambda uuid: uuid.upper(),
            lambda uuid: uuid.replace("-", ""),
            lambda uuid: f"{{{uuid}}}",
            lambda uuid: f"urn:uuid:{uuid}",
            lambda uuid: uuid + "%00",
            lambda uuid: uuid[:-1],
            lambda uuid: "%F0%9F%98%80",
            lambda uuid: "../" + uuid,
        ],
    )
    def test_other_spellings_of_a_uuid_match_no_route(self, call, world, paths, spelling):
        before = rows()
        for path in paths(spelling):
            response = call(path, by=world.operator)
            assert error(response) == (404, "not_found")
        assert rows() == before

    @pytest.mark.parametrize("debug", [False, True])
    def test_without_its_slash_a_call_is_404(self, settings, call, world, paths, debug):
        settings.DEBUG = debug
        settings.APPEND_SLASH = True
        before = rows()
        for path in paths(str):
            for method in ("patch", "delete", "put", "post", "get"):
                response = call(path[:-1], by=world.operator, method=method)
                assert error(response) == (404, "not_found")
                assert error(call(path[:-1], method=method)) == (401, "not_authenticated")
        assert rows() == before


def test_a_stranger_gets_the_same_bytes_for_what_is_hidden_and_what_is_not_there(call, world):
    for name, method, about in WRITES:
        answers = set()
        for uuid in (getattr(world, about).uuid, world.nowhere):
            args, kwargs = arguments(name, about, uuid)
            response = call(name, *args, method=method, by=world.stranger, **kwargs)
            # Calls on many name each item.
            content = response.content.replace(str(uuid).encode(), b"")
            answers.add((response.status_code, content, str(response.headers)))
        assert len(answers) == 1
        assert answers.pop()[0] == (422 if name == "cancellations" else 404)


def test_a_member_of_the_right_kind_of_another_organization_is_a_stranger(call, world, supplier):
    other = CancellationFactory().order_item
    user = UserFactory()
    other.supplier.members.add(user)
    assert error(call("confirm", world.item.uuid, by=user)) == (404, "not_found")
    assert call("confirm", other.uuid, by=user).status_code == 200
