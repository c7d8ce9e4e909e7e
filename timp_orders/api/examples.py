"""Examples of the OpenAPI schema: the platform's identifiers, and the host's own statuses."""

from collections.abc import Hashable, Iterable
from types import SimpleNamespace
from typing import Any

from timp_orders import errors
from timp_orders.conf import settings
from timp_orders.models import get_order_item_model

__all__ = ["ORDERS", "ORDER_UUID", "answers", "host_values", "outcome", "requests"]

_ITEM_UUID = "2350a349-2441-4c32-b7f6-99b7e4540b94"
_REJECTED_UUID = "4efca041-22e1-4e35-96d1-8495273a5868"
ORDER_UUID = "db5a0c25-ff08-4a24-ab63-9530213219b9"
_CANCELLATION_UUID = "b2ebcb13-b87f-50e7-9d77-99a5bf0bdd57"

ORDERS = {"requestOrderCancellation", "confirmOrderCancellation", "rejectOrderCancellation"}
"""The operations on whole orders."""

_PATH = "/orders/items/cancel/"


def host_values() -> SimpleNamespace:
    """Return what the examples say in the host's own words."""
    model = get_order_item_model()
    lifecycle = model.lifecycle()

    def first(statuses: Iterable[Hashable]) -> str:
        return min(map(model.status_name, statuses), default="")

    return SimpleNamespace(
        cancellable=first(lifecycle.cancellable),
        cancelled=first([lifecycle.cancelled]),
        # Not every host has a status that means shipped.
        obstacle=errors.AlreadyShipped if lifecycle.shipped else errors.AlreadyCancelled,
        obstructing=first(lifecycle.shipped or [lifecycle.cancelled]),
        reason=next(iter(settings.REASONS), ""),
        rejection_reason=next(iter(settings.REJECTION_REASONS), ""),
    )


def _note(text: str) -> str:
    return text[: settings.NOTE_MAX_LENGTH]


def _named_item(status: str) -> dict[str, Any]:
    return {
        "order_item_uuid": _ITEM_UUID,
        "order_uuid": "58afd79e-3f51-5145-8c3b-9b42b085eb06",
        "po_number": "po-5527771067",
        "sku_id": "7FZvMyg0BjfewNJJ",
        "sku_name": "Linen table runner, sand",
        "quantity_ordered": 2,
        "status": status,
    }


def _quantities(status: str) -> dict[str, Any]:
    """Return what an example says of the item's quantity, where parts of it can be cancelled."""
    if not get_order_item_model().counts_parts():
        return {"quantity_cancelled": None, "quantity_left": None}
    left = 0 if status == host_values().cancelled else 2
    return {"quantity_cancelled": 2 - left, "quantity_left": left}


def _cancellation(status: str, reason: str = "", note: str = "") -> dict[str, Any]:
    is_open = status == "requested"
    confirmed = 2 if status == "confirmed" and get_order_item_model().counts_parts() else None
    decider = "retailer" if status == "withdrawn" else "supplier"
    return {
        "uuid": _CANCELLATION_UUID,
        "status": status,
        "quantity": None,
        "quantity_confirmed": confirmed,
        **_request(),
        "requested_by": "retailer",
        "requested_at": "2030-01-30T09:12:41.518000Z",
        "respond_by": "2030-02-01T09:12:41.518000Z",
        "decided_by": None if is_open else decider,
        "decided_via": None if is_open else "api",
        "decided_at": None if is_open else "2030-01-31T16:40:02.090000Z",
        "decision_reason": reason,
        "decision_note": _note(note),
    }


def _item(
    status: str, cancellation_status: str, actions: tuple[str, ...] = (), **decision: str
) -> dict[str, Any]:
    return {
        **_named_item(status),
        **_quantities(status),
        "cancellation": _cancellation(cancellation_status, **decision),
        "supported_actions": list(actions),
    }


def outcome(changed: list[str], **named: str) -> dict[str, Any]:
    """Return the answer to a call on several items, of which one was refused."""
    obstacle = host_values().obstacle()
    return {
        **named,
        "changed": changed,
        "unchanged": [],
        "refused": [
            {
                "order_item_uuid": _REJECTED_UUID,
                "code": obstacle.code,
                "detail": str(obstacle),
            }
        ],
    }


def _request() -> dict[str, Any]:
    return {"reason": host_values().reason, "note": _note("The customer found it elsewhere.")}


def requests() -> dict[str, dict[str, dict[str, Any]]]:
    """Return what may be sent, by operation and by what the example shows."""
    decision = {
        "Without a word": {},
        "With a note, on the very cancellation that was seen": {
            "note": _note("Taken out of the picking list."),
            "cancellation_uuid": _CANCELLATION_UUID,
        },
    }
    own = {**_request(), "cancellation_uuid": _CANCELLATION_UUID}
    part = {"quantity": 1} if get_order_item_model().counts_parts() else {}
    rejection = {"reason": host_values().rejection_reason, "note": _note("Already packed.")}
    return {
        "confirmCancellation": {**decision, **({"A part of it": part} if part else {})},
        "rejectCancellation": {
            "With a reason": rejection,
            "The very cancellation that was seen": {
                "reason": rejection["reason"],
                "cancellation_uuid": _CANCELLATION_UUID,
            },
        },
        "withdrawCancellation": decision,
        "requestCancellation": {
            "With a reason": _request(),
            "So that it can be sent again at any time": {**own, **part},
        },
        "cancelItem": {"With a reason": _request()},
        "requestCancellationByDelete": {"Without a word": {}},
        "applyChanges": {"Each with an action of its own": {"changes": _changes(rejection)}},
        "requestOrderCancellation": {"With a reason": {"order_uuid": ORDER_UUID, **_request()}},
        "confirmOrderCancellation": {
            "With a note": {"note": _note("Taken out of the picking list.")}
        },
        "rejectOrderCancellation": {"With a reason": rejection},
    }


def _changes(rejection: dict[str, str]) -> list[dict[str, str]]:
    confirmation = {"action": "confirm", "cancellation_uuid": _CANCELLATION_UUID}
    return [
        {"order_item_uuid": _ITEM_UUID, **confirmation},
        {"order_item_uuid": _REJECTED_UUID, "action": "reject", **rejection},
    ]


def answers(path: str = _PATH) -> dict[str, Any]:
    """Return what a call answers, by operation.

    :param path: the path of the list, as the host mounts it.
    """
    host = host_values()
    return {
        "listCancellations": {
            "next": f"https://shop.example{path}?cursor=after-50",
            "previous": None,
            "results": [
                {**_cancellation("requested"), "order_item": _named_item(host.cancellable)}
            ],
        },
        "listItems": {
            "next": None,
            "previous": None,
            "results": [_item(host.cancellable, "requested", ("withdraw",))],
        },
        "retrieveItem": {
            **_item(host.cancellable, "requested", ("confirm", "reject")),
            "cancellations": [_cancellation("requested")],
        },
        "confirmCancellation": _item(host.cancelled, "confirmed"),
        "rejectCancellation": _item(
            host.cancellable, "rejected", reason=host.rejection_reason, note="Already packed."
        ),
        "withdrawCancellation": _item(host.cancellable, "withdrawn", ("request",)),
        "requestCancellation": _item(host.cancellable, "requested", ("withdraw",)),
        "cancelItem": _item(host.cancelled, "confirmed"),
        "applyChanges": outcome([_ITEM_UUID]),
        **{name: outcome([_ITEM_UUID], order_uuid=ORDER_UUID) for name in ORDERS},
    }
