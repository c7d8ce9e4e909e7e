"""What calls take and what they answer."""

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
    FieldBase = serializers.Field[Any, Any, Any, Any]
else:
    BaseSerializer = serializers.Serializer
    CancellationBase = serializers.ModelSerializer
    FieldBase = object

__all__ = [
    "CancellationSerializer",
    "DecisionSerializer",
    "ItemDetailSerializer",
    "ItemSerializer",
    "ListedCancellationSerializer",
    "NamedItemSerializer",
    "NoteField",
    "NoteSerializer",
    "NumberPathField",
    "OrderProblemSerializer",
    "OrderRequestSerializer",
    "OutcomeSerializer",
    "ProblemSerializer",
    "ReasonField",
    "RefusalSerializer",
    "RequestSerializer",
    "StrictUUIDField",
    "TextPathField",
    "UUIDPathField",
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


class _PathField(FieldBase):
    """A field of an order item, or of its order, by the path that the item's class declares."""

    def __init__(self, path: str, **kwargs: Any) -> None:
        self.path = path
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, item: Any) -> Any:
        return item.value_of(getattr(item, self.path))


class UUIDPathField(_PathField, serializers.UUIDField):
    pass


class TextPathField(_PathField, serializers.CharField):
    def get_attribute(self, item: Any) -> str:
        value = super().get_attribute(item)
        return "" if value is None else value


class NumberPathField(_PathField, serializers.IntegerField):
    pass


class NamedItemSerializer(BaseSerializer):
    """An order item by all that names it."""

    order_item_uuid = UUIDPathField("UUID_FIELD")
    order_uuid = UUIDPathField("ORDER_UUID_FIELD")
    po_number = TextPathField("PO_NUMBER_FIELD")
    sku_id = TextPathField("SKU_ID_FIELD")
    sku_name = TextPathField("SKU_NAME_FIELD")
    quantity_ordered = NumberPathField("QUANTITY_FIELD")
    status = TextPathField("STATUS_FIELD")


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


class ItemSerializer(NamedItemSerializer):
    """An item with its latest cancellation, and what the caller may do now."""

    cancellation = CancellationSerializer(read_only=True, allow_null=True)
    supported_actions = serializers.SerializerMethodField()

    def get_supported_actions(self, item: Any) -> list[Action]:
        return supported_actions(item.facts, by=self.context["request"].user)


class ItemDetailSerializer(ItemSerializer):
    """An item with all its cancellations, newest first."""

    cancellations = CancellationSerializer(many=True, read_only=True)


class ListedCancellationSerializer(CancellationSerializer):
    """A cancellation with the item that it is about."""

    order_item = NamedItemSerializer(read_only=True)

    class Meta(CancellationSerializer.Meta):
        fields = [*CancellationSerializer.Meta.fields, "order_item"]
        read_only_fields = fields


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
