"""The page before a decision: it says what will happen, item by item, and carries it out."""

from collections.abc import Container, Iterable
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from timp_orders.admin.addresses import decided
from timp_orders.admin.decisions import Decision
from timp_orders.admin.forms import ActionForm
from timp_orders.admin.item_pages import ItemPageMixin
from timp_orders.admin.preview import announced, at_most, groups
from timp_orders.admin.reports import report
from timp_orders.admin.selection import Selection, TooLarge
from timp_orders.admin.trail import next_awaiting
from timp_orders.admin.wording import WORDINGS, counted
from timp_orders.models import get_order_item_model
from timp_orders.models.querysets import OrderItemQuerySet
from timp_orders.services.batches import BATCH_SIZE
from timp_orders.services.caller import Caller
from timp_orders.services.transactions import outside_atomic_requests
from timp_orders.states import Action, Via

__all__ = ["ConfirmationMixin"]

_NEXT = "_next"
"""The name of the button that goes on to the next item."""


class ConfirmationMixin(ItemPageMixin):
    """The confirmation page, for the ``ModelAdmin`` of an item model.

    What the page said would change, but for what was unticked there, is what is handed to the
    service, with the cancellations that it showed: see :mod:`timp_orders.admin.selection`.
    """

    cancellation_template = "admin/timp_orders/cancellation_action.html"

    def has_cancel_outright_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may cancel in one step."""
        return (
            self.has_cancel_permission(request)
            and Caller.of(request.user, via=Via.ADMIN).may_cancel_outright
        )

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
        return self.announce(request, Action(action), [self._named([self._key(item)])], back)

    # A batch that was committed stays so, whatever becomes of the next one.
    @outside_atomic_requests
    def decide_view(self, request: HttpRequest) -> HttpResponse:
        """Carry out what a confirmation page has announced, but for what was unticked there."""
        self._require_permission(request)
        try:
            text = request.POST.get("selection", "")
            selection = Selection.loads(text, get_order_item_model(), request.user)
        except signing.BadSignature:
            problem = _("The page could not be read; nothing was changed. Please select again.")
            self.message_user(request, problem, messages.ERROR)
            return HttpResponseRedirect(self._url("changelist"))
        self._require_permission(request, selection.action)
        chosen = selection.ticked(request.POST.getlist("kept"))
        if selection.changing and not chosen.changing:
            problem = _("Nothing was ticked; nothing was changed.")
            self.message_user(request, problem, messages.WARNING)
            return HttpResponseRedirect(selection.back)
        caller = Caller.of(request.user, via=Via.ADMIN)
        form = ActionForm(selection.action, request.POST, at_most=at_most(caller, chosen))
        if not form.is_valid():
            return self._announce_again(request, selection, chosen, form)
        told = {name: value for name, value in form.cleaned_data.items() if value is not None}
        tally = Decision(chosen, request.user, **told).carry_out()
        for level, message in report(selection.action, tally):
            self.message_user(request, message, level)
        goes_on = _NEXT in request.POST and self._goes_on(caller, selection)
        following = self._following(caller, selection) if goes_on else None
        return HttpResponseRedirect(following or decided(selection.back))

    def announce(
        self,
        request: HttpRequest,
        action: Action,
        named: Iterable[QuerySet[Any]],
        back: str,
        form: ActionForm | None = None,
        unticked: Container[Any] = (),
    ) -> HttpResponse:
        """Show what an action would do to some items; nothing is written.

        :param named: query sets of the items; what the user may not see counts as not found.
        :param back: the address that *Back* leads to: see :func:`~.addresses.list_address`.
        :param form: that of the page before, with its errors.
        :param unticked: primary keys of items that the user had taken away on that page.
        """
        caller = Caller.of(request.user, via=Via.ADMIN)
        selection = Selection(action, back, announced(caller, action, named), uuid4())
        try:
            text = selection.dumps(request.user)
        except TooLarge:
            problem = _("Too many items are selected for one page; nothing was changed.")
            self.message_user(request, problem, messages.ERROR)
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": WORDINGS[action].title,
            "opts": self.opts,
            "action": action.value,
            "groups": groups(caller, action, selection.rows),
            "labels": selection.changing and _labels(selection),
            "has_ticks": bool(selection.optional),
            "next": _NEXT if self._goes_on(caller, selection) else "",
            "unticked": unticked,
            "selection": text,
            "form": form or ActionForm(action, at_most=at_most(caller, selection)),
            "back": back,
            "decide_url": self._url("cancellation"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.cancellation_template, context)

    def _goes_on(self, caller: Caller, selection: Selection) -> bool:
        """Tell whether a page can lead to that of the next item: it is about one that waits."""
        # A child of the item model has keys of its own.
        is_of_one = len(selection.rows) == 1 and self.model is caller.model
        return is_of_one and not selection.action.opens

    def _following(self, caller: Caller, selection: Selection) -> str | None:
        """Return the address of the same page for the item that has been waiting longest."""
        if (pk := next_awaiting(caller, selection.rows[0].pk)) is None:
            return None
        url = self._url("cancellation_action", pk, selection.action.value)
        return f"{url}?{query}" if (query := urlsplit(selection.back).query) else url

    def _require_permission(self, request: HttpRequest, action: Action | None = None) -> None:
        is_outright = action == Action.CANCEL
        may = self.has_cancel_outright_permission if is_outright else self.has_cancel_permission
        if not may(request):
            raise PermissionDenied

    def _named(self, pks: list[Any]) -> QuerySet[Any]:
        return OrderItemQuerySet(get_order_item_model()).filter(pk__in=pks)

    def _announce_again(
        self, request: HttpRequest, selection: Selection, chosen: Selection, form: ActionForm
    ) -> HttpResponse:
        """Show the confirmation page again, as the items are now, with the errors of the form."""
        pks = [row.pk for row in selection.rows]
        batches = [pks[at : at + BATCH_SIZE] for at in range(0, len(pks), BATCH_SIZE)]
        named = map(self._named, batches)
        unticked = set(pks) - {row.pk for row in chosen.rows}
        return self.announce(request, selection.action, named, selection.back, form, unticked)


def _labels(selection: Selection) -> list[str]:
    """Return what the button says, by how many of the listed items are ticked."""
    most = len(selection.changing)
    fewest = most - len(selection.optional)
    submit = WORDINGS[selection.action].submit
    return [counted(submit, number) for number in range(fewest, most + 1)]
