"""Serializers of answers."""

from functools import cache
from typing import TYPE_CHECKING, Any

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from timp_orders.api.codes import CodeField
from timp_orders.api.fields import (
    ChoiceColumn,
    Column,
    NumberPathField,
    StatusField,
    TextPathField,
    TimestampField,
    UUIDPathField,
)
from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.services import supported_actions
from timp_orders.services.reads import reading_of
from timp_orders.states import Action, CancellationStatus, Party, Via

if TYPE_CHECKING:
    BaseSerializer = serializers.Serializer[Any]
    CancellationBase = serializers.ModelSerializer[Cancellation]
    ListBase = serializers.ListSerializer[Any]
else:
    BaseSerializer = serializers.Serializer
    CancellationBase = serializers.ModelSerializer
    ListBase = serializers.ListSerializer

__all__ = [
    "NEWEST",
    "CancellationSerializer",
    "ItemDetailSerializer",
    "ItemSerializer",
    "ListedCancellationSerializer",
    "NamedItemSerializer",
    "NewestSerializer",
    "ProblemSerializer",
    "shared",
]


NEWEST = 50
"""As many cancellations of an item as its detail shows."""


class _Kept:
    """A serializer that keeps the list of its fields, which REST framework makes for each row."""

    @cached_property
    def _readable_fields(self) -> list[Any]:
        return list(super()._readable_fields)  # type: ignore[misc]


class NamedItemSerializer(_Kept, BaseSerializer):
    """An order item's own fields."""

    order_item_uuid = UUIDPathField("uuid")
    order_uuid = UUIDPathField("order_uuid")
    po_number = TextPathField("po_number")
    sku_id = TextPathField("sku_id")
    sku_name = TextPathField("sku_name")
    quantity_ordered = NumberPathField("quantity")
    status = StatusField("status")


class CancellationSerializer(_Kept, CancellationBase):
    """A cancellation without its users: names never cross from one side to the other."""

    requested_by = ChoiceColumn(
        Party.choices,
        source="requested_party",
        read_only=True,
        help_text=_("A side, or the system."),
    )
    requested_at = TimestampField()
    respond_by = TimestampField(
        allow_null=True,
        help_text=_("Until when the supplier has to answer; null where there is no deadline."),
    )
    decided_by = ChoiceColumn(
        Party.choices, source="decided_party", read_only=True, allow_null=True
    )
    decided_via = ChoiceColumn(
        Via.choices,
        source="decided_door",
        read_only=True,
        allow_null=True,
        help_text=_("The door; deadline means that nobody answered in time."),
    )
    decided_at = TimestampField(allow_null=True)

    class Meta:
        model = Cancellation
        fields = [
            "uuid",
            "status",
            "quantity",
            "quantity_confirmed",
            "reason",
            "note",
            "requested_by",
            "requested_at",
            "respond_by",
            "decided_by",
            "decided_via",
            "decided_at",
            "decision_reason",
            "decision_note",
        ]
        read_only_fields = fields

    def build_standard_field(self, field_name: str, model_field: Any) -> tuple[Any, Any]:
        found: Any = super().build_standard_field(field_name, model_field)
        kind, options = found
        return _column(kind), options


@cache
def _column(kind: Any) -> Any:
    """Return the kind of field that reads a column by its name alone, if this one reads no more."""
    if kind.get_attribute is not serializers.Field.get_attribute:
        return kind
    return type(kind.__name__, (Column, kind), {})


class ItemSerializer(NamedItemSerializer):
    """An item with its latest cancellation, and what the caller may do now."""

    quantity_cancelled = serializers.SerializerMethodField(
        help_text=_("How many of the item are cancelled; null where items are cancelled whole.")
    )
    quantity_left = serializers.SerializerMethodField(
        help_text=_("How many can still be cancelled; null where items are cancelled whole.")
    )

    cancellation = CancellationSerializer(
        source="timp_cancellation", read_only=True, allow_null=True
    )
    supported_actions = serializers.SerializerMethodField()

    def get_quantity_cancelled(self, item: Any) -> int | None:
        caller, facts = reading_of(item)
        left = facts.quantity_left(caller.lifecycle)
        return None if facts.ordered is None or left is None else facts.ordered - left

    def get_quantity_left(self, item: Any) -> int | None:
        caller, facts = reading_of(item)
        return facts.quantity_left(caller.lifecycle)

    def get_supported_actions(self, item: Any) -> list[Action]:
        return supported_actions(item, reading_of(item).caller.by)


class NewestSerializer(ListBase):
    """The newest of an item's cancellations."""

    def get_attribute(self, item: Any) -> Any:
        every: Any = super().get_attribute(item)
        return every.all()[:NEWEST]


class ItemDetailSerializer(ItemSerializer):
    """An item with its newest cancellations, the latest first."""

    cancellations = NewestSerializer(
        child=CancellationSerializer(),
        read_only=True,
        help_text=_("The newest 50; the list of cancellations has all, by order_item_uuid."),
    )


class ListedCancellationSerializer(CancellationSerializer):
    """A cancellation with the item that it is about."""

    order_item = NamedItemSerializer(read_only=True)

    class Meta(CancellationSerializer.Meta):
        fields = [*CancellationSerializer.Meta.fields, "order_item"]
        read_only_fields = fields


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
    quantity_left = serializers.IntegerField(
        required=False, help_text=_("How many of the item can still be cancelled.")
    )
    item_status = serializers.CharField(required=False, allow_null=True)
    cancellation_status = serializers.ChoiceField(
        CancellationStatus.choices, required=False, allow_null=True
    )


def shared(kind: type[BaseSerializer]) -> BaseSerializer | None:
    """Return one serializer for all answers of a kind; ``None`` if it is not the app's own.

    REST framework copies every field for every serializer that it makes, which costs more than a
    statement does. The app's own depend on no request and on no setting.
    """
    if kind not in (ItemSerializer, ItemDetailSerializer, ListedCancellationSerializer):
        return None
    return _made(kind, tuple(get_order_item_model().paths().values()))


@cache
def _made(kind: type[BaseSerializer], paths: tuple[str, ...]) -> BaseSerializer:
    """Make a serializer, whose fields follow the paths."""
    return kind()
