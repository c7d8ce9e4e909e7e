"""A small host project. Lines marked "timp_orders" are all that the app needs of a host."""

import os
from datetime import timedelta
from pathlib import Path

import dj_database_url
import django
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("DEBUG", "1") == "1"
SECRET_KEY = os.environ.get("SECRET_KEY", "for a developer's own machine only" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY in the environment, since DEBUG is off.")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",  # timp_orders
    "rest_framework.authtoken",  # timp_orders, for its default authentication
    "django_filters",  # timp_orders
    "timp_orders",  # timp_orders
    "drf_spectacular",  # timp_orders, for the OpenAPI schema (optional)
    "drf_spectacular_sidecar",
    "django_tasks_db",
    "refunds",  # a side effect of confirming, carried out by a worker
    "reminders",  # e-mails to suppliers whose time is nearly over, by the same worker
    "notifications",  # webhooks and e-mails about cancellations, by the same worker
    "desk",  # a page on which a supplier's people decide
    "example",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example.urls"
WSGI_APPLICATION = "example.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": dj_database_url.config(default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}"),
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # timp_orders: SQLite ignores row locks, so a transaction takes the write lock as it begins.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;",
    }

# Where tasks wait for their worker; example_project/refunds says what each way guarantees.
QUEUE = os.environ.get("TASKS", "database")
if QUEUE == "redis":
    INSTALLED_APPS.append("django_rq")
    TASKS = {"default": {"BACKEND": "django_tasks_rq.RQBackend"}}
    RQ_QUEUES = {"default": {"URL": os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")}}
    RQ = {"JOB_CLASS": "django_tasks_rq.Job"}
else:
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

if QUEUE == "celery":  # of the refunds; the reminders stay in the database
    INSTALLED_APPS[INSTALLED_APPS.index("refunds")] = "refunds.apps.RefundsByCeleryConfig"
    # docs/side-effects.rst shows this from here
    CELERY_BROKER_URL = os.environ.get("BROKER_URL", "redis://127.0.0.1:6379/0")
    # Seconds. Without them, a call waits for as long as the broker hangs.
    CELERY_BROKER_CONNECTION_TIMEOUT = 1
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_connect_timeout": 1,  # of Redis, and the next
        "socket_timeout": 1,
        "read_timeout": 1,  # of RabbitMQ, and the next two
        "write_timeout": 1,
        "confirm_publish": True,  # otherwise what it did not take is not noticed
        "max_retries": 0,
    }
    # Once more, for connections that somebody has cut while they were idle.
    CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0}
    CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # workers wait for the broker, however long
    CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # what a worker has taken, another must wait for
    CELERY_BEAT_SCHEDULE = {
        "missing refunds": {
            "task": "refunds.by_celery.send_missing_refunds",
            "schedule": 300,
            "kwargs": {"older_than": 300, "every": 300},
            "options": {"expires": 300},
        },
    }
    # to here

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
LOGIN_REDIRECT_URL = "desk:waiting"
LOGOUT_REDIRECT_URL = "login"

# timp_orders: what is off by default.
TIMP_ORDERS = {
    "PARTIAL_QUANTITIES": True,  # a part of an item's quantity can be cancelled
    "RESPOND_WITHIN": timedelta(days=5),  # until when suppliers have to answer,
    "REMIND_BEFORE": timedelta(days=1),  # how long before that they are reminded,
    "ON_DEADLINE": "confirm",  # and what manage.py enforce_deadlines makes of their silence
}

# E-mails are printed by the worker.
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# notifications: endpoints are public and speak https, but for those on a developer's own machine.
if os.environ.get("NOTIFICATIONS_ALLOW_LOCAL") == "1":
    NOTIFICATIONS = {"ALLOW_HTTP": True, "ALLOWED_NETWORKS": ["127.0.0.0/8", "::1/128"]}

# timp_orders: the schema and its pages, from local files (optional).
REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
SPECTACULAR_SETTINGS = {
    "TITLE": "timp_orders",
    "DESCRIPTION": "Cancel order items: a retailer asks, the supplier confirms or rejects.",
    "VERSION": "0.1.0",
    "LICENSE": {
        "name": "BSD-3-Clause",
        "url": "https://opensource.org/license/bsd-3-clause",
    },
    "CONTACT": {"name": "The timp_orders contributors"},
    "SERVERS": [{"url": "/"}],
    "TAGS": [{"name": "Cancellations", "description": "Ask for one, look at it, decide on it."}],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
