"""What calls take and what they answer."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from timp_orders.conf import settings
from timp_orders.models import Cancellation
from timp_orders.services import supported_actions
from timp_orders.states import Action

if TYPE_CHECKING:
    BaseSerializer = serializers.Serializer[Any]
    CancellationBase = serializers.ModelSerializer[Cancellation]
else:
    BaseSerializer = serializers.Serializer
    CancellationBase = serializers.ModelSerializer

__all__ = [
    "CancellationSerializer",
    "DecisionSerializer",
    "ItemDetailSerializer",
    "ItemSerializer",
    "ListedCancellationSerializer",
    "NamedItemSerializer",
    "NoteField",
    "NoteSerializer",
    "OrderProblemSerializer",
    "OrderRequestSerializer",
    "OutcomeSerializer",
    "ProblemSerializer",
    "ReasonField",
    "RefusalSerializer",
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


# What is answered is put together by hand, and its fields say in OpenAPI what that is: REST
# framework copies each of them for each answer, which costs more than a statement does.
_TIMESTAMP = serializers.DateTimeField()


def _timestamp(value: datetime | None) -> str | None:
    return None if value is None else _TIMESTAMP.to_representation(value)


def _uuid(value: Any) -> str | None:
    return None if value is None else str(value)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


class NamedItemSerializer(BaseSerializer):
    """An order item by all that names it."""

    order_item_uuid = serializers.UUIDField(read_only=True)
    order_uuid = serializers.UUIDField(read_only=True)
    po_number = serializers.CharField(read_only=True)
    sku_id = serializers.CharField(read_only=True)
    sku_name = serializers.CharField(read_only=True)
    quantity_ordered = serializers.IntegerField(read_only=True)
    status = serializers.CharField(read_only=True)

    def to_representation(self, item: Any) -> dict[str, Any]:
        return {
            "order_item_uuid": _uuid(item.value_of(item.UUID_FIELD)),
            "order_uuid": _uuid(item.value_of(item.ORDER_UUID_FIELD)),
            "po_number": _text(item.value_of(item.PO_NUMBER_FIELD)),
            "sku_id": _text(item.value_of(item.SKU_ID_FIELD)),
            "sku_name": _text(item.value_of(item.SKU_NAME_FIELD)),
            "quantity_ordered": _number(item.value_of(item.QUANTITY_FIELD)),
            "status": _text(item.value_of(item.STATUS_FIELD)),
        }


class CancellationSerializer(CancellationBase):
    """A cancellation without its users: names never cross from one side to the other."""

    class Meta:
        model = Cancellation
        fields = [
            "uuid",
            "status",
            "reason",
            "note",
            "requested_at",
            "decided_at",
            "decision_note",
        ]
        read_only_fields = fields

    def to_representation(self, cancellation: Cancellation) -> dict[str, Any]:
        return {
            "uuid": str(cancellation.uuid),
            "status": _text(cancellation.status),
            "reason": cancellation.reason,
            "note": cancellation.note,
            "requested_at": _timestamp(cancellation.requested_at),
            "decided_at": _timestamp(cancellation.decided_at),
            "decision_note": cancellation.decision_note,
        }


class ItemSerializer(NamedItemSerializer):
    """An item with its latest cancellation, and what the caller may do now."""

    cancellation = CancellationSerializer(read_only=True, allow_null=True)
    supported_actions = serializers.ListField(
        child=serializers.ChoiceField(choices=Action.choices), read_only=True
    )

    def to_representation(self, item: Any) -> dict[str, Any]:
        actions = supported_actions(item.facts, by=self.context["request"].user)
        latest = item.cancellation
        return {
            **super().to_representation(item),
            "cancellation": latest and CancellationSerializer().to_representation(latest),
            "supported_actions": [action.value for action in actions],
        }


class ItemDetailSerializer(ItemSerializer):
    """An item with all its cancellations, newest first."""

    cancellations = CancellationSerializer(many=True, read_only=True)

    def to_representation(self, item: Any) -> dict[str, Any]:
        each = CancellationSerializer().to_representation
        return {
            **super().to_representation(item),
            "cancellations": [each(cancellation) for cancellation in item.cancellations.all()],
        }


class ListedCancellationSerializer(CancellationSerializer):
    """A cancellation with the item that it is about."""

    order_item = NamedItemSerializer(read_only=True)

    class Meta(CancellationSerializer.Meta):
        fields = [*CancellationSerializer.Meta.fields, "order_item"]
        read_only_fields = fields

    def to_representation(self, cancellation: Cancellation) -> dict[str, Any]:
        return {
            **super().to_representation(cancellation),
            "order_item": NamedItemSerializer().to_representation(cancellation.order_item),
        }


class RefusalSerializer(BaseSerializer):
    order_item_uuid = serializers.UUIDField()
    code = serializers.CharField()
    detail = serializers.CharField()


class OutcomeSerializer(BaseSerializer):
    """What became of each item of an order: every one is in exactly one list."""

    order_uuid = serializers.UUIDField()
    changed = serializers.ListField(child=serializers.UUIDField())
    unchanged = serializers.ListField(child=serializers.UUIDField())
    refused = RefusalSerializer(many=True)


class ProblemSerializer(BaseSerializer):
    """Problem details (RFC 9457)."""

    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text=_("Stable, for machines; never translated."))
    errors = serializers.DictField(  # type: ignore[assignment]  # a Serializer has such a property
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text=_("What is wrong with each field."),
    )
    item_status = serializers.CharField(required=False, allow_null=True)
    cancellation_status = serializers.CharField(required=False, allow_null=True)


class OrderProblemSerializer(ProblemSerializer):
    """Problem details of an order in which nothing could be done, with each item's."""

    order_uuid = serializers.UUIDField(required=False)
    changed = serializers.ListField(child=serializers.UUIDField(), required=False)
    unchanged = serializers.ListField(child=serializers.UUIDField(), required=False)
    refused = RefusalSerializer(many=True, required=False)
