"""The demonstration, driven by what openapi-python-client generates."""

import sys
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from openapi_python_client_client import AuthenticatedClient
from openapi_python_client_client.api.cancellations import (
    apply_changes,
    confirm_cancellation,
    list_cancellations,
    list_items,
    reject_cancellation,
    retrieve_item,
)
from openapi_python_client_client.models import (
    TimpAction,
    TimpCancellationStatus,
    TimpChanges,
    TimpConfirmAction,
    TimpConfirmChange,
    TimpDecision,
    TimpProblem,
    TimpProblemCode,
    TimpRejectAction,
    TimpRejectChange,
)

ITEM = UUID("2350a349-2441-4c32-b7f6-99b7e4540b94")
REJECTED = UUID("4efca041-22e1-4e35-96d1-8495273a5868")
NOTE = "Already packed: “Größe 7”, 😀"


def listed(client):
    page = list_cancellations.sync(
        client=client, status=[TimpCancellationStatus.REQUESTED], page_size=3
    )
    yield from page.results
    while page.next_:
        (cursor,) = parse_qs(urlsplit(page.next_).query)["cursor"]
        page = list_cancellations.sync(
            client=client,
            status=[TimpCancellationStatus.REQUESTED],
            page_size=3,
            cursor=cursor,
        )
        yield from page.results


def main(base):
    supplier = AuthenticatedClient(base_url=base, token="1234567890", prefix="Token")
    seen = [row.order_item.order_item_uuid for row in listed(supplier)]
    assert len(seen) > 3
    assert len(set(seen)) == len(seen)
    assert {ITEM, REJECTED} <= set(seen)

    detail = retrieve_item.sync(ITEM, client=supplier)
    assert detail.supported_actions == [TimpAction.CONFIRM, TimpAction.REJECT]
    assert detail.cancellation == detail.cancellations[0]

    meant = TimpDecision(cancellation_uuid=detail.cancellation.uuid)
    confirmed = confirm_cancellation.sync(ITEM, client=supplier, body=meant)
    assert confirmed.status == "Cancelled"
    assert confirmed.cancellation.status == TimpCancellationStatus.CONFIRMED

    rejected = reject_cancellation.sync(REJECTED, client=supplier, body=TimpDecision(note=NOTE))
    assert rejected.cancellation.decision_note == NOTE

    items = list_items.sync(client=supplier, awaiting=True, page_size=5).results
    assert len(items) > 1
    assert all(item.supported_actions == [TimpAction.CONFIRM, TimpAction.REJECT] for item in items)
    confirming, rejecting = items[:2]
    changes = TimpChanges(
        changes=[
            TimpConfirmChange(
                order_item_uuid=confirming.order_item_uuid,
                action=TimpConfirmAction.CONFIRM,
                cancellation_uuid=confirming.cancellation.uuid,
            ),
            TimpRejectChange(
                order_item_uuid=rejecting.order_item_uuid,
                action=TimpRejectAction.REJECT,
                note=NOTE,
            ),
        ]
    )
    outcome = apply_changes.sync(client=supplier, body=changes)
    assert set(outcome.changed) == {confirming.order_item_uuid, rejecting.order_item_uuid}
    again = apply_changes.sync(client=supplier, body=changes)
    assert len(again.unchanged) == 2

    refused = reject_cancellation.sync_detailed(ITEM, client=supplier)
    assert refused.status_code == 422
    assert isinstance(refused.parsed, TimpProblem)
    assert refused.parsed.code == TimpProblemCode.ALREADY_CONFIRMED
    assert refused.parsed.cancellation_status == "confirmed"

    stranger = AuthenticatedClient(base_url=base, token="wrong", prefix="Token")
    problem = list_cancellations.sync(client=stranger)
    assert problem.code == TimpProblemCode.AUTHENTICATION_FAILED
    print(f"openapi-python-client: {len(seen)} rows")


if __name__ == "__main__":
    main(sys.argv[1])
