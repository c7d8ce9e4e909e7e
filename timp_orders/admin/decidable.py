"""Decisions from the list of cancellations, and from the page of one."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import ngettext

from timp_orders.admin.addresses import address, list_address, viewable
from timp_orders.admin.confirmation import ConfirmationMixin
from timp_orders.admin.extending import extended
from timp_orders.admin.listed_actions import ListedActionsMixin
from timp_orders.admin.scope import TrailAdmin
from timp_orders.admin.wording import WORDINGS
from timp_orders.models import get_order_item_model
from timp_orders.models.querysets import OrderItemQuerySet
from timp_orders.services import supported_actions
from timp_orders.states import Action

__all__ = ["DecidableAdmin"]


class DecidableAdmin(ListedActionsMixin, TrailAdmin):
    """Admin of cancellations from which open ones are decided, on the pages of the items' admin.

    It has these actions where the items' admin has the confirmation page.
    """

    actions = ["confirm_cancellation", "reject_cancellation", "withdraw_cancellation"]
    actions_on_bottom = True
    buttons_template = "admin/timp_orders/cancellation_with_buttons.html"

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may decide; the service checks the side."""
        items = self._items_admin(request)
        return items is not None and items.has_cancel_permission(request)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the item's history, which has what was done in the admin."""
        cancellation = self.get_object(request, object_id)
        if self._items_admin(request) is None:
            return super().history_view(request, object_id, extra_context)
        return HttpResponseRedirect(self._of_item(cancellation, "history"))

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        page = super().render_change_form(request, context, *args, **kwargs)
        buttons = self._buttons(request, kwargs.get("obj"))
        return extended(page, self.buttons_template, {"cancellation_buttons": buttons})

    def _buttons(self, request: HttpRequest, cancellation: Any) -> list[Any]:
        if not cancellation.open or not self.has_cancel_permission(request):
            return []
        return [
            (
                action.value,
                WORDINGS[action],
                self._of_item(cancellation, "cancellation_action", action),
            )
            for action in supported_actions(cancellation.order_item, request.user)
            if not action.opens
        ]

    def _items_admin(self, request: HttpRequest) -> Any:
        """Return the admin of the items that the cancellations are of, if it decides on them."""
        found = viewable(request, self.admin_site, get_order_item_model())
        return found if isinstance(found, ConfirmationMixin) else None

    def _of_item(self, cancellation: Any, name: str, *args: Any) -> str:
        key = cancellation.order_item_id
        return address(self.admin_site, get_order_item_model(), name, key, *args)

    def announce_listed(
        self, request: HttpRequest, action: Action, queryset: QuerySet[Any]
    ) -> HttpResponse:
        """Announce an action on the open ones of those selected."""
        if closed := queryset.filter(open=None).count():
            text = ngettext(
                "%(count)d selected cancellation is not open; it was left out.",
                "%(count)d selected cancellations are not open; they were left out.",
                closed,
            )
            self.message_user(request, text % {"count": closed}, messages.WARNING)
        opened = queryset.filter(open=True).order_by().values("order_item")
        items: QuerySet[Any] = OrderItemQuerySet(get_order_item_model())
        page: HttpResponse = self._items_admin(request).announce(
            request, action, [items.filter(pk__in=opened)], list_address(request)
        )
        return page
