"""The example's URLs, and a host's own views of the same calls, which keep ``ATOMIC_REQUESTS``."""

from django.urls import path
from example.urls import urlpatterns

from timp_orders.api import views

ITEM = "host/orders/items/cancel/<uuid:order_item_uuid>/"

urlpatterns = [
    *urlpatterns,
    path(f"{ITEM}confirm/", views.ConfirmCancellationView.as_view()),
    path(f"{ITEM}reject/", views.RejectCancellationView.as_view()),
    path(f"{ITEM}withdraw/", views.WithdrawCancellationView.as_view()),
]
