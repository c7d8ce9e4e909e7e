"""Cancellations as CSV, streamed in parts."""

import csv
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import HttpRequest

from timp_orders.models import get_order_item_model
from timp_orders.spreadsheets import BYTE_ORDER_MARK, Echo, neutral

__all__ = ["csv_rows", "streamed"]

_CHUNK = 2000
_ROWS_IN_PART = 100


_HEADINGS = {"quantity": "quantity_ordered"}


def csv_rows(
    cancellations: QuerySet[Any], masked: Mapping[str, Callable[[Any], Any]]
) -> Iterator[str]:
    """Yield the lines of the file; the headings are stable and not translated.

    :param masked: what the reader may know of people and organizations, by the heading of the
        column: functions of a cancellation.
    """
    model = get_order_item_model()
    paths = model.paths()
    status = paths.pop("status")
    own = ["uuid", "status", "quantity", "quantity_available", "quantity_confirmed", "reason"]
    own += ["note", "requested_at", "requested_via", "decision_reason", "decision_note"]
    own += ["decided_at", "decided_via", "requested_by", "decided_by"]
    columns: dict[str, Callable[[Any], Any]] = {name: attrgetter(name) for name in own}
    columns["requested_side"] = attrgetter("requested_party")
    columns["decided_side"] = attrgetter("decided_party")
    columns["item_status_before"] = lambda found: model.status_name(found.item_status)
    columns["order_item_uuid"] = partial(_of_item, paths.pop("uuid"))
    columns["item_status"] = lambda found: model.status_name(_of_item(status, found))
    columns |= {_HEADINGS.get(name, name): partial(_of_item, path) for name, path in paths.items()}
    columns |= masked
    writer = csv.writer(Echo())
    yield BYTE_ORDER_MARK + writer.writerow(columns)
    for cancellation in cancellations.iterator(chunk_size=_CHUNK):
        yield writer.writerow(neutral(value(cancellation)) for value in columns.values())


def streamed(request: HttpRequest, rows: Iterator[str]) -> Iterator[str] | AsyncIterator[str]:
    """Return the content of a streaming response: asynchronous under ASGI, where Django would read
    all of another one before it sends any of it.
    """
    parts = _parts(rows)
    return _asynchronous(parts) if isinstance(request, ASGIRequest) else parts


def _of_item(path: str, cancellation: Any) -> Any:
    return cancellation.order_item.value_of(path)


def _parts(rows: Iterator[str]) -> Iterator[str]:
    while part := "".join(islice(rows, _ROWS_IN_PART)):
        yield part


async def _asynchronous(parts: Iterator[str]) -> AsyncIterator[str]:
    while part := await sync_to_async(lambda: next(parts, ""))():
        yield part
