"""The codes of problem details, for the schema and the documents."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.serializers import ChoiceField

from timp_orders import errors
from timp_orders.api import body, problems

__all__ = ["CodeField", "codes", "codes_by_status"]

_OF_THE_FRAMEWORK = (
    exceptions.ParseError,
    exceptions.ValidationError,
    exceptions.NotAuthenticated,
    exceptions.AuthenticationFailed,
    exceptions.MethodNotAllowed,
    exceptions.NotAcceptable,
    body.LengthRequired,
    body.TooLarge,
    exceptions.UnsupportedMediaType,
    exceptions.Throttled,
)


def codes_by_status() -> dict[int, list[str]]:
    """Return each status of a problem with the codes that it comes with."""
    found = [(kind.status_code, kind.default_code) for kind in _OF_THE_FRAMEWORK]
    kinds = [getattr(errors, name) for name in errors.__all__]
    for kind in kinds:
        if not any(other is not kind and issubclass(other, kind) for other in kinds):
            found.append((problems.Problem(kind()).status_code, kind.code))
    by_status: dict[int, list[str]] = {}
    for status, code in sorted(found, key=lambda pair: pair[0]):
        by_status.setdefault(status, []).append(code)
    return by_status


def codes() -> list[str]:
    """Return all codes."""
    return [code for several in codes_by_status().values() for code in several]


class CodeField(ChoiceField):
    """Why something was refused."""

    def __init__(self, **kwargs: Any) -> None:
        text = _("Stable, for machines; never translated.")
        super().__init__(choices=codes(), help_text=text, **kwargs)
