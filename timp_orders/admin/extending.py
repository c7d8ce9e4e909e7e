"""Extend the template of an admin page, whichever a host or another package gives it."""

from typing import Any

from django.http import HttpResponse
from django.template.response import TemplateResponse

__all__ = ["extended"]


def extended(response: HttpResponse, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a response by a template that extends the one which it would be rendered by.

    A ``change_form_template`` of this app's would take the place of a host's, or the other way
    round; this is how both are shown.

    :param template: one that begins with ``{% extends extended_template %}``.
    :param context: what else it needs.
    :returns: the response; as it was if it is rendered already, or is no page.
    """
    if isinstance(response, TemplateResponse) and not response.is_rendered:
        page = response.resolve_template(response.template_name)
        response.context_data = {**(response.context_data or {}), **context}
        response.context_data["extended_template"] = page
        response.template_name = template
    return response
