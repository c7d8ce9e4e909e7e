"""The calls, as the platform names them. Include these under a prefix of your own."""

from typing import Any

from django.urls import path, re_path

from timp_orders.api import list_views, order_views, views
from timp_orders.api.base import CancellationAPIView, NoSuchCallView
from timp_orders.services.transactions import outside_atomic_requests

app_name = "timp_orders"

_ITEM = "orders/items/cancel/<uuid:order_item_uuid>/"
_ORDER = "orders/cancel/<uuid:order_uuid>/"


def _served(view: type[CancellationAPIView]) -> Any:
    """Make the function of a view, which commits for itself."""
    return outside_atomic_requests(view.as_view())


urlpatterns = [
    path("orders/items/", _served(list_views.ItemListView), name="items"),
    path("orders/items/cancel/", _served(list_views.CancellationsView), name="cancellations"),
    path(_ITEM, _served(views.ItemView), name="item"),
    path(f"{_ITEM}confirm/", _served(views.ConfirmCancellationView), name="confirm"),
    path(f"{_ITEM}reject/", _served(views.RejectCancellationView), name="reject"),
    path(f"{_ITEM}request/", _served(views.RequestCancellationView), name="request"),
    path(f"{_ITEM}withdraw/", _served(views.WithdrawCancellationView), name="withdraw"),
    path(f"{_ITEM}cancel/", _served(views.CancelItemView), name="cancel"),
    path("orders/cancel/", _served(order_views.RequestOrderCancellationView), name="request-order"),
    path(
        f"{_ORDER}confirm/",
        _served(order_views.ConfirmOrderCancellationView),
        name="confirm-order",
    ),
    path(f"{_ORDER}reject/", _served(order_views.RejectOrderCancellationView), name="reject-order"),
    re_path("^orders/(items|cancel)(/|$)", _served(NoSuchCallView)),
]
