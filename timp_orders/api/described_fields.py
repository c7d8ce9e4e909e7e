"""Fields of bodies and answers, in OpenAPI, where drf-spectacular cannot see what they hold."""

from typing import Any

from django.db.models import DecimalField, FloatField
from drf_spectacular.extensions import OpenApiSerializerFieldExtension

from timp_orders.api.changes import CHANGES
from timp_orders.api.components import columns_along, component
from timp_orders.api.fields import TextPathField, UUIDPathField
from timp_orders.conf import settings

__all__ = ["ChangesExtension", "NoteExtension", "PathExtension"]


class NoteExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = "timp_orders.api.inputs.NoteField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"type": "string", "description": "Plain text, kept as it is."}


class ChangesExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Describes a list of changes: each by its action, with the fields that this one takes."""

    target_class = "timp_orders.api.changes.ChangesField"

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        kinds = {
            action.value: auto_schema.resolve_serializer(kind, "request").ref
            for action, kind in CHANGES.items()
        }
        schema = {
            "oneOf": list(kinds.values()),
            "discriminator": {
                "propertyName": "action",
                "mapping": {action: reference["$ref"] for action, reference in kinds.items()},
            },
        }
        return {
            "type": "array",
            "items": component(auto_schema, "Change", schema),
            "minItems": 1,
            "maxItems": settings.MAX_CHANGES,
            "description": (
                "At most one for each item: its ``order_item_uuid``, an ``action``, and what the "
                "call on one item takes in its body."
            ),
        }


class PathExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Describes what an item's declared path leads to, which depends on the host's columns."""

    target_class = "timp_orders.api.fields.PathField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string"}
        if isinstance(self.target, TextPathField):
            return schema  # without a value it is empty
        columns = list(columns_along(self.target.name))
        if isinstance(self.target, UUIDPathField):
            schema["format"] = "uuid"
        else:
            fractions = any(isinstance(it, DecimalField | FloatField) for it in columns)
            schema["type"] = "number" if fractions else "integer"
        if any(column is None or column.null for column in columns):
            schema["nullable"] = True
        return schema
