"""Answers to calls on many items: what became of each."""

from typing import TYPE_CHECKING, Any

from rest_framework import serializers
from rest_framework.response import Response

from timp_orders import errors
from timp_orders.api.codes import CodeField
from timp_orders.api.problems import Problem
from timp_orders.api.serializers import ProblemSerializer
from timp_orders.services import Outcome

if TYPE_CHECKING:
    BaseSerializer = serializers.Serializer[Any]
else:
    BaseSerializer = serializers.Serializer

__all__ = [
    "OrderOutcomeSerializer",
    "OutcomeProblemSerializer",
    "OutcomeSerializer",
    "RefusalSerializer",
    "answer",
]


class RefusalSerializer(BaseSerializer):
    order_item_uuid = serializers.UUIDField()
    code = CodeField()
    detail = serializers.CharField()


class OutcomeSerializer(BaseSerializer):
    """What became of each item: every one is in exactly one list."""

    changed = serializers.ListField(child=serializers.UUIDField())
    unchanged = serializers.ListField(child=serializers.UUIDField())
    refused = RefusalSerializer(many=True)


class OrderOutcomeSerializer(OutcomeSerializer):
    """What became of each item of an order: every one is in exactly one list."""

    order_uuid = serializers.UUIDField()


class OutcomeProblemSerializer(ProblemSerializer):
    """Problem details of a call in which nothing was done, with each item's."""

    order_uuid = serializers.UUIDField(required=False)
    changed = serializers.ListField(child=serializers.UUIDField(), required=False)
    unchanged = serializers.ListField(child=serializers.UUIDField(), required=False)
    refused = RefusalSerializer(many=True, required=False)


def answer(outcome: Outcome, *, all_or_nothing: bool = False, **named: Any) -> Response:
    """Answer a call on many items.

    :param named: what the call was about, such as its order.
    :raises timp_orders.api.problems.Problem: nothing was done.
    """
    lists = {
        "changed": outcome.changed,
        "unchanged": outcome.unchanged,
        "refused": [
            {"order_item_uuid": uuid, "code": error.code, "detail": str(error)}
            for uuid, error in outcome.refused.items()
        ],
    }
    if all_or_nothing and outcome.refused:
        raise Problem(errors.AllOrNothing(), **named, **lists)
    if not outcome.changed and not outcome.unchanged:
        raise Problem(errors.NothingToDo(), **named, **lists)
    return Response({**named, **lists})
