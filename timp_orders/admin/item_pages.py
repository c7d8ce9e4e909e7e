"""An item's own page: its trail, its order, and the buttons for what may be done."""

from typing import Any
from uuid import UUID

from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from timp_orders.admin.addresses import address, viewable
from timp_orders.admin.extending import extended
from timp_orders.admin.item_forms import StatusKeptMixin
from timp_orders.admin.trail import next_awaiting, order_of, trail
from timp_orders.admin.where_written import WhereWrittenMixin, where_written
from timp_orders.admin.wording import WORDINGS
from timp_orders.conf import settings
from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.services import supported_actions
from timp_orders.services.caller import Caller
from timp_orders.services.reads import visible_item
from timp_orders.states import Action, Via

__all__ = ["ItemPageMixin"]


class ItemPageMixin(WhereWrittenMixin, StatusKeptMixin):
    """The page of an item, with what is known of its cancellations and of its order."""

    trail_template = "admin/timp_orders/order_item_with_trail.html"

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may take any action; the service checks the side."""
        return (
            self.has_view_or_change_permission(request)
            and settings.policy.standing(request.user).may_cancel
        )

    def find_view(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        """Lead to the page of the item with a UUID, as partners and e-mails name it."""
        items = where_written(self.get_queryset(request))
        named = items.filter(**{get_order_item_model().UUID_FIELD: uuid})
        # Without one it may be a primary key, which Django's own page looks for.
        pk = next(iter(named.values_list("pk", flat=True)), uuid)
        return HttpResponseRedirect(self._url("change", pk))

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        page = super().render_change_form(request, context, *args, **kwargs)
        item = kwargs.get("obj")
        shown = self._trail_context(request, item) if item is not None else {}
        return extended(page, self.trail_template, shown) if shown else page

    def _trail_context(self, request: HttpRequest, item: Any) -> dict[str, Any]:
        caller = Caller.of(request.user, via=Via.ADMIN)
        # Whatever is followed from it would be read where the router reads: a replica, perhaps.
        relations = caller.model.every_relation()
        if (found := visible_item(caller, relations, pk=self._key(item))) is None:
            return {}  # a host's own admin may show more items than there are trails to be seen
        may = self.has_cancel_permission(request)
        entries, unlisted = trail(found, caller)
        return {
            "trail": entries,
            "unlisted_cancellations": unlisted,
            "every_cancellation": self._every_cancellation(request, found) if unlisted else None,
            "cancellation_buttons": [
                (action.value, WORDINGS[action], self._action_url(request, item, action))
                for action in (supported_actions(found, request.user) if may else [])
            ],
            "next_awaiting": self._next_awaiting(request, caller, found) if may else None,
            "order": order_of(found, caller),
            "item_opts": self.opts,
        }

    def _url(self, name: str, *args: Any) -> str:
        return address(self.admin_site, self.model, name, *args)

    def _kept(self, request: HttpRequest, url: str) -> str:
        """Give an address the filters of the list that the user came from."""
        filters = self.get_preserved_filters(request)
        return add_preserved_filters({"preserved_filters": filters, "opts": self.opts}, url)

    def _action_url(self, request: HttpRequest, item: Any, action: Action) -> str:
        return self._kept(request, self._url("cancellation_action", item.pk, action.value))

    def _every_cancellation(self, request: HttpRequest, item: Any) -> str | None:
        """Return the address of the list of an item's cancellations, for those who may view it."""
        if viewable(request, self.admin_site, Cancellation) is None:
            return None
        return f"{address(self.admin_site, Cancellation, 'changelist')}?order_item__exact={item.pk}"

    def _next_awaiting(self, request: HttpRequest, caller: Caller, item: Any) -> str | None:
        """Return the address of the item that has been waiting longest, but for this one."""
        if self.model is not caller.model:  # a child has keys of its own
            return None
        pk = next_awaiting(caller, item.pk)
        return None if pk is None else self._kept(request, self._url("change", pk))

    def _key(self, item: Any) -> Any:
        """Return the order item's primary key; ``self.model`` may be a child with its own."""
        return getattr(item, get_order_item_model()._meta.pk.attname)
