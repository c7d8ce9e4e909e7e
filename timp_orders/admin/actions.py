"""Admin actions on order items, each with a confirmation page."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from timp_orders.admin.decisions import Decision
from timp_orders.admin.forms import ActionForm
from timp_orders.admin.item_pages import ItemPageMixin
from timp_orders.admin.offered import BY_NAME, could_ever
from timp_orders.admin.preview import announced, at_most, groups
from timp_orders.admin.reports import report
from timp_orders.admin.selection import Selection, TooLarge
from timp_orders.admin.wording import WORDINGS, counted
from timp_orders.models import get_order_item_model
from timp_orders.models.querysets import OrderItemQuerySet
from timp_orders.services.batches import BATCH_SIZE
from timp_orders.services.caller import Caller
from timp_orders.services.transactions import outside_atomic_requests
from timp_orders.states import Action, Via

__all__ = ["CancellationActionsMixin"]


class CancellationActionsMixin(ItemPageMixin):
    """Confirm, reject, request, withdraw and cancel, for the ``ModelAdmin`` of an item model.

    In the list they are actions, on an item's own page buttons beside the trail of its
    cancellations. All lead to a page that says what will happen, item by item, and only from there
    to the service functions. A class with actions of its own adds them to these:
    ``actions = [*CancellationActionsMixin.actions, "print_labels"]``.

    What the page said would change is what is handed to the service, with the cancellations that
    it showed: see :mod:`timp_orders.admin.selection`.
    """

    actions = [*BY_NAME]
    cancellation_template = "admin/timp_orders/cancellation_action.html"

    def has_cancel_outright_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may cancel in one step."""
        return (
            self.has_cancel_permission(request)
            and Caller.of(request.user, via=Via.ADMIN).may_cancel_outright
        )

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
        if not BY_NAME.keys() & actions.keys():
            return actions
        offered = could_ever(request)
        return {
            name: action
            for name, action in actions.items()
            if name not in BY_NAME or BY_NAME[name] in offered
        }

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        named = set(request.POST.getlist("action")) & set(CancellationActionsMixin.actions)
        if named:  # the list itself would only ignore a forged post
            self._require_permission(request, Action.CANCEL if "cancel_items" in named else None)
        return super().changelist_view(request, extra_context)

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_cancellation"
        view = self.admin_site.admin_view
        return [
            path("cancellation/", view(self.decide_view), name=name),
            path("<uuid:uuid>/", view(self.find_view), name=f"{name}_item"),
            path(
                "<path:object_id>/cancellation/<str:action>/",
                view(self.announce_view),
                name=f"{name}_action",
            ),
            *super().get_urls(),
        ]

    def announce_view(self, request: HttpRequest, object_id: str, action: str) -> HttpResponse:
        """Show the confirmation page for one item; the buttons of its page lead here."""
        if action not in Action.values:
            raise Http404
        self._require_permission(request, Action(action))
        if (item := self.get_object(request, unquote(object_id))) is None:
            raise Http404
        back = self._kept(request, self._url("change", item.pk))
        return self._announce(request, Action(action), [self._named([self._key(item)])], back)

    # A batch that was committed stays so, whatever becomes of the next one.
    @outside_atomic_requests
    def decide_view(self, request: HttpRequest) -> HttpResponse:
        """Carry out what a confirmation page has announced."""
        self._require_permission(request)
        try:
            text = request.POST.get("selection", "")
            selection = Selection.loads(text, get_order_item_model(), request.user)
        except signing.BadSignature:
            problem = _("The page could not be read; nothing was changed. Please select again.")
            self.message_user(request, problem, messages.ERROR)
            return HttpResponseRedirect(self._url("changelist"))
        self._require_permission(request, selection.action)
        caller = Caller.of(request.user, via=Via.ADMIN)
        form = ActionForm(selection.action, request.POST, at_most=at_most(caller, selection))
        if not form.is_valid():
            return self._announce_again(request, selection, form)
        told = {name: value for name, value in form.cleaned_data.items() if value is not None}
        tally = Decision(selection, request.user, **told).carry_out()
        for level, message in report(selection.action, tally):
            self.message_user(request, message, level)
        return HttpResponseRedirect(selection.back)

    def _require_permission(self, request: HttpRequest, action: Action | None = None) -> None:
        is_outright = action == Action.CANCEL
        may = self.has_cancel_outright_permission if is_outright else self.has_cancel_permission
        if not may(request):
            raise PermissionDenied

    def _named(self, pks: list[Any]) -> QuerySet[Any]:
        return OrderItemQuerySet(get_order_item_model()).filter(pk__in=pks)

    def _announce_listed(
        self, request: HttpRequest, action: Action, queryset: QuerySet[Any]
    ) -> HttpResponse:
        query = request.GET.copy()
        query.pop("p", None)  # once decided, the items may leave the list, and it that page
        back = f"{request.path}?{query.urlencode()}" if query else request.path
        return self._announce(request, action, [queryset], back)

    def _announce_again(
        self, request: HttpRequest, selection: Selection, form: ActionForm
    ) -> HttpResponse:
        """Show the confirmation page again, as the items are now, with the errors of the form."""
        pks = [row.pk for row in selection.rows]
        batches = [pks[at : at + BATCH_SIZE] for at in range(0, len(pks), BATCH_SIZE)]
        named = map(self._named, batches)
        return self._announce(request, selection.action, named, selection.back, form)

    def _announce(
        self,
        request: HttpRequest,
        action: Action,
        named: Iterable[QuerySet[Any]],
        back: str,
        form: ActionForm | None = None,
    ) -> HttpResponse:
        caller = Caller.of(request.user, via=Via.ADMIN)
        selection = Selection(action, back, announced(caller, action, named), uuid4())
        try:
            text = selection.dumps(request.user)
        except TooLarge:
            problem = _("Too many items are selected for one page; nothing was changed.")
            self.message_user(request, problem, messages.ERROR)
            return HttpResponseRedirect(back)
        changing = sum(row.verdict == "change" for row in selection.rows)
        context = {
            **self.admin_site.each_context(request),
            "title": WORDINGS[action].title,
            "opts": self.opts,
            "action": action.value,
            "groups": groups(caller, action, selection.rows),
            "submit": changing and counted(WORDINGS[action].submit, changing),
            "selection": text,
            "form": form or ActionForm(action, at_most=at_most(caller, selection)),
            "back": back,
            "decide_url": self._url("cancellation"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.cancellation_template, context)
