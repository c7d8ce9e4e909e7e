"""What the admin's pages and the export say of a cancellation."""

from collections.abc import Container

from django.utils.translation import gettext as _

from timp_orders.conf import settings
from timp_orders.models import Cancellation
from timp_orders.states import Party

__all__ = [
    "decided_by",
    "decision_reason_label",
    "quantity_asked",
    "quantity_confirmed",
    "reason_label",
    "requested_by",
]


def reason_label(code: str) -> str:
    """Return the label of a reason; a code that the host has dropped is returned as it is."""
    return str(settings.REASONS.get(code, code))


def decision_reason_label(code: str) -> str:
    """Return the label of a rejection's reason, or of an outright cancellation's."""
    return str(settings.REJECTION_REASONS.get(code) or reason_label(code))


def quantity_asked(asked: int | None, available: int | None) -> str:
    """Say how many were asked, of those that were left; nothing where items are cancelled whole."""
    if available is None:
        return ""
    return _of(available if asked is None else asked, available)


def quantity_confirmed(cancellation: Cancellation) -> str:
    """Say how many were confirmed, of those that were asked."""
    if cancellation.quantity_confirmed is None:
        return ""
    asked = cancellation.quantity or cancellation.quantity_available
    return _of(cancellation.quantity_confirmed, max(asked or 0, cancellation.quantity_confirmed))


def _of(count: int, total: int) -> str:
    return _("%(count)d of %(total)d") % {"count": count, "total": total}


def requested_by(cancellation: Cancellation, sides: Container[str]) -> str:
    """Return who requested; to the other side, only on which side they are.

    :param sides: those that the reader is on, or all of them.
    """
    return _told(cancellation.requested_party, cancellation.requested_by_name, sides)


def decided_by(cancellation: Cancellation, sides: Container[str]) -> str:
    """Return who decided or withdrew; to the other side, only on which side they are.

    :param sides: as for :func:`requested_by`.
    """
    party = cancellation.decided_party
    return "" if party is None else _told(party, cancellation.decided_by_name, sides)


def _told(party: str, name: str, sides: Container[str]) -> str:
    """Names of users never cross from one side to the other."""
    return name if name and party in sides else str(Party(party).label)
