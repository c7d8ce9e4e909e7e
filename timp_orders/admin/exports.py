"""Cancellations as CSV, row by row."""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import is_aware, localtime

from timp_orders.models import get_order_item_model

__all__ = ["csv_rows", "neutral"]

_CHUNK = 2000
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Name = Callable[[Any], str]


class _Echo:
    def write(self, value: str) -> str:
        return value


def neutral(value: Any) -> Any:
    """Return what a spreadsheet shows as it is, and does not calculate."""
    if isinstance(value, datetime):
        return (localtime(value) if is_aware(value) else value).isoformat()
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_rows(cancellations: QuerySet[Any], requester: Name, decider: Name) -> Iterator[str]:
    """Yield the lines of the file; the headings are stable and not translated.

    :param requester: tells who requested, as far as the reader may know; ``decider`` likewise.
    """
    model = get_order_item_model()
    of_item = {
        "order_item_uuid": model.UUID_FIELD,
        "item_status": model.STATUS_FIELD,
        "order_uuid": model.ORDER_UUID_FIELD,
        "po_number": model.PO_NUMBER_FIELD,
        "retailer": model.RETAILER_FIELD,
        "supplier": model.SUPPLIER_FIELD,
        "sku_id": model.SKU_ID_FIELD,
        "sku_name": model.SKU_NAME_FIELD,
        "quantity_ordered": model.QUANTITY_FIELD,
    }
    own = ["uuid", "status", "reason", "note", "requested_at", "requested_via"]
    own += ["decision_note", "decided_at", "decided_via"]
    writer = csv.writer(_Echo())
    yield writer.writerow([*own, "requested_by", "decided_by", *of_item])
    for cancellation in cancellations.iterator(chunk_size=_CHUNK):
        values = [getattr(cancellation, name) for name in own]
        values += [requester(cancellation), decider(cancellation)]
        values += [cancellation.order_item.value_of(path) for path in of_item.values()]
        yield writer.writerow(map(neutral, values))
