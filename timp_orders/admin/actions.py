"""Admin actions on order items, each with a confirmation page."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from timp_orders.admin.addresses import list_address
from timp_orders.admin.confirmation import ConfirmationMixin
from timp_orders.admin.listed_actions import ListedActionsMixin
from timp_orders.admin.offered import BY_NAME
from timp_orders.admin.wording import WORDINGS
from timp_orders.states import Action

__all__ = ["CancellationActionsMixin"]


class CancellationActionsMixin(ListedActionsMixin, ConfirmationMixin):
    """Confirm, reject, request, withdraw and cancel, for the ``ModelAdmin`` of an item model.

    In the list they are actions, on an item's own page buttons beside the trail of its
    cancellations. All lead to a page that says what will happen, item by item, and only from there
    to the service functions. A class with actions of its own adds them to these:
    ``actions = [*CancellationActionsMixin.actions, "print_labels"]``.
    """

    actions = [*BY_NAME]

    @admin.action(permissions=["cancel"], description=WORDINGS[Action.REQUEST].title)
    def request_cancellation(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self.announce_listed(request, Action.REQUEST, queryset)

    @admin.action(permissions=["cancel_outright"], description=WORDINGS[Action.CANCEL].title)
    def cancel_items(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self.announce_listed(request, Action.CANCEL, queryset)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        named = set(request.POST.getlist("action")) & set(CancellationActionsMixin.actions)
        if named:  # the list itself would only ignore a forged post
            self._require_permission(request, Action.CANCEL if "cancel_items" in named else None)
        return super().changelist_view(request, extra_context)

    def announce_listed(
        self, request: HttpRequest, action: Action, queryset: QuerySet[Any]
    ) -> HttpResponse:
        return self.announce(request, action, [queryset], list_address(request))
