"""API views of the calls on one item.

Their base class is in ``timp_orders.api.base``; the lists and the call with many changes are in
``timp_orders.api.list_views``, the calls on orders in ``timp_orders.api.order_views``.

A host that wants something else subclasses a view and routes to its own: see the attributes of
:class:`~timp_orders.api.base.CancellationAPIView`.
"""

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from rest_framework.generics import UpdateAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from timp_orders import errors
from timp_orders.api.base import CancellationAPIView, RejectionView
from timp_orders.api.inputs import (
    CancelSerializer,
    ConfirmationSerializer,
    DecisionSerializer,
    RejectionSerializer,
    RequestSerializer,
)
from timp_orders.api.serializers import ItemDetailSerializer, ItemSerializer
from timp_orders.services import BY_ACTION
from timp_orders.services.reads import visible_item
from timp_orders.states import Action, Via

if TYPE_CHECKING:
    UpdateBase = UpdateAPIView[Any]
else:
    UpdateBase = UpdateAPIView

__all__ = [
    "CancelItemView",
    "ConfirmCancellationView",
    "ItemActionView",
    "ItemCallView",
    "ItemView",
    "RejectCancellationView",
    "RequestCancellationView",
    "WithdrawCancellationView",
]


class ItemCallView(CancellationAPIView):
    """A call on one item, which the URL names."""

    serializer_class: Any = ItemSerializer

    def act(self, request: Request, action: Action) -> Any:
        """Take the action.

        :returns: the item as it is now.
        """
        body = self.read_body(request)
        if "cancellation_uuid" in body and not action.opens:
            body["expected"] = body.pop("cancellation_uuid")
        service = BY_ACTION[action]
        return service(self.kwargs["order_item_uuid"], by=request.user, via=Via.API, **body).one()

    def answer(self, item: Any) -> Response:
        """Describe an item by ``serializer_class``, which a subclass may replace."""
        return Response(self.describe(item))


class ItemActionView(ItemCallView, UpdateBase):
    http_method_names = ["patch", "options"]
    action: ClassVar[Action]
    body_serializer_class: ClassVar[type[BaseSerializer[Any]]] = DecisionSerializer

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.answer(self.act(request, self.action))


class ConfirmCancellationView(ItemActionView):
    """The supplier confirms: the item becomes cancelled."""

    action = Action.CONFIRM
    body_serializer_class = ConfirmationSerializer


class RejectCancellationView(RejectionView, ItemActionView):
    """The supplier rejects: the item stays as it was."""

    body_serializer_class = RejectionSerializer


class WithdrawCancellationView(ItemActionView):
    """The retailer takes the request back: the item stays as it was."""

    action = Action.WITHDRAW


class RequestCancellationView(ItemActionView):
    """The retailer asks to cancel the item."""

    action = Action.REQUEST
    body_serializer_class = RequestSerializer


class CancelItemView(ItemActionView):
    """An operator cancels the item outright, in one step; its supplier too, where that is allowed.

    An open cancellation is confirmed; without one, one is written that is confirmed at once.
    """

    action = Action.CANCEL
    body_serializer_class = CancelSerializer


class ItemView(ItemCallView):
    """An item with its cancellations; ``DELETE`` requests one."""

    serializer_class = ItemDetailSerializer
    body_serializer_class = RequestSerializer

    def get(self, request: Request, order_item_uuid: UUID) -> Response:
        """Return the item, its newest cancellations, and what the caller may do now."""
        reader = self.reader
        item = visible_item(reader, **{reader.model.UUID_FIELD: order_item_uuid})
        if item is None:
            raise errors.NotFound
        return self.answer(item)

    def delete(self, request: Request, order_item_uuid: UUID) -> Response:
        """The retailer asks to cancel the item.

        The platform's form of the call. It takes the body of ``request/`` too, which OpenAPI does
        not describe and some proxies drop.
        """
        self.act(request, Action.REQUEST)
        return Response(status=204)
