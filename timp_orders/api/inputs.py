"""Serializers of request bodies."""

import re
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from timp_orders.conf import settings
from timp_orders.models import get_order_item_model
from timp_orders.services.command import lacks_reason

if TYPE_CHECKING:
    BaseSerializer = serializers.Serializer[Any]
else:
    BaseSerializer = serializers.Serializer

__all__ = [
    "BodySerializer",
    "CancelSerializer",
    "CancellationUUIDField",
    "ConfirmationSerializer",
    "DecisionSerializer",
    "NewCancellationSerializer",
    "NoteField",
    "NoteSerializer",
    "OrderRejectionSerializer",
    "OrderRequestSerializer",
    "QuantityField",
    "ReasonField",
    "RejectionSerializer",
    "RequestSerializer",
    "StrictUUIDField",
    "SwitchField",
    "readable",
]


_UNKNOWN_NAMED = 10
_NAME_SHOWN = 64
_LARGEST = 2**31 - 1  # what an integer column holds on every database


class StrictUUIDField(serializers.UUIDField):
    """A UUID as RFC 9562 writes it: no number, no braces, no URN."""

    def to_internal_value(self, data: Any) -> UUID:
        value: UUID = super().to_internal_value(data)
        if not isinstance(data, str) or data.lower() != str(value):
            self.fail("invalid")
        return value


class CancellationUUIDField(StrictUUIDField):
    """The UUID of a cancellation, which a body may leave out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_null=True, **kwargs)


class NoteField(serializers.CharField):
    """Plain text, kept as it is."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {
            "required": False,
            "allow_blank": True,
            "allow_null": True,
            "trim_whitespace": False,
        }
        super().__init__(**kwargs)

    def bind(self, field_name: str, parent: Any) -> None:
        # Not at import: the limit is the host's, and a wrong one is for the system checks to tell.
        self.max_length = settings.NOTE_MAX_LENGTH
        message = self.error_messages["max_length"].format(max_length=self.max_length)
        self.validators.append(MaxLengthValidator(self.max_length, message))
        super().bind(field_name, parent)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class ReasonField(serializers.ChoiceField):
    """One of the host's reasons, or none.

    :param setting: the key of ``TIMP_ORDERS`` that names them.
    """

    default_error_messages = {"invalid_choice": _("This is not one of the known reasons.")}

    def __init__(self, setting: str = "REASONS", **kwargs: Any) -> None:
        self.setting = setting
        kwargs |= {"required": False, "allow_blank": True, "allow_null": True}
        super().__init__(choices=[], **kwargs)

    def bind(self, field_name: str, parent: Any) -> None:
        self.choices = list(getattr(settings, self.setting).items())  # not at import, as the note
        super().bind(field_name, parent)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid_choice")
        value: str = super().to_internal_value(data)
        return value


class QuantityField(serializers.IntegerField):
    """How many of an item; a body has it only where parts of a quantity can be cancelled."""

    def __init__(self, **kwargs: Any) -> None:
        text = _("How many of the item; without it all that is left, or all that was asked.")
        kwargs |= {"required": False, "allow_null": True, "min_value": 1, "help_text": text}
        super().__init__(max_value=_LARGEST, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):  # no "2", 2.0 or true
            self.fail("invalid")
        return super().to_internal_value(data)


class SwitchField(serializers.BooleanField):
    """``true`` or ``false``, which a body may leave out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_null=True, **kwargs)

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):  # no "yes", 1 or "off"
            self.fail("invalid", input=data)
        return data


class BodySerializer(BaseSerializer):
    """Base class of request bodies: ``null`` is the same as no value, unknown fields are errors."""

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        if not get_order_item_model().counts_parts():
            fields.pop("quantity", None)
        return fields

    def to_internal_value(self, data: Any) -> Any:
        unknown = islice((name for name in data if name not in self.fields), _UNKNOWN_NAMED)
        problems: dict[str, Any] = {readable(name): [self._unknown(name)] for name in unknown}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            problems.update(cast("dict[str, Any]", error.detail))
        if problems:
            raise serializers.ValidationError(problems)
        return {name: value for name, value in values.items() if value is not None}

    def _unknown(self, name: str) -> str:
        """Say that there is no such field, and which one may be meant."""
        spelled = re.sub("(?<=[a-z])(?=[A-Z])", "_", name[:_NAME_SHOWN]).lower()  # cancellationUuid
        if close := get_close_matches(spelled, list(self.fields), n=1):
            return _("There is no such field; is %(name)s meant?") % {"name": close[0]}
        return str(_("There is no such field."))


def readable(name: str) -> str:
    """Shorten a name that a client sent, and replace lone surrogates, so that JSON can hold it."""
    return name[:_NAME_SHOWN].encode(errors="replace").decode()


class NoteSerializer(BodySerializer):
    """The optional body of a confirmation on an order."""

    note = NoteField()


class DecisionSerializer(NoteSerializer):
    """The optional body of a withdrawal."""

    cancellation_uuid = CancellationUUIDField(
        help_text=_("The cancellation that is meant; if another one is the latest: superseded.")
    )


class ConfirmationSerializer(DecisionSerializer):
    """The optional body of a confirmation."""

    quantity = QuantityField()


class OrderRejectionSerializer(NoteSerializer):
    """The optional body of a rejection on an order."""

    reason = ReasonField("REJECTION_REASONS")

    def validate(self, attrs: Any) -> Any:
        if lacks_reason(attrs.get("reason", ""), attrs.get("note", "")):
            raise serializers.ValidationError({"reason": [_("A reason or a note is needed.")]})
        return attrs


class RejectionSerializer(OrderRejectionSerializer, DecisionSerializer):
    """The optional body of a rejection."""


class NewCancellationSerializer(NoteSerializer):
    """What a body that opens cancellations says of them."""

    reason = ReasonField()
    cancellation_uuid = CancellationUUIDField(
        help_text=_("Made by the client: sent again with it, the call is a replay.")
    )


class RequestSerializer(NewCancellationSerializer):
    """The optional body of a request."""

    quantity = QuantityField()


class CancelSerializer(RequestSerializer):
    """The optional body of an outright cancellation."""

    cancellation_uuid = CancellationUUIDField(
        help_text=_("The open cancellation that is meant, or made by the client for a new one.")
    )


class OrderRequestSerializer(NewCancellationSerializer):
    """The body of a request for a whole order."""

    order_uuid = StrictUUIDField()
