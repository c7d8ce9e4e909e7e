"""System check of the receivers of the app's signals: coroutines, where gevent may serve."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Warning

from timp_orders import signals
from timp_orders.models import Cancellation

__all__ = ["check_receivers"]


def check_receivers(**kwargs: Any) -> list[CheckMessage]:
    """Check that no receiver is a coroutine function where gevent is installed.

    Which server calls the project, no check can know. Under gevent all calls of a process share a
    thread, so that while a coroutine runs for one of them, Django refuses the others the database,
    their rollback too: rows stay locked. See "Servers" in ``docs/deployments.rst``.
    """
    if find_spec("gevent") is None:
        return []
    return [
        Warning(
            f"The receiver {receiver.__module__}.{receiver.__qualname__} of {name} is a coroutine "
            "function, and gevent is installed.",
            hint="If gevent serves this project, write it as a plain function, or serve by threads "
            "(gunicorn -k gthread): otherwise calls fail, and rows stay locked. If not, silence "
            "this check.",
            obj=receiver,
            id="timp_orders.W002",
        )
        for name, receiver in _coroutines()
    ]


def _coroutines() -> Iterator[tuple[str, Any]]:
    for name in signals.__all__:
        signal: Any = getattr(signals, name)
        if name != "BY_ACTION":
            _, asynchronous = signal._live_receivers(Cancellation)
            yield from ((name, receiver) for receiver in asynchronous)
