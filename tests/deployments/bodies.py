"""Request bodies in chunks, cut off, of a wrong length: what arrives, and what must not act."""

import http.client
import json
import socket
import time

from tests.races.stage import check, stood, token

BODY = json.dumps({"note": "kept, whole"}).encode()
TOO_LARGE = b"[" * 1_000_000  # nginx takes as much


def bodies(stage, port, *, chunks_are_read=True, cut_off=()):
    """Send each kind of body to reject an item; check what became of the item.

    :param chunks_are_read: if not, they are refused with 411.
    :param cut_off: statuses with which the server itself answers what is cut off.
    """
    told = []
    for name, sent in KINDS.items():
        (item,) = stage.items(1)
        status = send(port, item, sent)
        expected = EXPECTED[name]
        if "chunk" in name and not chunks_are_read:
            expected = {411} if name == "in chunks" else {None, 400, 411}
        if "cut" in name or "nothing" in name:
            expected = {*expected, *cut_off}
        check(status in expected, name, "is", status)
        note = note_of(item)
        check(note == ("kept, whole" if status == 200 else None), name, "was taken:", note)
        check(next_answer(port, item) == 200, name, "breaks the next call")
        told.append(f"{name} {status or 'no answer'}")
    return ", ".join(told)


def head(item, *headers):
    lines = [
        f"PATCH /timp/orders/items/cancel/{item.uuid}/reject/ HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Token {token('reject')}",
        "Content-Type: application/json",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def in_chunks(item, *chunks):
    parts = [head(item, "Transfer-Encoding: chunked")]
    for chunk in chunks:
        parts.append(b"%x\r\n%s\r\n" % (len(chunk), chunk))
    return b"".join(parts)


def with_length(item, length, body):
    return head(item, f"Content-Length: {length}") + body


KINDS = {
    "with its length": lambda item: (with_length(item, len(BODY), BODY), True),
    "in chunks": lambda item: (in_chunks(item, BODY[:7], BODY[7:], b""), True),
    "cut off": lambda item: (with_length(item, len(BODY), BODY[:-2]), False),
    "nothing of it sent": lambda item: (with_length(item, len(BODY), b""), False),
    "cut off between chunks": lambda item: (in_chunks(item, BODY), False),
    "cut off in a chunk": lambda item: (in_chunks(item, BODY)[:-5], False),
    "chunks that are none": lambda item: (
        head(item, "Transfer-Encoding: chunked") + b"nonsense\r\n" + BODY + b"\r\n0\r\n\r\n",
        True,
    ),
    "a length that is too small": lambda item: (with_length(item, 5, BODY), True),
    "a length that is none": lambda item: (with_length(item, "x", BODY), True),
    "too large": lambda item: (with_length(item, len(TOO_LARGE), TOO_LARGE), True),
    "too large in chunks": lambda item: (in_chunks(item, TOO_LARGE, b""), True),
}
"""What is sent, and whether it is left open to be answered."""
REFUSED = {None, 400}
"""What is cut off needs no answer: there is nobody who reads it."""
EXPECTED = dict.fromkeys(KINDS, REFUSED)
EXPECTED |= {"with its length": {200}, "in chunks": {200}}
EXPECTED |= {"too large": {413}, "too large in chunks": {413}}


def send(port, item, sent):
    """Send bytes; return the status of the answer, if there is one."""
    data, is_whole = sent(item)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(data)
            if not is_whole:
                connection.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            answer.read()
        except (ConnectionError, http.client.HTTPException):
            return None
    return answer.status


def note_of(item):
    """Return the note of the decision, if the item's cancellation is decided; wait for a while."""
    time.sleep(0.3)
    ((_, (decided,)),) = stood([item]).values()
    return None if decided == "requested" else item.cancellations.get().decision_note


def next_answer(port, item):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Token {token('reject')}"}
    connection.request("GET", f"/timp/orders/items/cancel/{item.uuid}/", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status
