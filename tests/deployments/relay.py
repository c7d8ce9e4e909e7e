"""A port that leads to a broker, and can hang: nothing comes through, and nothing is refused."""

import socket
import threading
from contextlib import suppress


class Relay:
    """A context: what is sent to ``port`` is sent on, unless it hangs.

    :param to: host and port of the broker.
    """

    def __init__(self, to):
        self.to = to
        self.open = threading.Event()
        self.open.set()

    def __enter__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.listening.close()
        self.go_on()

    def hang(self):
        self.open.clear()

    def go_on(self):
        self.open.set()

    def _accept(self):
        while True:
            try:
                caller, _ = self.listening.accept()
                broker = socket.create_connection(self.to)
            except OSError:
                return
            for ends in ((caller, broker), (broker, caller)):
                threading.Thread(target=self._send_on, args=ends, daemon=True).start()

    def _send_on(self, source, target):
        try:
            while data := source.recv(65536):
                self.open.wait()
                target.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, target):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
