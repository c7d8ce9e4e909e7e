"""The addresses of the example project, and those that the theme needs."""

from django.conf import settings
from django.urls import include, path
from example.urls import urlpatterns as of_the_example

urlpatterns = [
    *(path(prefix, include(module)) for prefix, module in settings.THEME.urls.items()),
    *of_the_example,
]
