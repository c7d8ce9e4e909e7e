"""What calls answer."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from timp_orders.models import Cancellation
from timp_orders.services import supported_actions
from timp_orders.services.reads import reading_of
from timp_orders.states import Action

if TYPE_CHECKING:
    BaseSerializer = serializers.Serializer[Any]
    CancellationBase = serializers.ModelSerializer[Cancellation]
    FieldBase = serializers.Field[Any, Any, Any, Any]
    SerializerBase = serializers.BaseSerializer[Any]
else:
    BaseSerializer = serializers.Serializer
    CancellationBase = serializers.ModelSerializer
    FieldBase = object
    SerializerBase = object

__all__ = [
    "CancellationSerializer",
    "ItemDetailSerializer",
    "ItemSerializer",
    "ListedCancellationSerializer",
    "NamedItemSerializer",
    "NumberPathField",
    "OrderProblemSerializer",
    "OutcomeSerializer",
    "ProblemSerializer",
    "RefusalSerializer",
    "TextPathField",
    "UUIDPathField",
]


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


class _Answer(SerializerBase):
    """What a call answers.

    REST framework copies every field for every answer, which costs more than a statement does. So
    this module's own classes write theirs down by hand, and what a host derives from them goes by
    its fields.
    """

    def to_representation(self, instance: Any) -> dict[str, Any]:
        if type(self).__module__ == __name__:
            return self.by_hand(instance)
        answer: dict[str, Any] = super().to_representation(instance)
        return answer

    if TYPE_CHECKING:

        def by_hand(self, instance: Any) -> dict[str, Any]:
            """Return what the fields of the class would make of it."""


def _timestamp(value: datetime | None) -> str | None:
    return None if value is None else _TIMESTAMP.to_representation(value)


_TIMESTAMP = serializers.DateTimeField()


def _text(value: Any) -> str:
    return "" if value is None else str(value)


class NamedItemSerializer(_Answer, BaseSerializer):
    """An order item by all that names it."""

    order_item_uuid = UUIDPathField("UUID_FIELD")
    order_uuid = UUIDPathField("ORDER_UUID_FIELD")
    po_number = TextPathField("PO_NUMBER_FIELD")
    sku_id = TextPathField("SKU_ID_FIELD")
    sku_name = TextPathField("SKU_NAME_FIELD")
    quantity_ordered = NumberPathField("QUANTITY_FIELD")
    status = TextPathField("STATUS_FIELD")

    def by_hand(self, item: Any) -> dict[str, Any]:
        order_uuid = item.value_of(item.ORDER_UUID_FIELD)
        quantity = item.value_of(item.QUANTITY_FIELD)
        return {
            "order_item_uuid": str(item.value_of(item.UUID_FIELD)),
            "order_uuid": None if order_uuid is None else str(order_uuid),
            "po_number": _text(item.value_of(item.PO_NUMBER_FIELD)),
            "sku_id": _text(item.value_of(item.SKU_ID_FIELD)),
            "sku_name": _text(item.value_of(item.SKU_NAME_FIELD)),
            "quantity_ordered": None if quantity is None else int(quantity),
            "status": _text(item.value_of(item.STATUS_FIELD)),
        }


class CancellationSerializer(_Answer, CancellationBase):
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

    def by_hand(self, cancellation: Cancellation) -> dict[str, Any]:
        return {
            "uuid": str(cancellation.uuid),
            "status": str(cancellation.status),
            "reason": cancellation.reason,
            "note": cancellation.note,
            "requested_at": _timestamp(cancellation.requested_at),
            "decided_at": _timestamp(cancellation.decided_at),
            "decision_note": cancellation.decision_note,
        }


class ItemSerializer(NamedItemSerializer):
    """An item with its latest cancellation, and what the caller may do now."""

    cancellation = CancellationSerializer(
        source="timp_cancellation", read_only=True, allow_null=True
    )
    supported_actions = serializers.SerializerMethodField()

    def get_supported_actions(self, item: Any) -> list[Action]:
        return supported_actions(item, reading_of(item).caller.by)

    def by_hand(self, item: Any) -> dict[str, Any]:
        latest = item.timp_cancellation
        return {
            **super().by_hand(item),
            "cancellation": latest and CancellationSerializer().by_hand(latest),
            "supported_actions": [action.value for action in self.get_supported_actions(item)],
        }


class ItemDetailSerializer(ItemSerializer):
    """An item with all its cancellations, newest first."""

    cancellations = CancellationSerializer(many=True, read_only=True)

    def by_hand(self, item: Any) -> dict[str, Any]:
        each = CancellationSerializer().by_hand
        return {
            **super().by_hand(item),
            "cancellations": [each(cancellation) for cancellation in item.cancellations.all()],
        }


class ListedCancellationSerializer(CancellationSerializer):
    """A cancellation with the item that it is about."""

    order_item = NamedItemSerializer(read_only=True)

    class Meta(CancellationSerializer.Meta):
        fields = [*CancellationSerializer.Meta.fields, "order_item"]
        read_only_fields = fields

    def by_hand(self, cancellation: Cancellation) -> dict[str, Any]:
        named = NamedItemSerializer().by_hand(cancellation.order_item)
        return {**super().by_hand(cancellation), "order_item": named}


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
