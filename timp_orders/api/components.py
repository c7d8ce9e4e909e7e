"""The components of the OpenAPI schema, named and shaped for clients that are generated from it.

Each name has a prefix, so that none clashes with the host's; each enumeration is a component, and
``null`` is written as generators understand it, whatever drf-spectacular's settings are.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import FieldDoesNotExist
from django.db.models import IntegerField
from django.db.models.constants import LOOKUP_SEP
from drf_spectacular.authentication import SessionScheme, TokenScheme
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.plumbing import ResolvedComponent, get_class, is_jsonschema_compliant
from drf_spectacular.utils import extend_schema_serializer
from rest_framework.serializers import BaseSerializer, Serializer, URLField

from timp_orders.api.codes import codes
from timp_orders.conf import settings
from timp_orders.models import get_order_item_model
from timp_orders.states import Action, CancellationStatus, Party, Via

__all__ = [
    "PREFIX",
    "SerializerExtension",
    "columns_along",
    "component",
    "page_of",
    "tell_how_to_send",
    "value_at",
    "values",
]

PREFIX = "Timp"
"""Begins the name of each component."""

_TEXT = r"^[^\u0000]*$"
_NOT_BLANK = r"^[^\u0000]*\S[^\u0000]*$"


class SerializerExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Describes this app's serializers, and what a host derives from them."""

    target_class = "rest_framework.serializers.BaseSerializer"
    priority = -1  # an extension of the host's own goes first

    @classmethod
    def _matches(cls, target: Any) -> bool:
        kinds: tuple[type, ...] = get_class(target).__mro__
        return BaseSerializer in kinds and any(map(_is_own, kinds))

    def get_name(self, auto_schema: Any, direction: Any) -> str | None:
        kind = get_class(self.target)
        return PREFIX + kind.__name__ if _is_own(kind) else None

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = auto_schema._map_serializer(
            self.target, direction, bypass_extensions=True
        )
        for name, described in schema["properties"].items():
            described.pop("readOnly", None)  # of an answer, everything is
            described = _of_generators(auto_schema, described)
            if direction == "request" and set(described) & {"type", "format"} == {"type"}:
                described["pattern"] = _TEXT
            schema["properties"][name] = described
        fields = self.target.fields.items()
        required = sorted(name for name, field in fields if field.required or field.read_only)
        if required:
            schema["required"] = required
        if direction == "request":
            schema["additionalProperties"] = False
        return schema


def columns_along(name: str) -> Iterator[Any]:
    """Yield the fields along a declared path; ``None`` for what is no field."""
    model: Any = get_order_item_model()
    for part in model.paths()[name].split(LOOKUP_SEP):
        try:
            column = model._meta.get_field(part)
        except FieldDoesNotExist:
            yield None
            return
        yield column
        model = column.related_model


def value_at(name: str) -> dict[str, Any]:
    """Describe a value that the list is filtered by, by the column that it is compared with."""
    *_, column = columns_along(name)
    if isinstance(column, IntegerField):
        return {"type": "integer"}
    schema: dict[str, Any] = {"type": "string", "minLength": 1, "pattern": _NOT_BLANK}
    if length := getattr(column, "max_length", None):
        schema["maxLength"] = length
    return schema


@cache
def page_of(kind: type[BaseSerializer[Any]]) -> type[BaseSerializer[Any]]:
    """Return the serializer of a page of the list, whose rows are described by ``kind``."""
    members = {
        "__doc__": "A page of the list.",
        "__module__": kind.__module__,
        "next": URLField(allow_null=True),
        "previous": URLField(allow_null=True),
        "results": kind(many=True),
    }
    page = type(kind.__name__.removesuffix("Serializer") + "PageSerializer", (Serializer,), members)
    described: type[BaseSerializer[Any]] = extend_schema_serializer(many=False)(page)
    return described


def tell_how_to_send(authentication: Any, registry: Any) -> None:
    """Add to a security scheme of drf-spectacular's own which headers it needs."""
    kind = type(OpenApiAuthenticationExtension.get_match(authentication))
    if kind is SessionScheme:
        csrf = django_settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-")
        text = f"The cookie of a session. Whatever is no GET also needs the header {csrf}."
    elif kind is TokenScheme and authentication.keyword != "Bearer":
        text = f"The whole header: Authorization: {authentication.keyword} <the token>"
    else:
        return
    scheme = ResolvedComponent(  # type: ignore[no-untyped-call]
        kind.name, ResolvedComponent.SECURITY_SCHEMA, object=type(authentication)
    )
    if scheme in registry:  # not if the host's AUTHENTICATION_WHITELIST leaves it out
        registry[scheme].schema["description"] = text


def values(
    auto_schema: Any, title: str, allowed: list[str], description: str = ""
) -> dict[str, Any]:
    """Register a component for a list of values; return a reference to it.

    :param title: its name without the prefix.
    """
    schema = {"type": "string", "enum": allowed}
    if description:
        schema["description"] = description
    return component(auto_schema, title, schema)


def component(auto_schema: Any, title: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Register a component under its name with the prefix; return a reference to it."""
    component = ResolvedComponent(  # type: ignore[no-untyped-call]
        name=PREFIX + title,
        type=ResolvedComponent.SCHEMA,
        schema=schema,
        object=title,
    )
    auto_schema.registry.register_on_missing(component)
    reference: dict[str, Any] = component.ref
    return reference


def _is_own(kind: type) -> bool:
    return kind.__module__.startswith("timp_orders.api.")


def _of_generators(auto_schema: Any, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a property with references to enumerations, and beside them ``null`` spelt out."""
    if schema.get("type") == "array":
        return {**schema, "items": _of_generators(auto_schema, schema["items"])}
    if title := _title(schema):
        allowed = [value for value in schema["enum"] if value is not None]
        text = schema.get("description", "") if title.endswith("Reason") else ""
        reference = values(auto_schema, title, allowed, text)
        is_nullable = None in schema["enum"]
    elif "allOf" in schema:
        (reference,) = schema["allOf"]
        is_nullable = schema.get("nullable", False)
    else:
        return schema
    return {"oneOf": [reference, _null(schema)]} if is_nullable else reference


def _null(schema: dict[str, Any]) -> dict[str, Any]:
    if is_jsonschema_compliant():  # type: ignore[no-untyped-call]  # OpenAPI 3.1
        return {"type": "null"}
    # Beside a reference or an allOf, "nullable" alone has no effect in OpenAPI 3.0.
    return {"type": schema.get("type", "object"), "nullable": True, "enum": [None]}


def _title(schema: dict[str, Any]) -> str | None:
    """Name a list of values of this app's; those of a host's own fields are left as they are."""
    titles: dict[tuple[str, ...], str] = {
        tuple(CancellationStatus.values): "CancellationStatus",
        tuple(Action.values): "Action",
        tuple(codes()): "ProblemCode",
        tuple(Party.values): "Party",
        tuple(Via.values): "Via",
        (*settings.REJECTION_REASONS, ""): "RejectionReason",
        (*settings.REASONS, ""): "Reason",
        **{(action,): f"{action.title()}Action" for action in Action.values},
    }
    return titles.get(tuple(value for value in schema.get("enum", []) if value is not None))
