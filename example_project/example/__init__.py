import os

if os.environ.get("TASKS") == "celery":
    from example.celery import app  # noqa: F401  (the app that tasks are sent by)
