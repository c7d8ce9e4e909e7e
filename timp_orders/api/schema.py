"""The calls in OpenAPI, for hosts with drf-spectacular (extra ``openapi``).

Whatever the host's ``DEFAULT_SCHEMA_CLASS`` is, the views describe themselves by this one.
"""

from typing import Any

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from timp_orders.api import components, examples, order_views, views
from timp_orders.api.links import LINKS
from timp_orders.api.pagination import CancellationPagination
from timp_orders.api.problems import MEDIA_TYPE
from timp_orders.api.serializers import OrderProblemSerializer, ProblemSerializer
from timp_orders.models import get_order_item_model
from timp_orders.states import CancellationStatus

__all__ = ["CancellationSchema", "ViewExtension"]

_OPERATIONS: dict[tuple[type, str], str] = {
    (views.CancellationListView, "GET"): "listCancellations",
    (views.ItemView, "GET"): "retrieveItem",
    (views.ItemView, "DELETE"): "requestCancellationByDelete",
    (views.ConfirmCancellationView, "PATCH"): "confirmCancellation",
    (views.RejectCancellationView, "PATCH"): "rejectCancellation",
    (views.RequestCancellationView, "PATCH"): "requestCancellation",
    (views.WithdrawCancellationView, "PATCH"): "withdrawCancellation",
    (views.CancelItemView, "PATCH"): "cancelItem",
    (order_views.RequestOrderCancellationView, "PATCH"): "requestOrderCancellation",
    (order_views.ConfirmOrderCancellationView, "PATCH"): "confirmOrderCancellation",
    (order_views.RejectOrderCancellationView, "PATCH"): "rejectOrderCancellation",
}

_ERRORS = {
    400: "Malformed JSON, no object, or a field or a parameter that is wrong.",
    401: "No credentials, or wrong ones.",
    403: "The permission is missing, or a session's CSRF token.",
    404: "There is no such item or order, or the caller may not see it.",
    406: "The answer is JSON, which the caller does not accept.",
    409: "The caller is on the wrong side of the order.",
    411: "This server cannot read a chunked body.",
    413: "The body is too large.",
    415: "The body is not JSON in UTF-8.",
    422: "The action cannot be performed now.",
    429: "Too many calls; see Retry-After.",
    503: "The database is busy and nothing was written; see Retry-After.",
}
_NOT_OF_READS = {409, 411, 413, 415, 422}

_INCLUSIVE = "Or at that moment."
_HEADERS = [
    OpenApiParameter("WWW-Authenticate", str, OpenApiParameter.HEADER, response=[401]),
    OpenApiParameter(
        "Retry-After", int, OpenApiParameter.HEADER, response=[429, 503], description="Seconds."
    ),
]


class CancellationSchema(AutoSchema):
    view: Any  # a host's subclass of a view, too

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation: Any = super().get_operation(*args, **kwargs)
        if "requestBody" in operation:
            fields = self.view.body_serializer_class().fields.values()
            operation["requestBody"]["required"] = any(field.required for field in fields)
        if links := LINKS.get(self.get_operation_id()):
            operation["responses"]["200"]["links"] = links
        return operation

    def get_operation_id(self) -> str:
        for kind in type(self.view).__mro__:
            if name := _OPERATIONS.get((kind, self.method)):
                return name
        name = super().get_operation_id()  # a view of the host's own
        return name

    def get_auth(self) -> list[Any]:
        required: list[Any] = super().get_auth()
        for authentication in self.view.get_authenticators():
            components.tell_how_to_send(authentication, self.registry)
        return required

    def get_tags(self) -> list[str]:
        return ["Cancellations"]

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        # Of the method where it has a text of its own, else of the class, inherited ones included.
        method = getattr(self.view, self.method.lower())
        kinds = type(self.view).__mro__
        texts = [vars(kind).get("__doc__") for kind in kinds]
        is_own = isinstance(self.view, views.ItemView)
        text = next(filter(None, [is_own and method.__doc__, *texts]))
        return " ".join(text.split())

    def get_summary(self) -> str:
        return self.get_description().partition(". ")[0].rstrip(".")

    def get_filter_backends(self) -> list[Any]:
        return []  # they are among the parameters below

    def get_override_parameters(self) -> list[Any]:
        if not self._is_list:
            return _HEADERS
        return [*self._get_filters(), *_HEADERS]

    def _get_filters(self) -> list[OpenApiParameter]:
        kind = components.values(self, "CancellationStatus", CancellationStatus.values)
        several = {"type": "array", "items": kind}
        filters = [
            OpenApiParameter("status", several, description="May be repeated."),
            OpenApiParameter("po_number", components.value_at("po_number")),
            OpenApiParameter("order_uuid", OpenApiTypes.UUID),
            OpenApiParameter("sku_id", components.value_at("sku_id")),
            OpenApiParameter("requested_after", OpenApiTypes.DATETIME, description=_INCLUSIVE),
            OpenApiParameter("requested_before", OpenApiTypes.DATETIME),
        ]
        paths = get_order_item_model().paths()
        return [found for found in filters if paths.get(found.name, found.name)]

    def get_request_serializer(self) -> Any:
        # As a reference, since drf-spectacular would make every field of a PATCH optional.
        body = self.resolve_serializer(self.view.body_serializer_class, "request")
        return {"application/json": body.ref}

    def get_response_serializers(self) -> Any:
        is_order = isinstance(self.view, order_views.OrderCallView)
        text = "Done, or already so." if self._takes_a_body else "As it is now."
        answer = self.view.get_serializer_class()
        if self._is_list and isinstance(self.view.paginator, CancellationPagination):
            answer = components.page_of(answer)
        responses: dict[Any, Any] = {200: OpenApiResponse(answer, text)}
        if self.method == "DELETE":
            responses = {204: OpenApiResponse(description=text)}
        statuses = set(_ERRORS)
        if not self._takes_a_body:
            statuses -= _NOT_OF_READS | ({404} if self._is_list else {400})
        for status in sorted(statuses):
            kind = OrderProblemSerializer if is_order and status == 422 else ProblemSerializer
            responses[status, MEDIA_TYPE] = OpenApiResponse(kind, _ERRORS[status])
        return responses

    def get_examples(self) -> list[OpenApiExample]:
        operation = self.get_operation_id()
        found = [
            OpenApiExample(name, value=value, request_only=True)
            for name, value in examples.requests().get(operation, {}).items()
        ]
        if value := examples.answers(self.path).get(operation):
            found.append(OpenApiExample("Success", value, response_only=True, status_codes=["200"]))
        for status, value in examples.problems(operation).items():
            found.append(
                OpenApiExample(
                    value["code"],
                    value=value,
                    response_only=True,
                    status_codes=[str(status)],
                    media_type=MEDIA_TYPE,
                )
            )
        return found

    @property
    def _is_list(self) -> bool:
        return isinstance(self.view, views.CancellationListView)

    @property
    def _takes_a_body(self) -> bool:
        return self.method in ("PATCH", "DELETE")


class ViewExtension(OpenApiViewExtension):  # type: ignore[no-untyped-call]
    target_class = "timp_orders.api.base.CancellationAPIView"
    match_subclasses = True

    def view_replacement(self) -> type:
        view: type = self.target
        if "schema" in vars(view):  # a host's own description, such as by extend_schema
            return view
        members = {"schema": CancellationSchema(), "__doc__": None}
        return type(view.__name__, (view,), members)
