"""Errors as problem details (RFC 9457), for this app's views only."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, TooManyFieldsSent
from django.db import DatabaseError
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import (
    APIException,
    MethodNotAllowed,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.response import Response
from rest_framework.views import exception_handler

from timp_orders import errors
from timp_orders.conf import settings
from timp_orders.models import get_order_item_model
from timp_orders.services.transactions import is_busy, is_unstorable_text

__all__ = ["MEDIA_TYPE", "Problem", "respond", "title_of"]

MEDIA_TYPE = "application/problem+json"


_STATUSES = {
    errors.NotFound: 404,
    errors.PermissionDenied: 403,
    errors.WrongSide: 409,
    errors.NotPossible: 422,
    errors.NothingToDo: 422,
    errors.AllOrNothing: 422,
    errors.Busy: 503,
}

# RFC 9110 has renamed these; Python follows from 3.13 on.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}

# REST framework's own texts repeat what the client sent.
_DETAILS = {
    MethodNotAllowed: _("This method is not allowed here."),
    UnsupportedMediaType: _("The body must be JSON in UTF-8: application/json."),
}


class Problem(APIException):
    """The answer to an error of this app.

    :param members: what the answer holds beside the usual.
    """

    def __init__(self, error: errors.CancellationError, **members: Any) -> None:
        self.status_code = next(
            status for kind, status in _STATUSES.items() if isinstance(error, kind)
        )
        self.members = members
        if isinstance(error, errors.NotPossible):
            status = error.item_status
            self.members["item_status"] = (
                None if status is None else get_order_item_model().status_name(status)
            )
            self.members["cancellation_status"] = error.cancellation_status
        if isinstance(error, errors.QuantityTooGreat):
            self.members["quantity_left"] = error.quantity_left
        if isinstance(error, errors.Busy):
            self.wait = settings.RETRY_AFTER  # becomes the Retry-After header
        super().__init__(str(error), error.code)


def respond(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an exception of a view; in place of the host's ``EXCEPTION_HANDLER``.

    :returns: ``None`` for what is a defect, which is then the host's own 500. Otherwise the
        transaction of ``ATOMIC_REQUESTS`` is rolled back.
    """
    exc = _translated(exc)
    response = exception_handler(exc, context)
    if response is None or not isinstance(exc, APIException):
        return None
    is_plain = isinstance(exc.detail, str)
    response.data = {
        "title": title_of(response.status_code),
        "status": response.status_code,
        "detail": str(_DETAILS.get(type(exc), exc.detail if is_plain else exc.default_detail)),
        "code": exc.get_codes() if is_plain else exc.default_code,
    }
    if not is_plain:
        response.data["errors"] = exc.detail
    if isinstance(exc, Problem):
        response.data |= exc.members
    response.content_type = MEDIA_TYPE
    return response


def title_of(status: int) -> str:
    """Return what HTTP calls a status: the title of a problem that has no type of its own."""
    try:
        return _TITLES.get(status) or HTTPStatus(status).phrase
    except ValueError:  # one that a host's own exception has, and no standard
        return "Client Error" if status < 500 else "Server Error"


def _translated(exc: Exception) -> Exception:
    """Return the exception that REST framework knows how to answer."""
    if isinstance(exc, Http404):
        exc = errors.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = errors.PermissionDenied()
    elif isinstance(exc, TooManyFieldsSent):
        exc = ValidationError(_("There are too many parameters."))
    elif isinstance(exc, DatabaseError) and is_unstorable_text(exc):
        exc = ValidationError(_("The database cannot store a character of the text."))
    elif isinstance(exc, DatabaseError) and is_busy(exc):
        exc = errors.Busy()
    return Problem(exc) if isinstance(exc, errors.CancellationError) else exc
