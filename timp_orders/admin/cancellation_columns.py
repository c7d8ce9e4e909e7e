"""The columns of the list of cancellations, and the fields of their pages."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from timp_orders.admin.addresses import address
from timp_orders.admin.cancellation_texts import (
    decided_by,
    decision_reason_label,
    quantity_asked,
    quantity_confirmed,
    reason_label,
    requested_by,
)
from timp_orders.admin.columns import (
    SideColumn,
    at_and_by,
    shortened,
    sku_of,
    with_small_print,
)
from timp_orders.admin.deadlines import answer_by
from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.states import Side

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = object

__all__ = ["SIDE_COLUMNS", "TOLD", "CancellationColumns"]


SIDE_COLUMNS = {side.value: SideColumn(side) for side in Side}


def _sides(cancellation: Any) -> list[Side]:
    """List the sides that the reader is on, as the query set says."""
    return [side for side in Side if getattr(cancellation, f"on_{side}_side")]


def _requester(cancellation: Any) -> str:
    return requested_by(cancellation, _sides(cancellation))


def _decider(cancellation: Any) -> str:
    return decided_by(cancellation, _sides(cancellation))


TOLD: dict[str, Callable[[Any], Any]] = {
    "requested_by": _requester,
    "decided_by": _decider,
    **SIDE_COLUMNS,
}
"""What readers of the export may know of people and organizations, by the headings."""


class CancellationColumns(ModelAdmin):
    """What an admin of cancellations shows of each; names as far as the reader may know them."""

    @admin.display(description=_("reason"), ordering="reason")
    def reason_text(self, cancellation: Cancellation) -> str:
        return reason_label(cancellation.reason) or self.get_empty_value_display()

    @admin.display(description=_("reason of the decision"), ordering="decision_reason")
    def decision_reason_text(self, cancellation: Cancellation) -> str:
        label = decision_reason_label(cancellation.decision_reason)
        return label or self.get_empty_value_display()

    @admin.display(description=_("quantity asked"), ordering="quantity")
    def asked(self, cancellation: Cancellation) -> str:
        text = quantity_asked(cancellation.quantity, cancellation.quantity_available)
        return text or self.get_empty_value_display()

    @admin.display(description=_("quantity confirmed"), ordering="quantity_confirmed")
    def confirmed(self, cancellation: Cancellation) -> str:
        return quantity_confirmed(cancellation) or self.get_empty_value_display()

    @admin.display(description=_("status"), ordering="status")
    def state(self, cancellation: Cancellation) -> str:
        """Return the status, and how many of the item it is about."""
        asked = quantity_asked(cancellation.quantity, cancellation.quantity_available)
        return with_small_print(
            cancellation.get_status_display(), quantity_confirmed(cancellation) or asked
        )

    @admin.display(description=_("UUID"), ordering="uuid")
    def short_uuid(self, cancellation: Cancellation) -> str:
        return shortened(cancellation.uuid)

    @admin.display(description=_("order item"))
    def item_link(self, cancellation: Any) -> str:
        return self._linked(cancellation, cancellation.order_item)

    @admin.display(description=_("SKU"))
    def item_sku(self, cancellation: Any) -> str:
        """Return the SKU and its name, as a link to the item, where it is decided on."""
        return self._linked(cancellation, sku_of(cancellation.order_item))

    def _linked(self, cancellation: Any, text: Any) -> str:
        if not cancellation.item_is_linked:
            return str(text)
        model = get_order_item_model()
        url = address(self.admin_site, model, "change", cancellation.order_item_id)
        return format_html('<a href="{}">{}</a>', url, text)

    @admin.display(description=_("requested"), ordering="requested_at")
    def requested(self, cancellation: Any) -> str:
        return at_and_by(cancellation.requested_at, _requester(cancellation))

    @admin.display(description=_("answer by"), ordering="respond_by")
    def answer_by(self, cancellation: Cancellation) -> str | None:
        return answer_by(cancellation.respond_by, is_open=bool(cancellation.open))

    @admin.display(description=_("decided"), ordering="decided_at")
    def decided(self, cancellation: Any) -> str | None:
        if cancellation.decided_at is None:
            return None
        return at_and_by(cancellation.decided_at, _decider(cancellation))

    # Not ordered by name: the order would tell the names that are not shown.
    @admin.display(description=_("requested by"))
    def requester(self, cancellation: Any) -> str:
        return _requester(cancellation) or self.get_empty_value_display()

    @admin.display(description=_("decided by"))
    def decider(self, cancellation: Any) -> str:
        return _decider(cancellation) or self.get_empty_value_display()
