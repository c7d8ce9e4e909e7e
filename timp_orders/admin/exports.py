"""Cancellations as CSV, streamed in parts."""

import csv
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from operator import attrgetter
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from timp_orders.admin.extending import extended
from timp_orders.admin.scope import TrailAdmin
from timp_orders.models import get_order_item_model
from timp_orders.models.querysets import by_pages
from timp_orders.spreadsheets import BYTE_ORDER_MARK, Echo, neutral

__all__ = ["ExportAdmin", "csv_rows", "streamed"]

_CHUNK = 2000
_ROWS_IN_PART = 100


_HEADINGS = {"quantity": "quantity_ordered"}
_COUNT = "rows_in_file"


def csv_rows(
    cancellations: QuerySet[Any], masked: Mapping[str, Callable[[Any], Any]]
) -> Iterator[str]:
    """Yield the lines of the file, newest first; the headings are stable and not translated.

    The last line alone has the count of rows: without it, the file was cut off.

    :param masked: columns that say what the reader may know, as :attr:`ExportAdmin.told`.
    """
    model = get_order_item_model()
    paths = model.paths()
    status = paths.pop("status")
    own = ["uuid", "status", "quantity", "quantity_available", "quantity_confirmed", "reason"]
    own += ["note", "requested_at", "requested_via", "respond_by", "reminded_at", "overdue_at"]
    own += ["decision_reason", "decision_note", "decided_at", "decided_via"]
    own += ["requested_by", "decided_by"]
    columns: dict[str, Callable[[Any], Any]] = {name: attrgetter(name) for name in own}
    columns["requested_side"] = attrgetter("requested_party")
    columns["decided_side"] = attrgetter("decided_party")
    columns["item_status_before"] = lambda found: model.status_name(found.item_status)
    columns["order_item_uuid"] = partial(_of_item, paths.pop("uuid"))
    columns["item_status"] = lambda found: model.status_name(_of_item(status, found))
    columns |= {_HEADINGS.get(name, name): partial(_of_item, path) for name, path in paths.items()}
    columns |= masked
    writer = csv.writer(Echo())
    yield BYTE_ORDER_MARK + writer.writerow([*columns, _COUNT])
    pages = by_pages(cancellations, _CHUNK, newest_first=True)
    rows = (
        [neutral(value(found)) for value in columns.values()]
        for found in chain.from_iterable(pages)
    )
    yield from map(writer.writerow, _counted(rows))


def _counted(rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """Add a cell to each row, in the last one the count; a row late, to know which it is."""
    count = 0
    waiting: list[Any] = []
    for row in rows:
        if count:
            yield [*waiting, None]
        waiting, count = row, count + 1
    if count:
        yield [*waiting, count]


def streamed(request: HttpRequest, rows: Iterator[str]) -> Iterator[str] | AsyncIterator[str]:
    """Return the content of a streaming response: asynchronous under ASGI, where Django would read
    all of another one before it sends any of it.
    """
    parts = _parts(rows)
    return _asynchronous(parts) if isinstance(request, ASGIRequest) else parts


def _of_item(path: str, cancellation: Any) -> Any:
    return cancellation.order_item.value_of(path)


def _parts(rows: Iterator[str]) -> Iterator[str]:
    while part := "".join(islice(rows, _ROWS_IN_PART)):
        yield part


async def _asynchronous(parts: Iterator[str]) -> AsyncIterator[str]:
    while part := await sync_to_async(lambda: next(parts, ""))():
        yield part


class ExportAdmin(TrailAdmin):
    """Admin with a page that streams its filtered list of cancellations as CSV.

    :cvar told: what readers may know of people and organizations: functions of a cancellation, by
        the heading of their column.
    """

    export_template = "admin/timp_orders/cancellations_with_export.html"
    told: Mapping[str, Callable[[Any], Any]]

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name=name), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        page = super().changelist_view(request, extra_context)
        is_list = "cl" in (getattr(page, "context_data", None) or {})  # no page of an action
        return extended(page, self.export_template, {}) if is_list else page

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse | HttpResponseRedirect:
        """Stream the cancellations of the filtered list as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect("../?e=1")
        rows = streamed(request, csv_rows(changelist.queryset, self.told))
        response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
        name = f"cancellations-{timezone.now().date().isoformat()}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
