"""What the app adds to the start of a process and to ``check``, beside Django and DRF."""

import subprocess
import sys
import time
from statistics import median

from tests.benchmarks.timing import progress
from tests.servers import ROOT

START = """
import sys
from django.conf import settings
from django.urls import include, path

contrib = ["admin", "auth", "contenttypes", "sessions", "messages"]
middleware = "django.contrib.{0}.middleware.{1}Middleware"
processors = ["auth.context_processors.auth", "messages.context_processors.messages"]
settings.configure(
    SECRET_KEY="for the benchmarks only",
    INSTALLED_APPS=[
        *(f"django.contrib.{name}" for name in contrib),
        "rest_framework",
        "rest_framework.authtoken",
        *sys.argv[2:],
    ],
    MIDDLEWARE=[
        middleware.format("sessions", "Session"),
        middleware.format("auth", "Authentication"),
        middleware.format("messages", "Message"),
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    *(f"django.contrib.{name}" for name in processors),
                ]
            },
        }
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": ":memory:",
            "OPTIONS": {"transaction_mode": "IMMEDIATE"},
        }
    },
    ROOT_URLCONF=__name__,
)
import django

django.setup()
from django.contrib import admin
from rest_framework import authentication, generics, serializers  # what every API imports

urlpatterns = [path("admin/", admin.site.urls)]
urlpatterns += [path(f"{app}/", include(f"{app}.urls")) for app in sys.argv[2:]]
if sys.argv[1] == "check":
    from django.core.management import call_command

    call_command("check")
else:
    from django.urls import get_resolver

    get_resolver().url_patterns
"""
APPS = {"without": (), "with": ("timp_orders",)}


def measure(options):
    """Start a process each way, by turns."""
    rounds = 5 if options.short else 31
    times = {(step, way): [] for step in ("import", "check") for way in APPS}
    for _ in progress(range(rounds), "startup"):
        for step, way in times:
            times[step, way].append(_timed(step, APPS[way]))
    medians = {pair: median(spent) * 1000 for pair, spent in times.items()}
    return [
        {
            "what": step,
            "without, ms": round(medians[step, "without"]),
            "with, ms": round(medians[step, "with"]),
            "more, ms": round(medians[step, "with"] - medians[step, "without"]),
        }
        for step in ("import", "check")
    ]


def _timed(step, apps):
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", START, step, *apps], cwd=ROOT, check=True, capture_output=True
    )
    return time.perf_counter() - start
