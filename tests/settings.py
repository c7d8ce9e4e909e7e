"""The settings of the tests: the example project's, so that what is tested is what people copy."""

from example.settings import *  # noqa: F403

# Django 6.1 warns a project that sends mail and does not say how.
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
