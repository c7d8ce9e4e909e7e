"""Admin actions on order items, each with a confirmation page."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from timp_orders.admin.decisions import Decision
from timp_orders.admin.extending import extended
from timp_orders.admin.forms import ActionForm
from timp_orders.admin.item_forms import StatusKeptMixin
from timp_orders.admin.preview import announced, at_most, groups
from timp_orders.admin.reports import report
from timp_orders.admin.selection import Selection, TooLarge
from timp_orders.admin.trail import trail
from timp_orders.admin.wording import WORDINGS, counted
from timp_orders.conf import settings
from timp_orders.models import get_order_item_model
from timp_orders.models.querysets import OrderItemQuerySet
from timp_orders.services import supported_actions
from timp_orders.services.batches import BATCH_SIZE
from timp_orders.services.caller import Caller
from timp_orders.services.reads import visible_item
from timp_orders.states import Action, Via

__all__ = ["CancellationActionsMixin"]


class CancellationActionsMixin(StatusKeptMixin):
    """Confirm, reject, request, withdraw and cancel, for the ``ModelAdmin`` of an item model.

    In the list they are actions, on an item's own page buttons beside the trail of its
    cancellations. All lead to a page that says what will happen, item by item, and only from there
    to the service functions. A class with actions of its own adds them to these:
    ``actions = [*CancellationActionsMixin.actions, "print_labels"]``.

    What the page said would change is what is handed to the service, with the cancellations that
    it showed: see :mod:`timp_orders.admin.selection`.
    """

    actions = [
        "confirm_cancellation",
        "reject_cancellation",
        "request_cancellation",
        "withdraw_cancellation",
        "cancel_items",
    ]
    trail_template = "admin/timp_orders/order_item_with_trail.html"
    cancellation_template = "admin/timp_orders/cancellation_action.html"

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may take any action; the service checks the side."""
        return (
            self.has_view_or_change_permission(request)
            and settings.policy.standing(request.user).may_cancel
        )

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
        back = self._url("change", quote(item.pk))
        return self._announce(request, Action(action), [self._named([self._key(item)])], back)

    # A batch that was committed stays so, whatever becomes of the next one.
    @transaction.non_atomic_requests
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

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        page = super().render_change_form(request, context, *args, **kwargs)
        item = kwargs.get("obj")
        shown = self._trail_context(request, item) if item is not None else {}
        return extended(page, self.trail_template, shown) if shown else page

    def _trail_context(self, request: HttpRequest, item: Any) -> dict[str, Any]:
        caller = Caller.of(request.user, via=Via.ADMIN)
        if (found := visible_item(caller, pk=self._key(item))) is None:
            return {}  # a host's own admin may show more items than there are trails to be seen
        may = self.has_cancel_permission(request)
        return {
            "trail": trail(found, caller),
            "cancellation_buttons": [
                (action.value, WORDINGS[action], self._action_url(item, action))
                for action in (supported_actions(found, request.user) if may else [])
            ],
        }

    def _require_permission(self, request: HttpRequest, action: Action | None = None) -> None:
        is_outright = action == Action.CANCEL
        may = self.has_cancel_outright_permission if is_outright else self.has_cancel_permission
        if not may(request):
            raise PermissionDenied

    def _url(self, name: str, *args: Any) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}"
        return reverse(name, args=args, current_app=self.admin_site.name)

    def _action_url(self, item: Any, action: Action) -> str:
        return self._url("cancellation_action", quote(item.pk), action.value)

    def _key(self, item: Any) -> Any:
        """Return the order item's primary key; ``self.model`` may be a child with its own."""
        return getattr(item, get_order_item_model()._meta.pk.attname)

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
