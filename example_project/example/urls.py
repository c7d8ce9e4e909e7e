from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("timp/", include("timp_orders.urls")),  # timp_orders
    path("schema/", SpectacularSwaggerView.as_view(url_name="openapi"), name="schema"),
    path("schema/openapi.yaml", SpectacularAPIView.as_view(), name="openapi"),
]
