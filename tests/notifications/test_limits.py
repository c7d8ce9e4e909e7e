"""Webhooks of the example project to endpoints that mean harm: each call has limits."""

import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone
from notifications import sending
from notifications.models import Attempt

from tests.notifications.conftest import work
from tests.notifications.receiver import endpoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connected")]


def statuses():
    return list(Attempt.objects.values_list("status", flat=True))


def test_an_answer_that_never_ends_is_not_read(told, inbox):
    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while True:  # until the caller hangs up
                handler.wfile.write(b"x" * 100_000)

    inbox.answer = answer
    work()
    assert statuses() == [200]


@pytest.mark.parametrize("line", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_an_answer_that_trickles_in_is_hung_up_on(told, inbox, monkeypatch, line):
    monkeypatch.setattr(sending, "ANSWER_WITHIN", 1)

    def answer(handler):
        handler.wfile.write(line)
        for _ in range(100):
            handler.wfile.write(b"a" if b"200" in line else line)
            time.sleep(0.1)

    inbox.answer = answer
    work()
    attempt = Attempt.objects.get()
    assert attempt.error == "TimeoutError: no answer within 1 seconds"
    assert attempt.milliseconds < 9000  # before it had all


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\r\n", b""])
def test_what_is_no_http_is_a_failure(told, inbox, answer):
    inbox.answer = lambda handler: handler.wfile.write(answer)
    work()
    attempt = Attempt.objects.get()
    assert attempt.status is None
    assert attempt.error
    assert str(attempt) == attempt.error


def test_redirects_are_not_followed(told, inbox):
    with endpoint() as inside:
        inbox.answer = 307
        inbox.headers = {"location": f"http://127.0.0.1:{inside.port}/admin"}
        work()
        assert statuses() == [307]
        assert not inside.calls
    told.refresh_from_db()
    assert told.state == "pending"


@pytest.mark.parametrize(
    "wish",
    [
        "soon",
        "-5",
        "99999999",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "1e9",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ],
)
def test_strange_wishes(told, inbox, wish):
    inbox.answer, inbox.headers = 503, {"retry-after": wish}
    work()
    told.refresh_from_db()
    assert told.next_attempt_at <= timezone.now() + timedelta(days=1, seconds=2)
