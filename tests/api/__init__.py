"""The calls over HTTP, by Django's test client."""

from timp_orders.api.codes import codes_by_status

CALLERS = [
    "supplier",
    "retailer",
    "both",
    "stranger",
    "powerless_supplier",
    "powerless_retailer",
    "auditor",
    "operator",
    "superuser",
]
"""Users by where they stand; a fixture makes them."""

EVERY_CALL = [
    ("confirm", "patch", "item"),
    ("reject", "patch", "item"),
    ("request", "patch", "item"),
    ("withdraw", "patch", "item"),
    ("cancel", "patch", "item"),
    ("item", "delete", "item"),
    ("item", "get", "item"),
    ("cancellations", "get", None),
    ("cancellations", "patch", "item"),
    ("items", "get", None),
    ("request-order", "patch", "order"),
    ("confirm-order", "patch", "order"),
    ("reject-order", "patch", "order"),
]
"""The URL's name, the method, and what the call is about."""

WRITES = [call for call in EVERY_CALL if call[1] != "get"]


def arguments(name, about, uuid):
    """The arguments of ``call`` for one of the calls above."""
    if name == "request-order":
        return [], {"data": {"order_uuid": str(uuid)}}
    if name == "cancellations" and about:
        change = {"order_item_uuid": str(uuid), "action": "confirm"}
        return [], {"data": {"changes": [change]}}
    return [uuid] if about else [], {}


def error(response):
    """The status and the code of a problem, and that it is a well-formed one."""
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["title"]
    assert problem["detail"]
    assert problem["code"] in codes_by_status()[response.status_code]
    return response.status_code, problem["code"]
