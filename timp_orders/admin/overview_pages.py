"""The page with the overview, and the links to it."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from timp_orders.admin.addresses import address, viewable
from timp_orders.admin.filters import WAITING_DAYS, more_than
from timp_orders.admin.overview_answers import DAYS, answers
from timp_orders.admin.overview_rows import Row
from timp_orders.admin.overview_waiting import waiting
from timp_orders.admin.scope import TrailAdmin
from timp_orders.models import OrderItem, get_order_item_model
from timp_orders.policy import gives_deadlines
from timp_orders.services.caller import Caller
from timp_orders.states import Via

__all__ = ["OverviewAdmin"]

_BAR = 120


class _Line(NamedTuple):
    """A row as the page shows it.

    :ivar cells: the counts, each with the address of the list that it counts, and its share.
    :ivar bar: how long its bar is, in pixels.
    """

    row: Row
    cells: list[tuple[int, str, int | None]]
    bar: int


class OverviewAdmin(TrailAdmin):
    """Admin with a page of figures: what waits, and how suppliers answer."""

    overview_template = "admin/timp_orders/overview.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_overview"
        view = self.admin_site.admin_view(self.overview_view)
        return [path("overview/", view, name=name), *super().get_urls()]

    def overview_view(self, request: HttpRequest) -> HttpResponse:
        """Show figures of the cancellations that the user sees; ``?days=`` is one of ``DAYS``."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        text = request.GET.get("days", str(DAYS[1]))
        if text not in map(str, DAYS):
            raise Http404
        caller = Caller.of(request.user, via=Via.ADMIN)
        waits, told = waiting(caller), answers(caller, int(text))
        listed = partial(_listed, self._list_of_items(request))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Overview of cancellations"),
            "opts": self.opts,
            "waiting": waits,
            "totals": [
                (_("open"), waits.count, listed()),
                *(
                    (_for_more_than(days), waits.ages[days], listed(waiting=days))
                    for days in WAITING_DAYS
                ),
            ],
            "has_deadlines": gives_deadlines(),
            "overdue_url": listed(answer_by="overdue"),
            "overdue_share": _share(waits.overdue, waits.count),
            "ages": [more_than(days) for days in WAITING_DAYS],
            "waiting_suppliers": _lines(waits.suppliers, partial(_cells, listed), shares=(-1,)),
            "answers": told,
            "rejected_share": _share(told.rejected, told.total),
            "late_share": _share(told.late, told.total),
            "outcomes": _lines(told.outcomes),
            "times": _lines(told.times),
            "buyer_reasons": _lines(told.reasons["buyer"], at=1),
            "supplier_reasons": _lines(told.reasons["supplier"], at=1),
            "suppliers": _lines(told.suppliers, shares=(1, 2)),
            "days": [(days, str(days) == text) for days in DAYS],
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.overview_template, context)

    def _list_of_items(self, request: HttpRequest) -> str:
        """Return the address of the list of items; "" where the reader has none."""
        model = get_order_item_model()
        items = viewable(request, self.admin_site, model)
        # A host's own admin has filters of its own.
        return address(self.admin_site, model, "changelist") if items and model is OrderItem else ""


def _listed(url: str, **filters: Any) -> str:
    """Return the address of those that await a decision."""
    return url and f"{url}?{urlencode({'awaiting': 'yes', **filters})}"


def _cells(listed: Callable[..., str], row: Row) -> list[str]:
    """Return the addresses of what a supplier's counts are of."""
    supplier = {"supplier__id__exact": row.key}
    ages = (listed(waiting=days, **supplier) for days in WAITING_DAYS)
    return [listed(**supplier), *ages, listed(answer_by="overdue", **supplier)]


def _for_more_than(days: int) -> str:
    """Say since when some have been waiting, after their number."""
    return ngettext("for more than %(count)d day", "for more than %(count)d days", days) % {
        "count": days
    }


def _share(count: int, total: int) -> int | None:
    """Return how many percent of the total it is; ``None`` of nothing."""
    return round(100 * count / total) if total else None


def _lines(
    rows: Sequence[Row], addresses: Any = None, *, at: int = 0, shares: Sequence[int] = ()
) -> list[_Line]:
    """Give rows their bars, and their counts the addresses of what they count.

    :param at: the count that the bar is of.
    :param shares: the counts whose share of the first is told.
    """
    most = max((row.counts[at] for row in rows), default=0) or 1
    lines = []
    for row in rows:
        urls = addresses(row) if addresses else [""] * len(row.counts)
        told: list[int | None] = [None] * len(row.counts)
        for place in shares:
            told[place] = _share(row.counts[place], row.counts[0])
        cells = list(zip(row.counts, urls, told, strict=True))
        lines.append(_Line(row, cells, round(_BAR * row.counts[at] / most)))
    return lines
