"""Base class of all API views: authentication, bodies, errors."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.db import DataError, router
from django.http import StreamingHttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.decorators.common import no_append_slash
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from timp_orders import errors
from timp_orders.api import problems
from timp_orders.api.body import BodyParser, is_unreadable, receive
from timp_orders.api.serializers import shared
from timp_orders.conf import settings
from timp_orders.models import get_order_item_model
from timp_orders.policy import may_be_on_a_side
from timp_orders.services.caller import Caller
from timp_orders.states import Action, Via

if TYPE_CHECKING:
    GenericBase = GenericAPIView[Any]
else:
    GenericBase = GenericAPIView

__all__ = ["CancellationAPIView", "JSONNegotiation", "NoSuchCallView", "RejectionView"]


class JSONNegotiation(DefaultContentNegotiation):
    """Content negotiation by the Accept header alone, without a ``format`` parameter."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        return renderers


class CancellationAPIView(GenericBase):
    """Base class of all API views."""

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    """Empty: those of ``TIMP_ORDERS["AUTHENTICATION_CLASSES"]``."""
    permission_classes = (IsAuthenticated,)
    """Who may call at all; the rules of sides and permissions are the services'."""
    parser_classes = (BodyParser,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = JSONNegotiation
    versioning_class = None
    pagination_class: Any = None
    filter_backends: Any = ()
    body_serializer_class: ClassVar[type[BaseSerializer[Any]]]
    """What the body of a call may hold."""
    body_required: ClassVar[bool] = False

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        # Without its slash a PATCH must be a 404: CommonMiddleware would raise under DEBUG.
        return no_append_slash(super().as_view(**initkwargs))

    @property
    def throttle_scope(self) -> str:
        """``timp_orders_read`` or ``timp_orders_write``, for ``ScopedRateThrottle``."""
        is_read = self.request.method in SAFE_METHODS
        return "timp_orders_read" if is_read else "timp_orders_write"

    @property
    def max_body_bytes(self) -> int:
        """The longest body that is read."""
        return settings.MAX_BODY_BYTES

    @cached_property
    def reader(self) -> Caller:
        """The user as one who reads, from the database that reads go to."""
        using = router.db_for_read(get_order_item_model())
        return Caller.of(self.request.user, via=Via.API, using=using)

    def get_authenticators(self) -> list[BaseAuthentication]:
        classes = self.authentication_classes or settings.authentication_classes
        return [authentication() for authentication in classes]

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except PermissionDenied as error:
            if str(error.detail).startswith("CSRF Failed"):
                # The session's own text may hold the Origin that was sent.
                raise PermissionDenied(_("The session needs its CSRF token.")) from error
            raise
        except (DataError, ValueError) as error:  # a NUL in a token or a cookie, on PostgreSQL
            raise AuthenticationFailed from error
        # Whatever permissions a subclass declares: some authentications leave the user None, which
        # no rule of sides could be applied to.
        if not may_be_on_a_side(request.user or AnonymousUser()):
            raise NotAuthenticated

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return problems.respond

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        # What one caller may see is for no cache to keep, and soon out of date.
        response["Cache-Control"] = "private, no-store"
        if not is_unreadable(request._request):
            return response
        # The rest of the connection is the unread body, which must not become the next request. A
        # development server closes a connection after a response without a length.
        body = response.render().rendered_content
        headers = dict(response.items())
        return StreamingHttpResponse([body], status=response.status_code, headers=headers)

    @cached_property
    def describe(self) -> Callable[[Any], Any]:
        """Describes a row, by the view's serializer."""
        kind: Any = self.get_serializer_class()
        serializer: Any = shared(kind) or self.get_serializer()
        describe: Callable[[Any], Any] = serializer.to_representation
        return describe

    def read_body(self, request: Request) -> dict[str, Any]:
        """Read and check the body.

        :raises rest_framework.exceptions.APIException: it is not what ``body_serializer_class``
            takes.
        """
        receive(request._request, self.max_body_bytes)
        if not request.data and not self.body_required:
            return {}
        body = self.body_serializer_class(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        values: dict[str, Any] = body.validated_data
        return values


class RejectionView(CancellationAPIView):
    """A rejection, whose body may be left out only where the host wants no reason."""

    action = Action.REJECT

    @property
    def body_required(self) -> bool:  # type: ignore[override]
        return settings.REJECTION_NEEDS_REASON


class NoSuchCallView(CancellationAPIView):
    """Answers 404 for paths that no call has, such as one without its last slash."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise errors.NotFound(_("There is no such call."))
