"""The query parameters of the lists, in OpenAPI."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from timp_orders.api import components
from timp_orders.api.list_views import CancellationsView, ListView
from timp_orders.models import get_order_item_model
from timp_orders.states import CancellationStatus

__all__ = ["parameters_of"]

_INCLUSIVE = "Or at that moment."
_SEVERAL = "May be repeated."
_PATHS = {"order_item_uuid": "uuid"}


def parameters_of(view: ListView, schema: Any) -> list[OpenApiParameter]:
    """Describe what a list can be filtered by; without paths that the host does not have.

    :param schema: the view's ``AutoSchema``, which registers components.
    """
    is_of_cancellations = isinstance(view, CancellationsView)
    own = _of_cancellations(schema) if is_of_cancellations else _of_items()
    paths = get_order_item_model().paths()
    found = [
        OpenApiParameter("po_number", components.value_at("po_number")),
        OpenApiParameter("order_uuid", OpenApiTypes.UUID),
        OpenApiParameter("order_item_uuid", OpenApiTypes.UUID),
        OpenApiParameter("sku_id", components.value_at("sku_id")),
    ]
    return [*own, *(one for one in found if paths[_PATHS.get(one.name, one.name)])]


def _of_cancellations(schema: Any) -> list[OpenApiParameter]:
    kind = components.values(schema, "CancellationStatus", CancellationStatus.values)
    several = {"type": "array", "items": kind}
    moment = OpenApiTypes.DATETIME
    waiting = "To be answered before then; with ``status=requested`` for those that still wait."
    changed = "Requested or decided since then. Ask with an overlap of some minutes."
    return [
        OpenApiParameter("status", several, description=_SEVERAL),
        OpenApiParameter("requested_after", moment, description=_INCLUSIVE),
        OpenApiParameter("requested_before", moment),
        OpenApiParameter("decided_after", moment, description=_INCLUSIVE),
        OpenApiParameter("decided_before", moment),
        OpenApiParameter("respond_before", moment, description=waiting),
        OpenApiParameter("changed_after", moment, description=changed),
    ]


def _of_items() -> list[OpenApiParameter]:
    model = get_order_item_model()
    status: dict[str, Any] = {"type": "string"}
    if getattr(model.field_at(model.STATUS_FIELD), "choices", None):
        status["enum"] = sorted({model.status_name(known) for known in model.known_statuses()})
    several = {"type": "array", "items": status}
    awaiting = "With an open cancellation; or, false, without one."
    cancellable = "In a status in which an item may be cancelled; or, false, in another."
    return [
        OpenApiParameter("status", several, description=_SEVERAL),
        OpenApiParameter("awaiting", bool, description=awaiting),
        OpenApiParameter("cancellable", bool, description=cancellable),
    ]
