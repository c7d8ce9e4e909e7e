"""What a terminal reads and writes: UUIDs and CSV in, tables, CSV and JSON lines out."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain, islice
from typing import Any, NamedTuple, TextIO
from uuid import UUID

from django.core.management.base import CommandError, OutputWrapper
from django.utils.timezone import is_aware, localtime

from timp_orders.spreadsheets import BYTE_ORDER_MARK, Echo, neutral

__all__ = ["COLUMNS", "FORMATS", "Meant", "Row", "read_meant", "write"]

COLUMNS = (
    "order_item_uuid",
    "cancellation_uuid",
    "status",
    "item_status",
    "po_number",
    "sku_id",
    "quantity",
    "requested_at",
    "decided_at",
    "reason",
    "note",
    "result",
)
"""The columns of CSV and JSON lines."""

_OF_TABLES = ("order_item_uuid", "po_number", "sku_id", "item_status", "status", "requested_at")
"""Those of tables; the result too, where something was decided."""
_MEASURED = 100  # rows, by which the columns of a table are as wide as they are

Row = Mapping[str, Any]
"""What is told of a cancellation, by :data:`COLUMNS`."""


class Meant(NamedTuple):
    """An item that the input names, and the cancellation of it that is meant, if that is said."""

    order_item_uuid: UUID
    cancellation_uuid: UUID | None


def read_meant(lines: TextIO) -> Iterator[Meant]:
    """Read UUIDs of items, one in each line; or CSV, as :func:`write` writes it.

    Of CSV, ``order_item_uuid`` and ``cancellation_uuid`` are taken, by commas or semicolons.

    :raises django.core.management.CommandError: a line is neither, or a column is none of ours.
    """
    numbered = enumerate((line.removeprefix(BYTE_ORDER_MARK) for line in lines), start=1)
    first = next(numbered, (1, ""))
    if "order_item_uuid" not in first[1]:
        for number, line in chain([first], numbered):
            if text := line.strip():
                yield Meant(_uuid(text, number), None)
        return
    delimiter = ";" if ";" in first[1] else ","
    rows = csv.DictReader(chain([first[1]], (line for _, line in numbered)), delimiter=delimiter)
    if unknown := set(rows.fieldnames or ()) - set(COLUMNS):
        raise CommandError(f"There is no such column: {', '.join(sorted(unknown))}.")
    for row in rows:
        named = (row.get("cancellation_uuid") or "").strip()
        yield Meant(
            _uuid((row["order_item_uuid"] or "").strip(), rows.line_num),
            _uuid(named, rows.line_num) if named else None,
        )


def _uuid(text: str, number: int) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise CommandError(f"Line {number} is no UUID.") from error


def write(rows: Iterable[Row], output: OutputWrapper, form: str) -> None:
    """Write rows as they come, in one of :data:`FORMATS`.

    :param rows: with :data:`COLUMNS`; a result only where something was decided.
    """
    for line in FORMATS[form](iter(rows)):
        output.write(line)


def _table(rows: Iterator[Row]) -> Iterator[str]:
    measured = list(islice(rows, _MEASURED))
    if not measured:
        yield "No cancellations."
        return
    names = [*_OF_TABLES, *(["result"] if "result" in measured[0] else [])]
    heading = {name: name.replace("_", " ") for name in names}
    widths = {
        name: max(len(heading[name]), *(len(_text(row.get(name))) for row in measured))
        for name in names
    }
    for row in chain([heading], measured, rows):
        yield "  ".join(_text(row.get(name)).ljust(widths[name]) for name in names).rstrip()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        moment = localtime(value) if is_aware(value) else value
        return moment.strftime("%Y-%m-%d %H:%M")
    # A name with a control character could write what it likes into a terminal.
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))


def _csv(rows: Iterator[Row]) -> Iterator[str]:
    writer = csv.writer(Echo(), lineterminator="")
    yield writer.writerow(COLUMNS)
    for row in rows:
        yield writer.writerow([neutral(row.get(name)) for name in COLUMNS])


def _json_lines(rows: Iterator[Row]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row, default=_json_value)


def _json_value(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


FORMATS = {"table": _table, "csv": _csv, "jsonl": _json_lines}
"""The functions that make lines of rows, by the name of the format."""
