"""Addresses of the admin's pages."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote
from django.urls import reverse

__all__ = ["address"]


def address(site: AdminSite, model: Any, name: str, *args: Any) -> str:
    """Return the address of a page of a model's admin, on the site that the user is at.

    :param name: such as ``"changelist"`` or ``"change"``.
    :param args: primary keys and the like, as they are.
    """
    names = f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}"
    return reverse(names, args=[quote(arg) for arg in args], current_app=site.name)
