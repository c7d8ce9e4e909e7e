"""API views of the calls on all items of an order."""

from typing import Any, ClassVar
from uuid import UUID, uuid5

from django.db import router
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from timp_orders import errors
from timp_orders.api.base import CancellationAPIView, RejectionView
from timp_orders.api.inputs import (
    NoteSerializer,
    OrderRejectionSerializer,
    OrderRequestSerializer,
)
from timp_orders.api.outcomes import OrderOutcomeSerializer, answer
from timp_orders.conf import settings
from timp_orders.models import get_order_item_model
from timp_orders.models.querysets import OrderItemQuerySet
from timp_orders.services import BY_ACTION
from timp_orders.states import Action, CancellationStatus, Via

__all__ = [
    "ConfirmOrderCancellationView",
    "OrderCallView",
    "RejectOrderCancellationView",
    "RequestOrderCancellationView",
]


class OrderCallView(CancellationAPIView):
    """A call on the items of one order that are on the caller's side."""

    http_method_names = ["patch", "options"]
    serializer_class: Any = OrderOutcomeSerializer
    action: ClassVar[Action]

    def act(self, request: Request, order_uuid: UUID, **body: Any) -> Response:
        """Take the action on all items of the order that it is about."""
        items: Any = self.items_on_side(request.user, order_uuid)
        if name := body.pop("cancellation_uuid", None):
            # Named, so that all of them are in the call, and no other.
            items = list(items.values_list(items.model.UUID_FIELD, flat=True))
            body["cancellation_uuid"] = {item: uuid5(name, str(item)) for item in items}
        elif self.action != Action.REQUEST:
            statuses = [CancellationStatus.REQUESTED, self.action.result]
            items = items.with_latest_cancellation(status__in=statuses)
        outcome = BY_ACTION[self.action](items, by=request.user, via=Via.API, **body)
        return answer(outcome, order_uuid=order_uuid)

    def items_on_side(self, user: Any, order_uuid: UUID) -> OrderItemQuerySet[Any]:
        """Return the items on the caller's side; 404 for whoever may not see the order.

        :raises timp_orders.errors.CancellationError: none of them is the caller's to act on.
        """
        model = get_order_item_model()
        items: OrderItemQuerySet[Any] = OrderItemQuerySet(model, using=router.db_for_write(model))
        path = model.ORDER_UUID_FIELD
        items = items.filter(**{path: order_uuid}) if path else items.none()
        standing = settings.policy.standing(user)
        if not items.visible_to(user).exists():
            raise errors.NotFound(_("There is no such order."))
        if not standing.may_cancel:
            raise errors.PermissionDenied
        if standing.either_side:
            return items
        own = items.on_side(user, self.action.side)
        if not own.exists():
            raise errors.WrongSide
        return own


class RequestOrderCancellationView(OrderCallView):
    """The retailer asks to cancel every item of an order that can be.

    With a ``cancellation_uuid``, each item's cancellation gets the UUID of version 5 that this one
    and the item's give (RFC 9562): ``uuid5(cancellation_uuid, order_item_uuid)``.
    """

    action = Action.REQUEST
    body_serializer_class = OrderRequestSerializer
    body_required = True

    def patch(self, request: Request) -> Response:
        return self.act(request, **self.read_body(request))


class ConfirmOrderCancellationView(OrderCallView):
    """The supplier confirms all of its open cancellations in the order."""

    action = Action.CONFIRM
    body_serializer_class = NoteSerializer

    def patch(self, request: Request, order_uuid: UUID) -> Response:
        return self.act(request, order_uuid, **self.read_body(request))


class RejectOrderCancellationView(RejectionView, ConfirmOrderCancellationView):
    """The supplier rejects all of its open cancellations in the order."""

    body_serializer_class = OrderRejectionSerializer
