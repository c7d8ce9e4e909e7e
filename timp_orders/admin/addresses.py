"""Addresses of the admin's pages."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import PAGE_VAR
from django.http import QueryDict
from django.urls import reverse

__all__ = ["TICKED", "address", "first_page", "with_ticks"]

TICKED = "ticked"
"""The parameter of a list's address that names the rows that are ticked."""


def address(site: AdminSite, model: Any, name: str, *args: Any) -> str:
    """Return the address of a page of a model's admin, on the site that the user is at.

    :param name: such as ``"changelist"`` or ``"change"``.
    :param args: primary keys and the like, as they are.
    """
    names = f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}"
    return reverse(names, args=[quote(arg) for arg in args], current_app=site.name)


def first_page(url: str) -> str:
    """Return the address of a list's first page: decided rows may have left it, and it the rest."""
    query = QueryDict(urlsplit(url).query, mutable=True)
    query.pop(PAGE_VAR, None)
    return _with(url, query)


def with_ticks(url: str, keys: Sequence[Any]) -> str:
    """Return the address of a list on which these rows are ticked."""
    query = QueryDict(urlsplit(url).query, mutable=True)
    query.setlist(TICKED, [str(key) for key in keys])
    return _with(url, query)


def _with(url: str, query: QueryDict) -> str:
    return urlsplit(url)._replace(query=query.urlencode()).geturl()
