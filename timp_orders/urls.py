"""The calls, as the platform names them. Include these under a prefix of your own."""

from django.urls import path, re_path

from timp_orders.api import list_views, order_views, views
from timp_orders.api.base import NoSuchCallView

app_name = "timp_orders"

_ITEM = "orders/items/cancel/<uuid:order_item_uuid>/"
_ORDER = "orders/cancel/<uuid:order_uuid>/"

urlpatterns = [
    path("orders/items/", list_views.ItemListView.as_view(), name="items"),
    path("orders/items/cancel/", list_views.CancellationsView.as_view(), name="cancellations"),
    path(_ITEM, views.ItemView.as_view(), name="item"),
    path(f"{_ITEM}confirm/", views.ConfirmCancellationView.as_view(), name="confirm"),
    path(f"{_ITEM}reject/", views.RejectCancellationView.as_view(), name="reject"),
    path(f"{_ITEM}request/", views.RequestCancellationView.as_view(), name="request"),
    path(f"{_ITEM}withdraw/", views.WithdrawCancellationView.as_view(), name="withdraw"),
    path(f"{_ITEM}cancel/", views.CancelItemView.as_view(), name="cancel"),
    path(
        "orders/cancel/", order_views.RequestOrderCancellationView.as_view(), name="request-order"
    ),
    path(
        f"{_ORDER}confirm/",
        order_views.ConfirmOrderCancellationView.as_view(),
        name="confirm-order",
    ),
    path(
        f"{_ORDER}reject/", order_views.RejectOrderCancellationView.as_view(), name="reject-order"
    ),
    re_path("^orders/(items|cancel)(/|$)", NoSuchCallView.as_view()),
]
