from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from tests.benchmarks.tutorial.views import ConfirmView as Tutorial

urlpatterns = [
    path("admin/", admin.site.urls),
    path("tutorial/<uuid:uuid>/confirm/", Tutorial.as_view()),
    path("timp/", include("timp_orders.urls")),
]
if "tests.benchmarks.assembled" in settings.INSTALLED_APPS:
    from tests.benchmarks.assembled.views import ConfirmView as Assembled

    urlpatterns.append(path("assembled/<uuid:uuid>/confirm/", Assembled.as_view()))
if "tests.benchmarks.floor" in settings.INSTALLED_APPS:
    from tests.benchmarks.floor.views import ConfirmView as Floor

    urlpatterns.append(path("floor/<uuid:uuid>/confirm/", Floor.as_view()))
