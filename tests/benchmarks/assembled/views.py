from django.db import transaction
from django.utils.decorators import method_decorator
from django_fsm import TransitionNotAllowed
from rest_framework import exceptions, generics, permissions, serializers
from rest_framework.authentication import TokenAuthentication

from tests.benchmarks.assembled.models import OrderItem


class NotPossible(exceptions.APIException):
    status_code = 422
    default_code = "not_possible"
    default_detail = "The item cannot be cancelled now."


class OrderItemSerializer(serializers.ModelSerializer):
    order_item_uuid = serializers.UUIDField(source="uuid", read_only=True)
    order_uuid = serializers.UUIDField(source="order.uuid", read_only=True)
    po_number = serializers.CharField(source="order.po_number", read_only=True)

    class Meta:
        model = OrderItem
        fields = [
            "order_item_uuid",
            "order_uuid",
            "po_number",
            "sku_id",
            "sku_name",
            "quantity_ordered",
            "status",
            "cancel_requested_at",
            "cancel_reason",
            "cancel_note",
        ]
        read_only_fields = fields


@method_decorator(transaction.atomic, name="update")
class ConfirmView(generics.UpdateAPIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [permissions.DjangoModelPermissions]
    queryset = OrderItem.objects.all()
    serializer_class = OrderItemSerializer
    lookup_field = "uuid"

    def get_queryset(self):
        items = super().get_queryset().filter(supplier__members=self.request.user)
        # MariaDB cannot name the tables that it locks.
        if transaction.get_connection().features.has_select_for_update_of:
            return items.select_related("order").select_for_update(of=("self",))
        return items.select_related("order").select_for_update()

    def perform_update(self, serializer):
        item = serializer.instance
        if item.status == "Cancelled":  # sent again
            return
        try:
            item.confirm_cancellation()
        except TransitionNotAllowed:
            raise NotPossible from None
        item._history_user = self.request.user
        item.save()
