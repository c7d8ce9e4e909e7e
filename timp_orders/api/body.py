"""Reading of request bodies: JSON objects in UTF-8, of a limited size, with or without a length."""

import codecs
import json
from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.utils.mediatypes import _MediaType

from timp_orders.conf import settings

__all__ = ["BodyParser", "LengthRequired", "TooLarge", "is_unreadable", "receive"]


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = _("The body is too large.")


class LengthRequired(APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = _("This server cannot read a chunked body; send its Content-Length.")


def is_unreadable(request: HttpRequest) -> bool:
    """Tell whether the request has a chunked body that this server cannot read.

    WSGI says only by ``wsgi.input_terminated`` that a body without a length has an end; reading on
    without it would wait for ever, or read the next request.
    """
    environ = getattr(request, "environ", None)  # none under ASGI, which has read the body
    return (
        environ is not None
        and "HTTP_TRANSFER_ENCODING" in environ
        and not environ.get("wsgi.input_terminated")
    )


def receive(request: HttpRequest, limit: int) -> None:
    """Read a body without a Content-Length, which Django takes for empty under WSGI.

    :param limit: of bytes; one more is read at most: enough for the parser to refuse it.
    :raises LengthRequired: nobody here can read it.
    :raises rest_framework.exceptions.ParseError: it broke off.
    """
    if is_unreadable(request):
        raise LengthRequired
    if request.META.get("CONTENT_LENGTH"):
        return
    environ = getattr(request, "environ", {})
    stream = environ["wsgi.input"] if environ.get("wsgi.input_terminated") else request
    try:
        body = stream.read(limit + 1)
    except Exception as error:  # of broken chunks each server raises an error of its own
        raise ParseError(_("The body broke off.")) from error
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._body = body  # where middleware has asked for it already
    request._stream = BytesIO(body)


class BodyParser(BaseParser):
    """JSON objects in UTF-8 (RFC 8259), of the view's ``max_body_bytes`` at most.

    In a view that has none, of ``TIMP_ORDERS["MAX_BODY_BYTES"]``.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        if not _is_utf8(_MediaType(media_type or "").params.get("charset", "utf-8")):
            raise UnsupportedMediaType(media_type or "")
        view = (parser_context or {}).get("view")
        limit: int = getattr(view, "max_body_bytes", settings.MAX_BODY_BYTES)
        try:
            body = stream.read(limit + 1)
        except OSError as error:
            raise ParseError(_("The body broke off.")) from error
        if len(body) > limit:
            raise TooLarge
        try:
            # Deep nesting is a RecursionError; all else that is wrong is a ValueError.
            # A byte order mark may be ignored (RFC 8259, section 8.1).
            data = json.loads(
                body.decode("utf-8-sig"),
                parse_constant=_refuse_constant,
                object_pairs_hook=_without_repetition,
            )
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not JSON in UTF-8.")) from error
        if not isinstance(data, dict):
            raise ParseError(_("The body must be a JSON object."))
        return data


def _is_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name == "utf-8"
    except (LookupError, ValueError):
        return False


def _refuse_constant(name: str) -> None:
    raise ValueError  # NaN and the infinities, which Python takes and JSON does not have


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of a name that comes twice Python takes the last value, and drops what may be a guard.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found
