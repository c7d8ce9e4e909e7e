from django.urls import path

from desk import views

app_name = "desk"

urlpatterns = [
    path("", views.waiting, name="waiting"),
    path("<uuid:order_item_uuid>/", views.decide, name="decide"),
]
