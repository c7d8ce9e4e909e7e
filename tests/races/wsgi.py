"""The application; asked to, it dies when all is committed and nothing is answered yet."""

import os
import signal

from django.core.wsgi import get_wsgi_application

django_application = get_wsgi_application()


def application(environ, start_response):
    response = django_application(environ, start_response)
    if environ.get("HTTP_X_DIE_BEFORE_THE_ANSWER"):
        os.kill(os.getpid(), signal.SIGKILL)
    return response
