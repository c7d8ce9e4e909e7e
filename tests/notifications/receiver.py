"""An endpoint that verifies what it gets by the reference library of Standard Webhooks."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError


class Inbox:
    """What an endpoint got: every call, and what could be verified, by its ``webhook-id``.

    ``answer`` is the status of the answers, or a function that is given the handler and writes one.
    """

    def __init__(self):
        self.answer = 204
        self.headers = {}
        self.secrets = []
        self.calls = []
        self.verified = {}
        self.forged = 0

    def take(self, path, headers, body):
        self.calls.append((path, headers, body))
        for secret in self.secrets:
            try:
                payload = Webhook(secret).verify(body, headers)
            except WebhookVerificationError:
                continue
            self.verified.setdefault(headers["webhook-id"], []).append(payload)
            return
        self.forged += 1

    @property
    def told(self):
        """What was told, each message once, however often it came."""
        return [payloads[0] for payloads in self.verified.values()]


@contextmanager
def endpoint(certificate=None):
    """Listen on a free port of 127.0.0.1; give its inbox, with its ``port``."""
    inbox = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            inbox.take(self.path, {name.lower(): self.headers[name] for name in self.headers}, body)
            if callable(inbox.answer):
                inbox.answer(self)
                return
            self.send_response(inbox.answer)
            for name, value in {"content-length": "0", **inbox.headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args):
            pass  # callers hang up in some tests

    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        # Hands shake in the thread of a call, where a refused one is closed.
        server.socket = certificate.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    inbox.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    try:
        yield inbox
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
