"""Clients that send calls at once, and again when the connection is cut."""

import http.client
import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import cycle, islice
from queue import Empty, SimpleQueue

PATIENCE = 120


@dataclass
class Call:
    """One call, and what came of it."""

    key: object  # what it races for
    action: str
    method: str
    path: str
    token: str
    headers: dict = field(default_factory=dict)
    data: dict | None = None
    status: int = 0
    body: dict | None = None
    cuts: int = 0  # connections that were lost without an answer
    refusals: list = field(default_factory=list)  # statuses after which it was sent again
    began: float = 0
    ended: float = 0


def item_call(item, action, token, **options):
    base = f"/timp/orders/items/cancel/{item.uuid}/"
    return Call(item.uuid, action, "PATCH", f"{base}{action}/", token, **options)


class Clients:
    """Clients of servers, which they share out among themselves.

    :param ports: of the servers.
    :param again_after: statuses after which a call is sent again.
    """

    def __init__(self, *ports, count, again_after=()):
        self.ports, self.count, self.again_after = ports, count, again_after

    def send(self, calls):
        """Send all calls, as many at a time as there are clients: neighbours race."""
        waiting = SimpleQueue()
        for call in calls:
            waiting.put(call)
        threads = [
            threading.Thread(target=self._work, args=[waiting, port], daemon=True)
            for port in islice(cycle(self.ports), self.count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        unanswered = [call for call in calls if not call.status]
        assert not unanswered, f"{len(unanswered)} calls were never answered, as {unanswered[0]}"
        return calls

    def _work(self, waiting, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        while True:
            try:
                call = waiting.get_nowait()
            except Empty:
                break
            call.began = time.monotonic()
            while time.monotonic() < call.began + PATIENCE and not self._answered(connection, call):
                connection.close()
                time.sleep(0.02)
            call.ended = time.monotonic()
        connection.close()

    def _answered(self, connection, call):
        headers = {"Authorization": f"Token {call.token}", "Content-Type": "application/json"}
        if not call.cuts:
            headers |= call.headers
        try:
            body = json.dumps(call.data or {})
            connection.request(call.method, call.path, body=body, headers=headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            call.cuts += 1
            return False
        if response.status in self.again_after:
            call.refusals.append(response.status)
            return False
        call.status = response.status
        is_json = "json" in (response.getheader("Content-Type") or "")
        call.body = json.loads(text) if text and is_json else None
        return True


def raced(calls):
    """Count what two or more calls were in flight for at the same time."""
    by_key = defaultdict(list)
    for call in calls:
        by_key[call.key].append(call)
    return sum(
        any(a is not b and a.began < b.ended and b.began < a.ended for a in group for b in group)
        for group in by_key.values()
    )
