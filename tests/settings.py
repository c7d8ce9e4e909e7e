"""The settings of the tests: the example project's, so that what is tested is what people copy."""

from example.settings import *  # noqa: F403

# The defaults of the app; tests of what is off by default switch it on.
TIMP_ORDERS = {}

# Django 6.1 warns a project that sends mail and does not say how.
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}

# Browser tests say by which policy the pages are shown.
MIDDLEWARE = [*MIDDLEWARE, "tests.browser.policies.content_security"]  # noqa: F405
