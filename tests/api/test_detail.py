"""The item's own call."""

from itertools import product
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.api import CALLERS, error
from tests.api.test_every_combination import refusal
from tests.test_services import make
from tests.test_states import CANCELLATION_STATUSES, ITEM_STATUSES, expected
from timp_orders.api.serializers import NEWEST
from timp_orders.models import Cancellation
from timp_orders.states import Action
from timp_orders.testing import CancellationFactory

pytestmark = pytest.mark.django_db


def test_it_shows_the_item_and_its_cancellations_newest_first(call, world):
    Cancellation.unguarded.filter(pk=world.cancellation.pk).delete()
    old = CancellationFactory(order_item=world.item, status="rejected", reason="fraud")
    new = CancellationFactory(order_item=world.item, note="Two\nlines")
    answer = call("item", world.item.uuid, method="get", by=world.supplier).json()
    assert answer["order_item_uuid"] == str(world.item.uuid)
    assert [c["uuid"] for c in answer["cancellations"]] == [str(new.uuid), str(old.uuid)]
    assert answer["cancellation"] == answer["cancellations"][0]
    assert answer["cancellations"][0]["note"] == "Two\nlines"
    assert answer["supported_actions"] == ["confirm", "reject"]


def test_of_a_long_history_it_shows_the_newest_fifty(call, world):
    decided = {"status": "rejected", "decided_at": timezone.now()}
    uuids = [uuid4() for _ in range(NEWEST + 9)]
    Cancellation.unguarded.update(**decided)
    Cancellation.unguarded.bulk_create(
        Cancellation(order_item=world.item, uuid=uuid, **decided) for uuid in uuids
    )
    answer = call("item", world.item.uuid, method="get", by=world.supplier).json()
    assert [c["uuid"] for c in answer["cancellations"]] == list(map(str, uuids[: -NEWEST - 1 : -1]))
    assert answer["cancellation"] == answer["cancellations"][0]
    query = {"order_item_uuid": world.item.uuid, "page_size": 500}
    every = call(
        f"{reverse('timp_orders:cancellations')}?{urlencode(query)}",
        method="get",
        by=world.supplier,
    ).json()
    assert len(every["results"]) == len(uuids) + 1


def test_without_a_cancellation_it_says_so(call, world):
    Cancellation.unguarded.filter(pk=world.cancellation.pk).delete()
    answer = call("item", world.item.uuid, method="get", by=world.retailer).json()
    assert (answer["cancellation"], answer["cancellations"]) == (None, [])
    assert answer["supported_actions"] == ["request"]


@pytest.mark.parametrize("caller", CALLERS)
def test_it_promises_what_the_service_does_and_nothing_else(call, callers, order, supplier, caller):
    for state in product(ITEM_STATUSES, CANCELLATION_STATUSES):
        response = call(
            "item", make(order, supplier, *state).uuid, method="get", by=callers[caller]
        )
        if caller == "stranger":
            assert error(response) == (404, "not_found")
            continue
        assert response.json()["supported_actions"] == [
            action
            for action in Action.values
            if not refusal(caller, action) and expected(action, *state) == "change"
        ]


def test_what_is_hidden_and_what_is_not_there_are_alike_to_the_last_byte(call, world):
    answers = [
        call("item", uuid, method="get", by=world.stranger)
        for uuid in (world.item.uuid, world.nowhere)
    ]
    assert error(answers[0]) == (404, "not_found")
    assert answers[0].content == answers[1].content
    assert str(answers[0].headers) == str(answers[1].headers)


def test_it_takes_the_same_statements_whatever_its_history(call, world):
    call("item", world.item.uuid, method="get", by=world.supplier)

    def statements():
        with CaptureQueriesContext(connection) as captured:
            call("item", world.item.uuid, method="get", by=world.supplier)
        return len(captured)

    short = statements()
    CancellationFactory.create_batch(30, order_item=world.item, status="rejected")
    assert statements() == short <= 5
