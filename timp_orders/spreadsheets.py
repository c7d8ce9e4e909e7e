"""Cells of CSV files, as spreadsheets must find them."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.timezone import is_aware, localtime

__all__ = ["BYTE_ORDER_MARK", "Echo", "neutral"]

BYTE_ORDER_MARK = "\ufeff"
"""Begins a file: without it, spreadsheets take UTF-8 for the system's own encoding."""

# https://owasp.org/www-community/attacks/CSV_Injection
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
# Blanks, controls and characters without width, which spreadsheets skip before a sign.
_SKIPPED = "\\s\\x00-\\x1f\\x7f-\\xa0\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_FORMULA = re.compile(f"[{_SKIPPED}]*(?!-[0-9]+(?:[.,][0-9]+)?\\s*$)[{_SIGNS}]")
# Whatever separates cells here, a spreadsheet may be set to another sign, and then does not see
# the quotes around a cell either.
_SEPARATOR = re.compile("([;|\t\r\n])")


class Echo:
    """The file of a ``csv.writer`` whose ``writerow()`` is to return the line."""

    def write(self, value: str) -> str:
        return value


def neutral(value: Any) -> Any:
    """Return a value that no spreadsheet takes for a formula."""
    if isinstance(value, datetime):
        return (localtime(value) if is_aware(value) else value).isoformat()
    if value is None or isinstance(value, int | float | Decimal):
        return value
    cells = _SEPARATOR.split(str(value))
    text = "".join(f"'{cell}" if _FORMULA.match(cell) else cell for cell in cells)
    return f"'{text}" if text.startswith(("\t", "\r", "\n")) else text
