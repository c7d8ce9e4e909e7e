"""What the bodies of calls may hold."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from timp_orders.conf import settings

if TYPE_CHECKING:
    BaseSerializer = serializers.Serializer[Any]
else:
    BaseSerializer = serializers.Serializer

__all__ = [
    "DecisionSerializer",
    "NoteField",
    "NoteSerializer",
    "OrderRequestSerializer",
    "ReasonField",
    "RequestSerializer",
    "StrictUUIDField",
]


class StrictUUIDField(serializers.UUIDField):
    """A UUID as RFC 9562 writes it: no number, no braces, no URN."""

    def to_internal_value(self, data: Any) -> UUID:
        value: UUID = super().to_internal_value(data)
        if not isinstance(data, str) or data.lower() != str(value):
            self.fail("invalid")
        return value


class NoteField(serializers.CharField):
    """Plain text, kept as it is."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"required": False, "allow_blank": True, "trim_whitespace": False}
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
    """One of the host's reasons, or none."""

    default_error_messages = {"invalid_choice": _("This is not one of the known reasons.")}

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"required": False, "allow_blank": True}
        super().__init__(choices=[], **kwargs)

    def bind(self, field_name: str, parent: Any) -> None:
        self.choices = list(settings.REASONS.items())  # not at import, as with the note
        super().bind(field_name, parent)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid_choice")
        value: str = super().to_internal_value(data)
        return value


class DecisionSerializer(BaseSerializer):
    """The optional body of a confirmation, a rejection or a withdrawal."""

    note = NoteField()
    cancellation_uuid = StrictUUIDField(
        required=False,
        help_text=_("The cancellation that is meant; if another one is the latest: superseded."),
    )


class NoteSerializer(BaseSerializer):
    """The optional body of a decision on an order."""

    note = NoteField()


class RequestSerializer(BaseSerializer):
    """The optional body of a request."""

    reason = ReasonField()
    note = NoteField()


class OrderRequestSerializer(RequestSerializer):
    """The body of a request for a whole order."""

    order_uuid = StrictUUIDField()
