"""API views of the lists, and of the call with many changes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from timp_orders.api.base import CancellationAPIView
from timp_orders.api.changes import ChangesSerializer
from timp_orders.api.filter_sets import CancellationFilterSet, OrderItemFilterSet
from timp_orders.api.filters import StrictFilterBackend
from timp_orders.api.inputs import readable
from timp_orders.api.outcomes import OutcomeSerializer, answer
from timp_orders.api.pagination import KeyPagination
from timp_orders.api.serializers import ItemSerializer, ListedCancellationSerializer
from timp_orders.conf import settings
from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.services import apply_changes
from timp_orders.services.reads import visible_cancellations, visible_items
from timp_orders.states import Via

if TYPE_CHECKING:
    ListBase = ListAPIView[Any]
else:
    ListBase = ListAPIView

__all__ = ["CancellationsView", "ItemListView", "ListView"]


class ListView(CancellationAPIView, ListBase):
    """A list in the order of its rows' keys.

    A cursor is good for one reading of the list, in which no row is skipped or shown twice. It is
    no feed: a row may appear behind a cursor that was kept.
    """

    filter_backends = (StrictFilterBackend,)
    pagination_class = KeyPagination

    get_row_model: Callable[[], type[Any]]
    """Returns the model in the order of whose keys the rows come."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([self.describe(row) for row in page])


class CancellationsView(ListView):
    """The cancellations that the caller may see, in the order of their requests.

    A cursor is good for one reading of the list, in which no row is skipped or shown twice. It is
    no feed: a row may appear behind a cursor that was kept. To follow what is new, read what is
    open from its beginning; or ask for what changed, with an overlap of some minutes, and
    recognise rows by UUID and status.
    """

    filterset_class = CancellationFilterSet
    body_serializer_class = ChangesSerializer
    body_required = True

    @property
    def max_body_bytes(self) -> int:
        return settings.MAX_CHANGES_BODY_BYTES

    def get_row_model(self) -> type[Any]:
        return Cancellation

    def get_serializer_class(self) -> Any:
        is_read = self.request is None or self.request.method in SAFE_METHODS
        return ListedCancellationSerializer if is_read else OutcomeSerializer

    def get_queryset(self) -> QuerySet[Cancellation]:
        return visible_cancellations(self.reader)

    def patch(self, request: Request) -> Response:
        """Change many items in one call, each with an action of its own.

        All in one transaction. What is refused is said of each item; with ``all_or_nothing``,
        nothing is changed then.
        """
        if request.query_params:  # the list's filters do not limit what is changed
            texts = [_("There is no such parameter.")]
            raise ValidationError({readable(name): texts for name in request.query_params})
        body = self.read_body(request)
        all_or_nothing = body.get("all_or_nothing", False)
        outcome = apply_changes(
            body["changes"], by=request.user, via=Via.API, all_or_nothing=all_or_nothing
        )
        return answer(outcome, all_or_nothing=all_or_nothing)


class ItemListView(ListView):
    """The order items that the caller may see, each with its latest cancellation.

    To find by a PO number or a SKU what to cancel. A cursor is good for one reading of the list.
    """

    serializer_class = ItemSerializer
    filterset_class = OrderItemFilterSet

    def get_row_model(self) -> type[Any]:
        return get_order_item_model()

    def get_queryset(self) -> QuerySet[Any]:
        return self.reader.visible_items()

    def paginate_queryset(self, queryset: Any) -> Any:
        """Find a page of keys, and then read what answers say of these items."""
        page = super().paginate_queryset(queryset.only("pk"))
        return visible_items(self.reader, [row.pk for row in page or []])
