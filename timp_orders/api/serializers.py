"""Serializers of answers."""

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db.models.constants import LOOKUP_SEP
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import ISO_8601, serializers

from timp_orders.api.codes import CodeField
from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.services import supported_actions
from timp_orders.services.reads import reading_of
from timp_orders.states import Action, CancellationStatus

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
    "ItemDetailSerializer",
    "ItemSerializer",
    "ListedCancellationSerializer",
    "NamedItemSerializer",
    "NumberPathField",
    "OrderProblemSerializer",
    "OutcomeSerializer",
    "PathField",
    "ProblemSerializer",
    "RefusalSerializer",
    "StatusField",
    "TextPathField",
    "TimestampField",
    "UUIDPathField",
    "shared",
]


class PathField(FieldBase):
    """A field of an order item, or of its order, by the path that the item's class declares.

    :param name: one of ``AbstractOrderItem.paths()``.
    """

    def __init__(self, name: str, **kwargs: Any) -> None:
        self.name = name
        super().__init__(read_only=True, **kwargs)

    def bind(self, field_name: str, parent: Any) -> None:
        path = get_order_item_model().paths()[self.name]
        if path != field_name:
            self.source = path.replace(LOOKUP_SEP, ".")
        super().bind(field_name, parent)

    def get_attribute(self, item: Any) -> Any:
        if not self.source:  # "" is declared for what the host does not have
            return None
        try:
            return super().get_attribute(item)
        except serializers.SkipField:  # a relation on the way is null
            return None


class UUIDPathField(PathField, serializers.UUIDField):
    pass


class TextPathField(PathField, serializers.CharField):
    def get_attribute(self, item: Any) -> Any:
        value = super().get_attribute(item)
        return "" if value is None else value


class StatusField(TextPathField):
    """An item's status, as partners read it."""

    def get_attribute(self, item: Any) -> Any:
        return item.status_name(super().get_attribute(item))


class NumberPathField(PathField, serializers.IntegerField):
    """A number as it is stored: that of a host's decimal column may have a fraction."""

    def to_representation(self, value: Any) -> Any:
        return int(value) if value == int(value) else float(value)


class TimestampField(serializers.DateTimeField):
    """An ISO 8601 timestamp, whatever the host's ``DATETIME_FORMAT``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format=ISO_8601, read_only=True, **kwargs)

    def enforce_timezone(self, value: datetime) -> datetime:
        # Without USE_TZ too: a timestamp that says no zone is of no use to others.
        aware = timezone.make_aware(value) if timezone.is_naive(value) else value
        return timezone.localtime(aware)


class NamedItemSerializer(BaseSerializer):
    """An order item's own fields."""

    order_item_uuid = UUIDPathField("uuid")
    order_uuid = UUIDPathField("order_uuid")
    po_number = TextPathField("po_number")
    sku_id = TextPathField("sku_id")
    sku_name = TextPathField("sku_name")
    quantity_ordered = NumberPathField("quantity")
    status = StatusField("status")


class CancellationSerializer(CancellationBase):
    """A cancellation without its users: names never cross from one side to the other."""

    requested_at = TimestampField()
    decided_at = TimestampField(allow_null=True)

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

    cancellation = CancellationSerializer(
        source="timp_cancellation", read_only=True, allow_null=True
    )
    supported_actions = serializers.SerializerMethodField()

    def get_supported_actions(self, item: Any) -> list[Action]:
        return supported_actions(item, reading_of(item).caller.by)


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
    code = CodeField()
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
    code = CodeField()
    errors = serializers.DictField(  # type: ignore[assignment]  # a Serializer has such a property
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text=_("What is wrong with each field."),
    )
    item_status = serializers.CharField(required=False, allow_null=True)
    cancellation_status = serializers.ChoiceField(
        CancellationStatus.choices, required=False, allow_null=True
    )


class OrderProblemSerializer(ProblemSerializer):
    """Problem details of an order in which nothing could be done, with each item's."""

    order_uuid = serializers.UUIDField(required=False)
    changed = serializers.ListField(child=serializers.UUIDField(), required=False)
    unchanged = serializers.ListField(child=serializers.UUIDField(), required=False)
    refused = RefusalSerializer(many=True, required=False)


def shared(kind: type[BaseSerializer]) -> BaseSerializer:
    """Return one serializer for all answers of this app's own kinds.

    REST framework copies every field for every serializer that it makes, which costs more than a
    statement does. These depend on no request and on no setting.
    """
    return _made(kind, tuple(get_order_item_model().paths().values()))


@cache
def _made(kind: type[BaseSerializer], paths: tuple[str, ...]) -> BaseSerializer:
    """Make a serializer, whose fields follow the paths."""
    return kind()
