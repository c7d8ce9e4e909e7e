"""An app whose receivers are coroutines: ``AsyncReceiversConfig`` is what is installed."""

import asyncio

from django.apps import AppConfig

from timp_orders import signals


async def wait_a_moment(**kwargs):
    """As one that asks another service."""
    await asyncio.sleep(0.02)


class AsyncReceiversConfig(AppConfig):
    name = "tests.deployments"

    def ready(self):
        for signal in signals.BY_ACTION.values():
            signal.connect(wait_a_moment)
