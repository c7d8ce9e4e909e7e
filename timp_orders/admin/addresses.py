"""Addresses of the admin's pages."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import PAGE_VAR
from django.http import HttpRequest, QueryDict
from django.urls import reverse

__all__ = ["TICKED", "address", "decided", "list_address", "viewable"]

TICKED = "ticked"
"""The parameter of a list's address that names the rows that are ticked."""

_TICKS = 100
"""As many are kept in an address."""


def address(site: AdminSite, model: Any, name: str, *args: Any) -> str:
    """Return the address of a page of a model's admin, on the site that the user is at.

    :param name: such as ``"changelist"`` or ``"change"``.
    :param args: primary keys and the like, as they are.
    """
    names = f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}"
    return reverse(names, args=[quote(arg) for arg in args], current_app=site.name)


def viewable(request: HttpRequest, site: AdminSite, model: Any) -> Any:
    """Return the admin of a model on this site, if the user may view its pages."""
    found = site._registry.get(model)
    return found if found and found.has_view_or_change_permission(request) else None


def list_address(request: HttpRequest) -> str:
    """Return the address of a list as it is posted from: its filters, its page, and its ticks."""
    query = request.GET.copy()
    ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
    if len(ticked) <= _TICKS:
        query.setlist(TICKED, ticked)
    return f"{request.path}?{query.urlencode()}" if query else request.path


def decided(url: str) -> str:
    """Return the address of a list after a decision: the rows may have left it, and it the page."""
    parts = urlsplit(url)
    query = QueryDict(parts.query, mutable=True)
    for name in (PAGE_VAR, TICKED):
        query.pop(name, None)
    return parts._replace(query=query.urlencode()).geturl()
