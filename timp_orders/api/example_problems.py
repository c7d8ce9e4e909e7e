"""Examples of problems in the OpenAPI schema."""

from typing import Any

from rest_framework.exceptions import (
    APIException,
    NotAcceptable,
    NotAuthenticated,
    ValidationError,
)

from timp_orders import errors
from timp_orders.api.body import LengthRequired, TooLarge
from timp_orders.api.examples import ORDER_UUID, ORDERS, host_values, outcome
from timp_orders.api.problems import title_of
from timp_orders.conf import settings

__all__ = ["problems"]


def problems(operation: str) -> dict[int, dict[str, Any]]:
    """Return what an operation answers when it refuses, by status."""
    longest = f"Ensure this field has no more than {settings.NOTE_MAX_LENGTH} characters."
    wrong = {"note": [longest]}
    missing = errors.NotFound()
    if operation == "listCancellations":
        wrong = {"status": ["This is not a status of a cancellation."]}
    if operation == "listItems":
        wrong = {"awaiting": ["This must be true or false."]}
    if operation == "applyChanges":
        wrong = {"changes[3].note": [longest]}
    if operation in ORDERS:
        missing = errors.NotFound("There is no such order.")
    refusals: dict[int, Any] = {
        400: (ValidationError.default_code, ValidationError.default_detail, {"errors": wrong}),
        401: _of_framework(NotAuthenticated),
        403: _of_app(errors.PermissionDenied()),
        404: _of_app(missing),
        406: _of_framework(NotAcceptable),
        409: _of_app(errors.WrongSide()),
        411: _of_framework(LengthRequired),
        413: _of_framework(TooLarge),
        415: ("unsupported_media_type", "The body must be JSON in UTF-8: application/json.", {}),
        422: _impossible(operation),
        429: ("throttled", "Request was throttled. Expected available in 5 seconds.", {}),
        503: _of_app(errors.Busy()),
    }
    return {
        status: {
            "title": title_of(status),
            "status": status,
            "detail": str(detail),
            "code": code,
            **members,
        }
        for status, (code, detail, members) in refusals.items()
    }


def _of_framework(kind: type[APIException]) -> tuple[str, Any, dict[str, Any]]:
    return kind.default_code, kind.default_detail, {}


def _of_app(error: errors.CancellationError, **members: Any) -> tuple[str, Any, dict[str, Any]]:
    return error.code, error, members


def _impossible(operation: str) -> tuple[str, Any, dict[str, Any]]:
    if operation in ORDERS:
        return _of_app(errors.NothingToDo(), **outcome([], order_uuid=ORDER_UUID))
    if operation == "applyChanges":
        return _of_app(errors.NothingToDo(), **outcome([]))
    host = host_values()
    error, item_status, cancellation_status = {
        "confirmCancellation": (host.obstacle, host.obstructing, "requested"),
        "rejectCancellation": (errors.AlreadyConfirmed, host.cancelled, "confirmed"),
        "withdrawCancellation": (errors.AlreadyRejected, host.cancellable, "rejected"),
    }.get(operation, (host.obstacle, host.obstructing, None))
    return _of_app(error(), item_status=item_status, cancellation_status=cancellation_status)
