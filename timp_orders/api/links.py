"""Links of the OpenAPI schema: from an answer to the calls that may follow it, by operation."""

from typing import Any

__all__ = ["LINKS"]


def _to(operation: str, parameter: str, expression: str) -> dict[str, Any]:
    return {"operationId": operation, "parameters": {parameter: f"$response.body#/{expression}"}}


_OF_ITEM = {
    "Item": _to("retrieveItem", "order_item_uuid", "order_item_uuid"),
    "Confirm": _to("confirmCancellation", "order_item_uuid", "order_item_uuid"),
    "Reject": _to("rejectCancellation", "order_item_uuid", "order_item_uuid"),
    "Withdraw": _to("withdrawCancellation", "order_item_uuid", "order_item_uuid"),
    "Request": _to("requestCancellation", "order_item_uuid", "order_item_uuid"),
    "Cancel": _to("cancelItem", "order_item_uuid", "order_item_uuid"),
    "ConfirmOrder": _to("confirmOrderCancellation", "order_uuid", "order_uuid"),
    "RejectOrder": _to("rejectOrderCancellation", "order_uuid", "order_uuid"),
}
_OF_ORDER = {name: _OF_ITEM[name] for name in ("ConfirmOrder", "RejectOrder")}
_REQUEST_ORDER = {
    "operationId": "requestOrderCancellation",
    "requestBody": {"order_uuid": "$response.body#/order_uuid"},
}

_OF_EACH_ITEM = {
    name: {
        **link,
        "parameters": {
            parameter: expression.replace("#/", "#/results/0/")
            for parameter, expression in link["parameters"].items()
        },
    }
    for name, link in _OF_ITEM.items()
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
    "listItems": _OF_EACH_ITEM,
    "retrieveItem": {**_OF_ITEM, "RequestOrder": _REQUEST_ORDER},
    "confirmCancellation": _OF_ITEM,
    "rejectCancellation": _OF_ITEM,
    "withdrawCancellation": _OF_ITEM,
    "requestCancellation": _OF_ITEM,
    "cancelItem": _OF_ITEM,
    "requestOrderCancellation": _OF_ORDER,
    "confirmOrderCancellation": _OF_ORDER,
    "rejectOrderCancellation": _OF_ORDER,
}
