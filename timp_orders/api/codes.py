"""The codes of problem details, for the schema and the documents."""

from rest_framework import exceptions

from timp_orders import errors
from timp_orders.api import body, problems

__all__ = ["codes_by_status"]

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
    codes: dict[int, list[str]] = {}
    for status, code in sorted(found, key=lambda pair: pair[0]):
        codes.setdefault(status, []).append(code)
    return codes
