"""The actions of a list that lead to the confirmation page, as far as a user could take them."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from timp_orders.admin.offered import BY_NAME, could_ever
from timp_orders.admin.ticks import TicksMixin
from timp_orders.admin.wording import WORDINGS
from timp_orders.states import Action

__all__ = ["ListedActionsMixin"]


class ListedActionsMixin(TicksMixin):
    """Confirm, reject and withdraw, in the list of a ``ModelAdmin`` that can announce them.

    :cvar announce_listed: shows the confirmation page of an action for the rows of a query set.
    """

    announce_listed: Callable[[HttpRequest, Action, QuerySet[Any]], HttpResponse]

    @admin.action(permissions=["cancel"], description=WORDINGS[Action.CONFIRM].title)
    def confirm_cancellation(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self.announce_listed(request, Action.CONFIRM, queryset)

    @admin.action(permissions=["cancel"], description=WORDINGS[Action.REJECT].title)
    def reject_cancellation(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self.announce_listed(request, Action.REJECT, queryset)

    @admin.action(permissions=["cancel"], description=WORDINGS[Action.WITHDRAW].title)
    def withdraw_cancellation(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self.announce_listed(request, Action.WITHDRAW, queryset)

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        """Leave out what the user could take on no item: a supplier's staff request nothing."""
        place = {} if action_location is None else {"action_location": action_location}
        actions = super().get_actions(request, **place)  # Django 6.1 says where they are offered
        if not BY_NAME.keys() & actions.keys():
            return actions
        possible = could_ever(request)
        return {
            name: action
            for name, action in actions.items()
            if name not in BY_NAME or BY_NAME[name] in possible
        }
