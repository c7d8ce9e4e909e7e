from django.db import connection
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from rest_framework.views import APIView

# Permission, side, locks, both writes and the answer at once. The rows are locked before they are
# written, and a locking read compares again after it waited: so no decision of others is lost.
CONFIRM = """
WITH locked AS (
    SELECT item.id AS item_id, cancellation.id AS cancellation_id
    FROM floor_orderitem item
    JOIN floor_cancellation cancellation ON cancellation.order_item_id = item.id
    WHERE item.uuid = %(uuid)s
      AND item.status IN ('Unallocated', 'Allocated', 'Backordered')
      AND cancellation.status = 'requested'
      AND EXISTS (
        SELECT FROM floor_organization_members member
        JOIN floor_organization organization ON organization.id = member.organization_id
        WHERE member.organization_id = item.supplier_id AND member.user_id = %(user)s
          AND organization.org_type = 'supplier')
      AND EXISTS (
        SELECT FROM auth_permission permission
        JOIN django_content_type type ON type.id = permission.content_type_id
        WHERE type.app_label = 'timp_orders' AND permission.codename = 'cancel_order'
          AND (EXISTS (
                SELECT FROM auth_user_user_permissions own
                WHERE own.permission_id = permission.id AND own.user_id = %(user)s)
            OR EXISTS (
                SELECT FROM auth_group_permissions granted
                JOIN auth_user_groups membership ON membership.group_id = granted.group_id
                WHERE granted.permission_id = permission.id AND membership.user_id = %(user)s)))
    FOR NO KEY UPDATE OF item, cancellation
), item AS (
    UPDATE floor_orderitem item SET status = 'Cancelled'
    FROM locked WHERE item.id = locked.item_id RETURNING item.*
), cancellation AS (
    UPDATE floor_cancellation cancellation
    SET status = 'confirmed', decided_at = now(), decided_via = 'api', decision_note = '',
        decided_by_id = %(user)s, decided_by_name = %(name)s
    FROM locked WHERE cancellation.id = locked.cancellation_id RETURNING cancellation.*
)
SELECT item.uuid, ordered.uuid, ordered.po_number, item.sku_id, item.sku_name,
    item.quantity_ordered, item.status, cancellation.uuid, cancellation.status,
    cancellation.reason, cancellation.note, cancellation.requested_at, cancellation.decided_at,
    cancellation.decision_note
FROM item
JOIN floor_order ordered ON ordered.id = item.order_id
JOIN cancellation ON cancellation.order_item_id = item.id
"""
ITEM = [
    "order_item_uuid",
    "order_uuid",
    "po_number",
    "sku_id",
    "sku_name",
    "quantity_ordered",
    "status",
]
CANCELLATION = [
    "uuid",
    "status",
    "reason",
    "note",
    "requested_at",
    "decided_at",
    "decision_note",
]


class ConfirmView(APIView):
    authentication_classes = [TokenAuthentication]

    def patch(self, request, uuid):
        user = request.user
        if not user.is_authenticated:
            self.permission_denied(request)
        connection.ensure_connection()
        row = connection.connection.execute(
            CONFIRM, {"uuid": uuid, "user": user.pk, "name": user.username}
        ).fetchone()
        if row is None:
            raise NotFound  # or another refusal; a further statement would tell which
        answer = dict(zip(ITEM, row, strict=False))
        answer |= {"quantity_cancelled": None, "quantity_left": None}
        answer["cancellation"] = dict(zip(CANCELLATION, row[len(ITEM) :], strict=True)) | {
            "quantity": None,
            "quantity_confirmed": None,
            "requested_by": "retailer",
            "respond_by": None,
            "decided_by": "supplier",
            "decided_via": "api",
            "decision_reason": "",
        }
        answer["supported_actions"] = []
        return Response(answer)
