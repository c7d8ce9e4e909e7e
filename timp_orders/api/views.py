"""API views, one for each call; their base class is in ``timp_orders.api.base``.

A host that wants something else subclasses a view and routes to its own: see the attributes of
:class:`~timp_orders.api.base.CancellationAPIView`.
"""

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db import router
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.generics import ListAPIView, UpdateAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from timp_orders import errors
from timp_orders.api.base import CancellationAPIView
from timp_orders.api.filters import CancellationFilterBackend, CancellationFilterSet
from timp_orders.api.inputs import (
    DecisionSerializer,
    NoteSerializer,
    OrderRequestSerializer,
    RequestSerializer,
)
from timp_orders.api.pagination import CancellationPagination
from timp_orders.api.problems import Problem
from timp_orders.api.serializers import (
    ItemDetailSerializer,
    ItemSerializer,
    ListedCancellationSerializer,
    OutcomeSerializer,
    shared,
)
from timp_orders.conf import settings
from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.models.querysets import OrderItemQuerySet
from timp_orders.services import BY_ACTION
from timp_orders.services.caller import Caller
from timp_orders.services.reads import visible_item
from timp_orders.states import Action, CancellationStatus, Via

if TYPE_CHECKING:
    UpdateBase = UpdateAPIView[Any]
    ListBase = ListAPIView[Cancellation]
else:
    UpdateBase = UpdateAPIView
    ListBase = ListAPIView

__all__ = [
    "CancellationListView",
    "ConfirmCancellationView",
    "ConfirmOrderCancellationView",
    "ItemActionView",
    "ItemCallView",
    "ItemView",
    "OrderCallView",
    "RejectCancellationView",
    "RejectOrderCancellationView",
    "RequestCancellationView",
    "RequestOrderCancellationView",
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
        meant = body.pop("cancellation_uuid", None)
        if meant:
            body["expected"] = meant
        service = BY_ACTION[action]
        return service(self.kwargs["order_item_uuid"], by=request.user, via=Via.API, **body).one()

    def answer(self, item: Any) -> Response:
        """Describe an item by ``serializer_class``, which a subclass may replace."""
        kind: Any = self.get_serializer_class()
        is_own = kind in (ItemSerializer, ItemDetailSerializer)
        serializer = shared(kind) if is_own else self.get_serializer()
        return Response(serializer.to_representation(item))


class ItemActionView(ItemCallView, UpdateBase):
    http_method_names = ["patch", "options"]
    action: ClassVar[Action]
    body_serializer_class: ClassVar[type[BaseSerializer[Any]]] = DecisionSerializer

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.answer(self.act(request, self.action))


class ConfirmCancellationView(ItemActionView):
    """The supplier confirms: the item becomes cancelled."""

    action = Action.CONFIRM


class RejectCancellationView(ItemActionView):
    """The supplier rejects: the item stays as it was."""

    action = Action.REJECT


class WithdrawCancellationView(ItemActionView):
    """The retailer takes the request back: the item stays as it was."""

    action = Action.WITHDRAW


class RequestCancellationView(ItemActionView):
    """The retailer asks to cancel the item."""

    action = Action.REQUEST
    body_serializer_class = RequestSerializer


class ItemView(ItemCallView):
    """An item with its cancellations; ``DELETE`` requests one."""

    serializer_class = ItemDetailSerializer
    body_serializer_class = RequestSerializer

    def get(self, request: Request, order_item_uuid: UUID) -> Response:
        """Return the item, its newest cancellations, and what the caller may do now."""
        model = get_order_item_model()
        caller = Caller.of(request.user, via=Via.API, using=router.db_for_read(model))
        item = visible_item(caller, **{model.UUID_FIELD: order_item_uuid})
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


class CancellationListView(CancellationAPIView, ListBase):
    """The cancellations that the caller may see, in the order of their requests.

    A cursor is good for one reading of the list, in which no row is skipped or shown twice. It is
    no feed: a row may appear behind a cursor that was kept.
    """

    serializer_class = ListedCancellationSerializer
    filter_backends = (CancellationFilterBackend,)
    filterset_class = CancellationFilterSet
    pagination_class = CancellationPagination

    def get_queryset(self) -> QuerySet[Cancellation]:
        model = get_order_item_model()
        using = router.db_for_read(model)
        cancellations = Cancellation.objects.using(using).select_related(
            "order_item", *(f"order_item__{path}" for path in model.order_relations())
        )
        if settings.policy.standing(self.request.user).sees_all:
            return cancellations
        visible: QuerySet[Any] = OrderItemQuerySet(model, using=using).visible_to(self.request.user)
        return cancellations.filter(order_item__in=visible)


class OrderCallView(CancellationAPIView):
    """A call on the items of one order that are on the caller's side."""

    http_method_names = ["patch", "options"]
    serializer_class: Any = OutcomeSerializer
    action: ClassVar[Action]

    def act(self, request: Request, order_uuid: UUID, **body: Any) -> Response:
        """Take the action on all items of the order that it is about."""
        items = self.items_on_side(request.user, order_uuid)
        if self.action != Action.REQUEST:
            statuses = [CancellationStatus.REQUESTED, self.action.result]
            items = items.with_latest_cancellation(status__in=statuses)
        outcome = BY_ACTION[self.action](items, by=request.user, via=Via.API, **body)
        lists = {
            "changed": outcome.changed,
            "unchanged": outcome.unchanged,
            "refused": [
                {"order_item_uuid": uuid, "code": error.code, "detail": str(error)}
                for uuid, error in outcome.refused.items()
            ],
        }
        if not outcome.changed and not outcome.unchanged:
            raise Problem(errors.NothingToDo(), order_uuid=order_uuid, **lists)
        return Response({"order_uuid": order_uuid, **lists})

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
    """The retailer asks to cancel every item of an order that can be."""

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


class RejectOrderCancellationView(ConfirmOrderCancellationView):
    """The supplier rejects all of its open cancellations in the order."""

    action = Action.REJECT
