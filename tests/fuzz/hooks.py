"""What the schema cannot say of requests: of many changes, each is about another item."""

from uuid import UUID

import schemathesis


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Give a change another item, if its own comes twice."""
    changes = case.body.get("changes") if isinstance(case.body, dict) else None
    if not isinstance(changes, list):
        return
    seen = set()
    for number, change in enumerate(changes):
        if not isinstance(change, dict) or not isinstance(change.get("order_item_uuid"), str):
            continue
        uuid = change["order_item_uuid"].lower()
        if uuid in seen:
            changes[number] = {**change, "order_item_uuid": str(UUID(int=number, version=4))}
        seen.add(uuid)
