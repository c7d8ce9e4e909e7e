"""Admin actions on order items, each with a confirmation page."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from timp_orders.admin.addresses import list_address
from timp_orders.admin.confirmation import ConfirmationMixin
from timp_orders.admin.offered import BY_NAME, offered
from timp_orders.admin.ticks import TicksMixin
from timp_orders.admin.wording import WORDINGS
from timp_orders.states import Action

__all__ = ["CancellationActionsMixin"]


class CancellationActionsMixin(TicksMixin, ConfirmationMixin):
    """Confirm, reject, request, withdraw and cancel, for the ``ModelAdmin`` of an item model.

    In the list they are actions, on an item's own page buttons beside the trail of its
    cancellations. All lead to a page that says what will happen, item by item, and only from there
    to the service functions. A class with actions of its own adds them to these:
    ``actions = [*CancellationActionsMixin.actions, "print_labels"]``.
    """

    actions = [*BY_NAME]

    @admin.action(permissions=["cancel"], description=WORDINGS[Action.CONFIRM].title)
    def confirm_cancellation(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self._announce_listed(request, Action.CONFIRM, queryset)

    @admin.action(permissions=["cancel"], description=WORDINGS[Action.REJECT].title)
    def reject_cancellation(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self._announce_listed(request, Action.REJECT, queryset)

    @admin.action(permissions=["cancel"], description=WORDINGS[Action.REQUEST].title)
    def request_cancellation(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self._announce_listed(request, Action.REQUEST, queryset)

    @admin.action(permissions=["cancel"], description=WORDINGS[Action.WITHDRAW].title)
    def withdraw_cancellation(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self._announce_listed(request, Action.WITHDRAW, queryset)

    @admin.action(permissions=["cancel_outright"], description=WORDINGS[Action.CANCEL].title)
    def cancel_items(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self._announce_listed(request, Action.CANCEL, queryset)

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """Leave out what the user could take on no item: a supplier's staff request nothing."""
        place = {} if action_location is None else {"action_location": action_location}
        actions = super().get_actions(request, **place)  # Django 6.1 says where they are offered
        return offered(request, actions)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        named = set(request.POST.getlist("action")) & set(CancellationActionsMixin.actions)
        if named:  # the list itself would only ignore a forged post
            self._require_permission(request, Action.CANCEL if "cancel_items" in named else None)
        return super().changelist_view(request, extra_context)

    def _announce_listed(
        self, request: HttpRequest, action: Action, queryset: QuerySet[Any]
    ) -> HttpResponse:
        return self.announce(request, action, [queryset], list_address(request))
