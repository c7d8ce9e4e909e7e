"""The Celery app, where ``TASKS=celery``: ``celery -A example worker``, ``celery -A example beat``.

``example/__init__.py`` imports it, so that the web processes send to its broker: without that,
Celery's default app sends to a RabbitMQ of this machine.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
app = Celery("example")
app.config_from_object("django.conf:settings", namespace="CELERY")
