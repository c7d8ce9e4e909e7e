"""What the OpenAPI schema shows: the platform's own identifiers, by operation."""

from typing import Any

__all__ = ["ANSWERS", "LINKS", "PROBLEMS", "REQUESTS"]

_ITEM_UUID = "2350a349-2441-4c32-b7f6-99b7e4540b94"
_REJECTED_UUID = "4efca041-22e1-4e35-96d1-8495273a5868"
_ORDER_UUID = "db5a0c25-ff08-4a24-ab63-9530213219b9"
_CANCELLATION_UUID = "b2ebcb13-b87f-50e7-9d77-99a5bf0bdd57"

_NAMED_ITEM = {
    "order_item_uuid": _ITEM_UUID,
    "order_uuid": "58afd79e-3f51-5145-8c3b-9b42b085eb06",
    "po_number": "po-5527771067",
    "sku_id": "7FZvMyg0BjfewNJJ",
    "sku_name": "Linen table runner, sand",
    "quantity_ordered": 2,
    "status": "Allocated",
}


def _cancellation(status: str, decision_note: str = "") -> dict[str, Any]:
    return {
        "uuid": _CANCELLATION_UUID,
        "status": status,
        "reason": "customer_request",
        "note": "The customer found it elsewhere.",
        "requested_at": "2030-01-30T09:12:41.518000Z",
        "decided_at": None if status == "requested" else "2030-01-31T16:40:02.090000Z",
        "decision_note": decision_note,
    }


def _item(
    status: str, cancellation_status: str, actions: tuple[str, ...] = (), note: str = ""
) -> dict[str, Any]:
    return {
        **_NAMED_ITEM,
        "status": status,
        "cancellation": _cancellation(cancellation_status, note),
        "supported_actions": list(actions),
    }


def _order(changed: list[str]) -> dict[str, Any]:
    return {
        "order_uuid": _ORDER_UUID,
        "changed": changed,
        "unchanged": [],
        "refused": [
            {
                "order_item_uuid": _REJECTED_UUID,
                "code": "already_shipped",
                "detail": "The item has already been shipped.",
            }
        ],
    }


_DECISION = {
    "Without a word": {},
    "With a note, on the very cancellation that was seen": {
        "note": "Taken out of the picking list.",
        "cancellation_uuid": _CANCELLATION_UUID,
    },
}
_REQUEST = {"reason": "customer_request", "note": "The customer found it elsewhere."}

REQUESTS: dict[str, dict[str, dict[str, Any]]] = {
    "confirmCancellation": _DECISION,
    "rejectCancellation": _DECISION,
    "withdrawCancellation": _DECISION,
    "requestCancellation": {"With a reason": _REQUEST},
    "requestCancellationByDelete": {"Without a word": {}},
    "requestOrderCancellation": {"With a reason": {"order_uuid": _ORDER_UUID, **_REQUEST}},
    "confirmOrderCancellation": {"With a note": {"note": "Taken out of the picking list."}},
    "rejectOrderCancellation": {"With a note": {"note": "Already packed."}},
}

ANSWERS: dict[str, Any] = {
    "listCancellations": {
        "next": None,
        "previous": None,
        "results": [{**_cancellation("requested"), "order_item": _NAMED_ITEM}],
    },
    "retrieveItem": {
        **_item("Allocated", "requested", ("confirm", "reject")),
        "cancellations": [_cancellation("requested")],
    },
    "confirmCancellation": _item("Cancelled", "confirmed"),
    "rejectCancellation": _item("Allocated", "rejected", note="Already packed."),
    "withdrawCancellation": _item("Allocated", "withdrawn", ("request",)),
    "requestCancellation": _item("Allocated", "requested", ("withdraw",)),
    "requestOrderCancellation": _order([_ITEM_UUID]),
    "confirmOrderCancellation": _order([_ITEM_UUID]),
    "rejectOrderCancellation": _order([_ITEM_UUID]),
}


def _to(operation: str, parameter: str, expression: str) -> dict[str, Any]:
    return {"operationId": operation, "parameters": {parameter: f"$response.body#/{expression}"}}


_OF_ITEM = {
    "Item": _to("retrieveItem", "order_item_uuid", "order_item_uuid"),
    "Confirm": _to("confirmCancellation", "order_item_uuid", "order_item_uuid"),
    "Reject": _to("rejectCancellation", "order_item_uuid", "order_item_uuid"),
    "Withdraw": _to("withdrawCancellation", "order_item_uuid", "order_item_uuid"),
    "Request": _to("requestCancellation", "order_item_uuid", "order_item_uuid"),
    "ConfirmOrder": _to("confirmOrderCancellation", "order_uuid", "order_uuid"),
    "RejectOrder": _to("rejectOrderCancellation", "order_uuid", "order_uuid"),
}
_OF_ORDER = {name: _OF_ITEM[name] for name in ("ConfirmOrder", "RejectOrder")}
_REQUEST_ORDER = {
    "operationId": "requestOrderCancellation",
    "requestBody": {"order_uuid": "$response.body#/order_uuid"},
}

LINKS: dict[str, dict[str, Any]] = {
    "listCancellations": {
        name: {
            **link,
            "parameters": {
                parameter: expression.replace("#/", "#/results/0/order_item/")
                for parameter, expression in link["parameters"].items()
            },
        }
        for name, link in _OF_ITEM.items()
    },
    "retrieveItem": {**_OF_ITEM, "RequestOrder": _REQUEST_ORDER},
    "confirmCancellation": _OF_ITEM,
    "rejectCancellation": _OF_ITEM,
    "withdrawCancellation": _OF_ITEM,
    "requestCancellation": _OF_ITEM,
    "requestOrderCancellation": _OF_ORDER,
    "confirmOrderCancellation": _OF_ORDER,
    "rejectOrderCancellation": _OF_ORDER,
}
"""From an answer to the calls that may follow it."""

_STANDS = {"item_status": "HasTracking", "cancellation_status": "requested"}

PROBLEMS: dict[int, tuple[str, str, dict[str, Any]]] = {
    400: (
        "invalid",
        "Invalid input.",
        {"errors": {"note": ["Ensure this field has no more than 2000 characters."]}},
    ),
    401: ("not_authenticated", "Authentication credentials were not provided.", {}),
    403: ("permission_denied", "You do not have permission to perform this action.", {}),
    404: ("not_found", "There is no such order item.", {}),
    406: ("not_acceptable", "Could not satisfy the request Accept header.", {}),
    409: ("wrong_side", "Only the other side of the order can perform this action.", {}),
    411: (
        "length_required",
        "This server cannot read a chunked body; send its Content-Length.",
        {},
    ),
    413: ("too_large", "The body is too large.", {}),
    415: ("unsupported_media_type", "The body must be JSON in UTF-8: application/json.", {}),
    422: ("already_shipped", "The item has already been shipped.", _STANDS),
    429: ("throttled", "Request was throttled. Expected available in 5 seconds.", {}),
    503: ("busy", "The order item is busy; try again in a moment.", {}),
}
"""By status: the code, the detail, and what else the answer holds."""
