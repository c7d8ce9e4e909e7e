"""The calls in OpenAPI, for hosts with drf-spectacular (extra ``openapi``).

Whatever the host's ``DEFAULT_SCHEMA_CLASS`` is, the views describe themselves by this one.
"""

from typing import Any

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from timp_orders.api import (
    components,
    example_problems,
    examples,
    list_views,
    order_views,
    views,
)
from timp_orders.api.links import LINKS
from timp_orders.api.outcomes import OutcomeProblemSerializer, OutcomeSerializer
from timp_orders.api.pagination import KeyPagination
from timp_orders.api.parameters import parameters_of
from timp_orders.api.problems import MEDIA_TYPE
from timp_orders.api.serializers import ProblemSerializer

__all__ = ["CancellationSchema", "ViewExtension"]

_OPERATIONS: dict[tuple[type, str], str] = {
    (list_views.CancellationsView, "GET"): "listCancellations",
    (list_views.CancellationsView, "PATCH"): "applyChanges",
    (list_views.ItemListView, "GET"): "listItems",
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
_OF_EACH_CHANGE = {404, 409}
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
        text = next(filter(None, [method.__doc__, *texts]))
        return " ".join(text.split())

    def get_summary(self) -> str:
        return self.get_description().partition(". ")[0].rstrip(".")

    def get_filter_backends(self) -> list[Any]:
        return []  # they are among the parameters below

    def get_override_parameters(self) -> list[Any]:
        if not self._is_list:
            return _HEADERS
        return [*parameters_of(self.view, self), *_HEADERS]

    def get_request_serializer(self) -> Any:
        # As a reference, since drf-spectacular would make every field of a PATCH optional.
        body = self.resolve_serializer(self.view.body_serializer_class, "request")
        return {"application/json": body.ref}

    def get_response_serializers(self) -> Any:
        text = "Done, or already so." if self._takes_a_body else "As it is now."
        answer = self.view.get_serializer_class()
        if self._is_list and isinstance(self.view.paginator, KeyPagination):
            answer = components.page_of(answer)
        responses: dict[Any, Any] = {200: OpenApiResponse(answer, text)}
        if self.method == "DELETE":
            responses = {204: OpenApiResponse(description=text)}
        statuses = set(_ERRORS)
        if not self._takes_a_body:
            statuses -= _NOT_OF_READS | ({404} if self._is_list else {400})
        elif isinstance(self.view, list_views.ListView):
            statuses -= _OF_EACH_CHANGE
        refusal = OutcomeProblemSerializer if self._is_of_many else ProblemSerializer
        for status in sorted(statuses):
            kind = refusal if status == 422 else ProblemSerializer
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
        for status, value in example_problems.problems(operation).items():
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
        return isinstance(self.view, list_views.ListView) and self.method == "GET"

    @property
    def _is_of_many(self) -> bool:
        return issubclass(self.view.get_serializer_class(), OutcomeSerializer)

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
