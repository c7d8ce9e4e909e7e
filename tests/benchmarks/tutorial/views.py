from rest_framework import generics, permissions, serializers
from rest_framework.authentication import TokenAuthentication

from tests.benchmarks.tutorial.models import OrderItem


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


class ConfirmView(generics.UpdateAPIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [permissions.DjangoModelPermissions]
    queryset = OrderItem.objects.select_related("order")
    serializer_class = OrderItemSerializer
    lookup_field = "uuid"

    def perform_update(self, serializer):
        serializer.save(status="Cancelled")
