"""The ticks of a list, which come back with the reader from a confirmation page."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from timp_orders.admin.addresses import TICKED

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = object

__all__ = ["TicksMixin"]


class TicksMixin(ModelAdmin):
    """Mixin for a ``ModelAdmin`` whose list shows those rows ticked that its address names."""

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        query = request.GET.copy()
        request._timp_ticked = set(query.pop(TICKED, []))  # type: ignore[attr-defined]
        request.GET = query  # type: ignore[assignment]  # no link of the list goes on with them
        return super().changelist_view(request, *args, **kwargs)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        if ticked := getattr(request, "_timp_ticked", None):
            for row in changelist.result_list:
                row.timp_ticked = str(row.pk) in ticked
        return changelist

    def action_checkbox(self, obj: Any) -> SafeString:
        box = super().action_checkbox(obj)
        if not getattr(obj, "timp_ticked", False):
            return box
        # Django's own box, which it has escaped, with one word more.
        return SafeString(box.replace("<input ", "<input checked ", 1))  # nosec B703
