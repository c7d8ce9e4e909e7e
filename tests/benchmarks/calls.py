"""Calls of the real WSGI application, without a network."""

import io

from django.core.handlers.wsgi import WSGIHandler

from tests.benchmarks.world import TOKEN


class Caller:
    """Calls the application in this process, as a server would.

    :param token: of the user who calls.
    :param body: sent with each call.
    """

    def __init__(self, token=TOKEN, body=b"{}"):
        self._token = token
        self._application = WSGIHandler()
        self._body = body

    def __call__(self, method, path, query=""):
        """Send a request and read its answer.

        :returns: the status code and the body.
        """
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SCRIPT_NAME": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(self._body)),
            "HTTP_HOST": "127.0.0.1:8000",
            "HTTP_ACCEPT": "*/*",
            "HTTP_AUTHORIZATION": f"Token {self._token}",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self._body),
            "wsgi.errors": io.StringIO(),
        }
        answered = []
        answer = self._application(environ, lambda status, headers: answered.append(status))
        body = b"".join(answer)
        answer.close()
        return int(answered[0][:3]), body
