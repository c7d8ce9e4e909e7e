from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("timp/", include("timp_orders.urls")),  # timp_orders
    path("desk/", include("desk.urls")),
    path("accounts/login/", LoginView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("schema/", SpectacularSwaggerView.as_view(url_name="openapi"), name="schema"),
    path("schema/openapi.yaml", SpectacularAPIView.as_view(), name="openapi"),
]
