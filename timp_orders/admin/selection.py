"""The selection of a confirmation page, signed, and sent back with the decision.

The page names every item it ruled on, the cancellation it showed for it, and what it said would
happen, in one signed and compressed form field. So the form has the same number of fields for one
item and for all of them across pages, nothing is left behind on the server, and what comes in
between the page and the click (items that begin to match the filter, newer cancellations) is never
decided unseen. Ten thousand items of consecutive keys take a few hundred bytes, at random about
40 kB; a field over Django's limit for a form (``DATA_UPLOAD_MAX_MEMORY_SIZE``, 2.5 MB: some
hundred thousand items) is refused before the page is shown.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings as django_settings
from django.core import signing
from django.db.models import Model

from timp_orders.conf import settings
from timp_orders.states import Action

__all__ = ["LISTED", "Announced", "Selection", "TooLarge"]

LISTED = 100
"""Items that a page lists of each group; the counts are of all."""

_SALT = "timp_orders.admin.selection"
_BYTES_PER_CHARACTER = 12  # of a note: four bytes of UTF-8, each as %XX


class TooLarge(Exception):
    """Django would refuse a form with this selection."""


class Announced(NamedTuple):
    """One item, and the verdict that the confirmation page showed."""

    pk: Any
    cancellation_pk: int | None
    verdict: str
    """``"change"``, ``"replay"``, or the code of the error that refuses it."""
    is_open: bool = False
    """Whether that cancellation was open."""


class Selection(NamedTuple):
    """
    :ivar action: what the page is about.
    :ivar back: the address that the page leads back to.
    :ivar uuid: that of the page, from which the cancellations that it writes get theirs: what is
        sent twice is written once.
    """

    action: Action
    back: str
    rows: list[Announced]
    uuid: UUID

    @property
    def changing(self) -> list[Announced]:
        """The rows of which the page said that they would change."""
        return [row for row in self.rows if row.verdict == "change"]

    @property
    def optional(self) -> list[Announced]:
        """The rows that the page lists with a tick, to be taken away: not a single one."""
        changing = self.changing
        return changing[:LISTED] if len(changing) > 1 else []

    def ticked(self, keys: Iterable[str]) -> "Selection":
        """Return the selection without what was unticked on the page.

        :param keys: the primary keys that are ticked, as the form has them.
        """
        kept = set(keys)
        unticked = {row.pk for row in self.optional if str(row.pk) not in kept}
        return self._replace(rows=[row for row in self.rows if row.pk not in unticked])

    def dumps(self, user: Any) -> str:
        """Pack the selection into a signed text that only this user can hand back.

        :raises TooLarge: Django would refuse the form.
        """
        codes = sorted({row.verdict for row in self.rows})
        packed = [
            self.action.value,
            self.back,
            self.uuid.hex,
            _differences(row.pk for row in self.rows),
            _differences(row.cancellation_pk or 0 for row in self.rows),
            codes,
            [codes.index(row.verdict) for row in self.rows],
            [int(row.is_open) for row in self.rows],
        ]
        text = signing.dumps(packed, salt=f"{_SALT}:{user.pk}", compress=True)
        limit = django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        note = settings.NOTE_MAX_LENGTH * _BYTES_PER_CHARACTER
        if limit is not None and len(text) + note + 1000 > limit:
            raise TooLarge
        return text

    @classmethod
    def loads(cls, text: str, model: type[Model], user: Any) -> "Selection":
        """Unpack what :meth:`dumps` packed.

        :raises django.core.signing.BadSignature: it is not what the user was given.
        """
        packed = signing.loads(text, salt=f"{_SALT}:{user.pk}")
        action, back, uuid, pks, cancellation_pks, codes, verdicts, opens = packed
        to_python = model._meta.pk.to_python
        rows = [
            Announced(to_python(pk), cancellation_pk or None, codes[verdict], bool(is_open))
            for pk, cancellation_pk, verdict, is_open in zip(
                _sums(pks), _sums(cancellation_pks), verdicts, opens, strict=True
            )
        ]
        return cls(Action(action), back, rows, UUID(uuid))


def _differences(keys: Iterable[Any]) -> list[Any]:
    """Return the differences between integer keys, which compress well; other keys as text."""
    listed = list(keys)
    if all(isinstance(key, int) for key in listed):
        return [key - before for before, key in zip([0, *listed], listed, strict=False)]
    return [str(key) for key in listed]


def _sums(keys: list[Any]) -> Iterator[Any]:
    if all(isinstance(key, int) for key in keys):
        return accumulate(keys)
    return iter(keys)
