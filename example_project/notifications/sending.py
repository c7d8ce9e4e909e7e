"""One call of an endpoint: signed, to an address that was checked, with limits, no redirects."""

import http.client
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Event, Timer

from django.utils.encoding import iri_to_uri
from standardwebhooks import Webhook

from notifications.addresses import Refused, require_allowed_url, resolve

CONNECT_WITHIN = 5
"""Seconds, for each of the first addresses."""
ANSWER_WITHIN = 15
"""Seconds from then to the status and headers of the answer, however slowly they trickle in."""
ADDRESSES_TRIED = 2
LONGEST_WISH = timedelta(days=1)
"""What an endpoint may wish for at most by ``Retry-After``."""


@dataclass
class Answer:
    """What came of a call: a status, or an error's words."""

    status: int | None = None
    error: str = ""
    retry_after: timedelta = timedelta()
    milliseconds: int = 0

    @property
    def is_success(self):
        return self.status is not None and 200 <= self.status < 300


def signed_headers(message, secrets):
    """Sign a message as of now, once with each secret."""
    now = datetime.now(UTC)
    signatures = [Webhook(secret).sign(message.webhook_id, now, message.body) for secret in secrets]
    return {
        "content-type": "application/json",
        "user-agent": "timp_orders-notifications",
        "webhook-id": message.webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def post(url, body, headers):
    """Call an endpoint; what goes wrong on the way or over there is an :class:`Answer` too."""
    began = time.monotonic()
    try:
        answer = _post(url, body, headers)
    except (Refused, http.client.HTTPException, OSError) as error:
        answer = Answer(error=f"{type(error).__name__}: {error}"[:200])
    answer.milliseconds = round((time.monotonic() - began) * 1000)
    return answer


def _post(url, body, headers):
    parts = require_allowed_url(url)
    is_https = parts.scheme == "https"
    port = parts.port or (443 if is_https else 80)
    stream = _connect(resolve(parts.hostname, port), port)
    with stream, stream.dup() as same:
        # A time-out begins anew with each byte that trickles in; this one does not.
        is_late = Event()
        deadline = Timer(ANSWER_WITHIN, _hang_up, [same, is_late])
        deadline.start()
        try:
            if is_https:  # the certificate is the name's, whichever address it has
                context = ssl.create_default_context()
                stream = context.wrap_socket(stream, server_hostname=parts.hostname)
            with stream:
                answer = _exchange(stream, parts, body, headers)
        except (http.client.HTTPException, OSError):
            if not is_late.is_set():
                raise
        finally:
            deadline.cancel()
            deadline.join()
        if is_late.is_set():  # the head of the answer may have been cut, too
            raise TimeoutError(f"no answer within {ANSWER_WITHIN} seconds")
        return answer


def _hang_up(stream, is_late):
    is_late.set()
    with suppress(OSError):  # the other side did
        stream.shutdown(socket.SHUT_RDWR)


def _connect(addresses, port):
    for address in addresses[:ADDRESSES_TRIED]:
        try:
            return socket.create_connection((address, port), timeout=CONNECT_WITHIN)
        except OSError as error:
            failed = error
    raise failed


def _exchange(stream, parts, body, headers):
    """Send a request over a connection that is made, and read the head of the answer."""
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port)  # writes the Host header; does not connect
    stream.settimeout(ANSWER_WITHIN)
    connection.sock = stream
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", iri_to_uri(target), body.encode(), headers)
    response = connection.getresponse()  # of its body nothing is read
    return Answer(response.status, retry_after=_wish(response.getheader("retry-after", "")))


def _wish(retry_after):
    """Read a ``Retry-After`` header: seconds, or a moment (RFC 9110, section 10.2.3)."""
    try:
        seconds = int(retry_after)
    except ValueError:
        try:
            moment = parsedate_to_datetime(retry_after)
            seconds = (moment - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):  # none; or one without its zone
            return timedelta()
    return timedelta(seconds=min(max(seconds, 0), LONGEST_WISH.total_seconds()))
