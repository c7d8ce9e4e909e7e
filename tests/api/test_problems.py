"""Errors, and what stands around the app: negotiation, methods, throttles, vetoes, databases."""

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import DataError, IntegrityError, OperationalError, connection, connections
from django.http import Http404
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path, reverse
from rest_framework.authentication import BaseAuthentication, TokenAuthentication
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.exceptions import PermissionDenied as PermissionDeniedByHost
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from tests.api import EVERY_CALL, WRITES, arguments, error
from tests.test_contention import busy
from tests.test_services import rows
from timp_orders import errors, urls
from timp_orders.api import list_views, order_views, views
from timp_orders.api.views import ConfirmCancellationView, ItemView
from timp_orders.models import Cancellation, OrderItem
from timp_orders.signals import cancellation_confirmed
from timp_orders.testing import UserFactory

pytestmark = pytest.mark.django_db

ALLOWED = {
    "item": "GET, DELETE, HEAD, OPTIONS",
    "cancellations": "GET, PATCH, HEAD, OPTIONS",
    "items": "GET, HEAD, OPTIONS",
}
METHODS = ["get", "post", "put", "patch", "delete", "trace", "head", "options"]


@pytest.fixture
def receiver():
    connected = []

    def connect(function):
        cancellation_confirmed.connect(function)
        connected.append(function)

    yield connect
    for function in connected:
        cancellation_confirmed.disconnect(function)


class Host(APIView):
    """A view of the host's own."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request):
        raise ValidationError("the host's")


def a_view_that_raises(exc):
    class Raising(ConfirmCancellationView):
        def update(self, *args, **kwargs):
            raise exc

    return Raising.as_view()


@pytest.mark.parametrize(("name", "about"), sorted({(n, a or "") for n, _, a in EVERY_CALL}))
def test_other_methods_are_405_with_those_that_are_allowed(call, world, name, about):
    allowed = ALLOWED.get(name, "PATCH, OPTIONS")
    before = rows()
    for method in METHODS:
        if method.upper() not in allowed:
            args, kwargs = arguments(name, about, world.item.uuid)
            if method in ("trace", "head"):
                kwargs = {}
            response = call(name, *args, method=method, by=world.operator, **kwargs)
            assert response["Allow"] == allowed
            assert response.status_code == 405
            if method != "head":
                assert error(response) == (405, "method_not_allowed")
                assert method.upper() not in response.json()["detail"]
    assert rows() == before


@pytest.mark.parametrize(("name", "method", "about"), EVERY_CALL)
def test_options_describe_the_call(call, world, name, method, about):
    args, _ = arguments(name, about, world.item.uuid)
    response = call(name, *args, method="options", by=world.supplier)
    assert response.status_code == 200
    assert method.upper() in response["Allow"]
    assert response.json()["parses"] == ["application/json"]


@pytest.mark.parametrize(("name", "method", "about"), EVERY_CALL)
def test_what_is_not_json_cannot_be_asked_for(call, world, name, method, about):
    args, kwargs = arguments(name, about, world.item.uuid)
    before = rows()
    response = call(
        name, *args, method=method, by=world.operator, headers={"Accept": "text/html"}, **kwargs
    )
    assert error(response) == (406, "not_acceptable")
    assert rows() == before


def test_the_first_problem_that_fits_is_told(call, world):
    """406 comes before 401, 401 before 405, 405 before 415, 415 before 404."""
    wrong = {"data": "[", "content_type": "text/plain"}
    path = reverse("timp_orders:confirm", args=[world.nowhere])
    client = Client()
    response = client.put(path, headers={"Accept": "text/html"}, **wrong)
    assert error(response) == (406, "not_acceptable")
    assert error(client.put(path, **wrong)) == (401, "not_authenticated")
    assert error(call(path, method="put", by=world.stranger, **wrong))[0] == 405
    assert error(call(path, by=world.stranger, **wrong))[0] == 415


@pytest.mark.parametrize(("name", "method", "about"), EVERY_CALL)
def test_the_hosts_throttles_apply_reads_and_writes_apart(
    monkeypatch, settings, call, world, name, method, about
):
    cache.clear()
    scope = "timp_orders_read" if method == "get" else "timp_orders_write"
    other = "timp_orders_write" if method == "get" else "timp_orders_read"
    monkeypatch.setattr(APIView, "throttle_classes", [ScopedRateThrottle])
    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", {scope: "1/min", other: "1000/min"})
    args, kwargs = arguments(name, about, world.item.uuid)
    assert call(name, *args, method=method, by=world.stranger, **kwargs).status_code != 429
    before = rows()
    response = call(name, *args, method=method, by=world.stranger, **kwargs)
    assert error(response) == (429, "throttled")
    assert 1 <= int(response["Retry-After"]) <= 60
    assert rows() == before
    cache.clear()


class TestVetoAndDefects:
    def test_a_veto_is_422_with_its_text_and_undoes_everything(self, call, world, receiver):
        def veto(**kwargs):
            raise errors.Veto("The truck has left.")

        receiver(veto)
        before = rows()
        response = call("confirm", world.item.uuid, by=world.supplier)
        assert error(response) == (422, "vetoed")
        assert response.json() == {
            "title": response.json()["title"],
            "status": 422,
            "detail": "The truck has left.",
            "code": "vetoed",
            "item_status": "Allocated",
            "cancellation_status": "requested",
        }
        assert rows() == before
        assert error(call("confirm-order", world.order.uuid, by=world.supplier))[1] == "vetoed"
        assert rows() == before

    def test_a_defect_of_a_receiver_is_the_hosts_own_500(self, call, world, receiver):
        def fail(**kwargs):
            raise RuntimeError("a defect")

        receiver(fail)
        before = rows()
        with pytest.raises(RuntimeError, match="a defect"):
            call("confirm", world.item.uuid, by=world.supplier)
        assert rows() == before

    @pytest.mark.parametrize("exc", [RuntimeError("x"), IntegrityError("x"), OperationalError("x")])
    def test_what_is_a_defect_is_not_answered(self, rf, world, exc):
        with pytest.raises(type(exc)):
            a_view_that_raises(exc)(authenticated(rf, world), order_item_uuid=world.item.uuid)


def authenticated(rf, world):
    from rest_framework.authtoken.models import Token

    token, _ = Token.objects.get_or_create(user=world.supplier)
    return rf.patch("/", headers={"Authorization": f"Token {token.key}"})


@pytest.mark.parametrize(
    ("exc", "wanted"),
    [
        (errors.Busy(), (503, "busy")),
        (OperationalError(1213, "Deadlock found"), (503, "busy")),
        (OperationalError(1047, "WSREP has not yet prepared node"), (503, "busy")),
        (OperationalError(1366, "Incorrect string value: echo"), (400, "invalid")),
        (DataError(1267, "Illegal mix of collations: echo"), (400, "invalid")),
        (Http404("echo"), (404, "not_found")),
        (PermissionDenied("echo"), (403, "permission_denied")),
        (APIException("own words"), (500, "error")),
        (APIException({"deep": ["own"]}), (500, "error")),
        (ValidationError(["own"]), (400, "invalid")),
        (errors.NotPossible(), (422, "not_possible")),
    ],
)
def test_whatever_a_view_raises_is_a_problem(rf, world, exc, wanted):
    view = a_view_that_raises(exc)
    response = view(authenticated(rf, world), order_item_uuid=world.item.uuid).render()
    assert response["Content-Type"] == "application/problem+json"
    assert (response.status_code, response.data["code"]) == wanted
    assert "echo" not in response.content.decode()
    if wanted[0] == 503:
        assert response["Retry-After"] == "1"


def test_how_long_to_wait_is_the_hosts(settings, rf, world):
    settings.TIMP_ORDERS = {"RETRY_AFTER": 7}
    response = a_view_that_raises(errors.Busy())(
        authenticated(rf, world), order_item_uuid=world.item.uuid
    )
    assert response["Retry-After"] == "7"


@pytest.fixture
def atomic_requests(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)


@pytest.mark.usefixtures("atomic_requests")
class TestAtomicRequests:
    def test_what_succeeds_is_committed(self, call, world):
        assert call("confirm", world.item.uuid, by=world.supplier).status_code == 200
        assert OrderItem.objects.get(pk=world.item.pk).status == "Cancelled"

    def test_the_apps_own_calls_are_outside_of_it(self, call, world):
        """Whatever the alias: a conflict at a commit after the view would be a 500."""
        seen = []

        def look(**kwargs):
            seen.append(len(connection.savepoint_ids))

        cancellation_confirmed.connect(look)
        try:
            call("confirm", world.item.uuid, by=world.supplier)
        finally:
            cancellation_confirmed.disconnect(look)
        # Only the test's own transaction is around the service's.
        assert seen == [len(connection.savepoint_ids) + 1]
        served = [pattern.callback for pattern in urls.urlpatterns]
        assert all(view._non_atomic_requests == set(connections) for view in served)

    @pytest.mark.parametrize(("failures", "status"), [(1, 200), (9, 503)])
    def test_a_conflict_at_the_commit_is_tried_again_and_then_busy(
        self, transactional_db, call, world, monkeypatch, failures, status
    ):
        commit, failing = connection.commit, [busy() for _ in range(failures)]

        def fail():
            if failing:
                raise failing.pop()
            commit()

        with monkeypatch.context() as patched:
            patched.setattr(connection, "commit", fail)
            response = call("confirm", world.item.uuid, by=world.supplier)
        assert response.status_code == status
        item = OrderItem.objects.get(pk=world.item.pk)
        assert (item.status == "Cancelled") == (status == 200)

    def test_what_a_refused_view_wrote_is_rolled_back(self, settings, call, world):
        class Writing(ConfirmCancellationView):
            def update(self, request, *args, **kwargs):
                Cancellation.objects.update(note="never")
                return super().update(request, *args, **kwargs)

        class urls:
            urlpatterns = [path("<uuid:order_item_uuid>/", Writing.as_view())]

        with override_settings(ROOT_URLCONF=urls):
            response = call(f"/{world.item.uuid}/", by=world.retailer)
        assert error(response) == (409, "wrong_side")
        assert Cancellation.objects.get().note == ""


def test_the_hosts_own_views_keep_their_own_errors(client):
    class urls:
        urlpatterns = [path("", Host.as_view())]

    with override_settings(ROOT_URLCONF=urls):
        assert client.get("/").json() == ["the host's"]


class TestSubclasses:
    """What a host changes on a view of its own."""

    def test_a_view_may_ask_for_other_credentials(self, rf, world):
        class OtherCredentials(ItemView):
            authentication_classes = (type(next(iter(ItemView().get_authenticators()))),)

        assert len(OtherCredentials().get_authenticators()) == 1
        response = OtherCredentials.as_view()(rf.get("/"), order_item_uuid=world.item.uuid)
        assert response.status_code == 401


class LoginTimeout(APIException):
    status_code = 440
    default_code = "login_timeout"
    default_detail = "The session has ended."


class ExpiredSession(BaseAuthentication):
    def authenticate(self, request):
        raise LoginTimeout


class BlockedAddress(BaseAuthentication):
    def authenticate(self, request):
        raise PermissionDeniedByHost("This address is blocked.")


class TestAuthenticationsOfAHost:
    def answer(self, rf, world, authentication):
        view = type("View", (ItemView,), {"authentication_classes": [authentication]})
        return view.as_view()(rf.get("/"), order_item_uuid=world.item.uuid)

    def test_a_status_that_no_standard_knows_is_answered(self, rf, world):
        response = self.answer(rf, world, ExpiredSession)
        assert response.status_code == 440
        assert response.data["title"] == "Client Error"
        assert response.data["code"] == "login_timeout"

    def test_a_refusal_of_its_own_is_not_taken_for_a_missing_csrf_token(self, rf, world):
        response = self.answer(rf, world, BlockedAddress)
        assert response.status_code == 403
        assert response.data["detail"] == "This address is blocked."


@pytest.mark.skipif(connection.vendor != "mysql", reason="has character sets by column")
@pytest.mark.django_db(transaction=True)
class TestACharacterThatTheDatabaseCannotStore:
    @pytest.fixture(autouse=True)
    def _utf8mb3(self, world):
        columns = [
            ("timp_orders_cancellation", "decision_note", "LONGTEXT"),
            ("timp_orders_order", "po_number", "VARCHAR(64)"),
        ]
        with connection.cursor() as cursor:
            for table, column, kind in columns:
                cursor.execute(
                    f"ALTER TABLE {table} MODIFY {column} {kind} CHARACTER SET utf8mb3 NOT NULL"
                )
            yield
            for table, column, kind in columns:
                cursor.execute(
                    f"ALTER TABLE {table} MODIFY {column} {kind} CHARACTER SET utf8mb4 NOT NULL"
                )

    def test_in_a_note_is_400_and_writes_nothing(self, call, world):
        response = call("reject", world.item.uuid, by=world.supplier, data={"note": "😀"})
        assert error(response) == (400, "invalid")
        world.cancellation.refresh_from_db()
        assert world.cancellation.status == "requested"

    def test_in_a_filter_is_400_or_finds_nothing(self, call, world):
        path = "/timp/orders/items/cancel/?po_number=%F0%9F%98%80"
        response = call(path, method="get", by=world.supplier)
        assert response.status_code == 400 or response.json()["results"] == []


class ClientCredentials(BaseAuthentication):
    """As client credentials and API keys do: somebody is known, who is no user."""

    def authenticate(self, request):
        return None, "a token"

    def authenticate_header(self, request):
        return "Bearer"


class Deactivated(ClientCredentials):
    def authenticate(self, request):
        return User.objects.get(is_active=False), "a token"


class TestNobodySignedIn:
    """Whatever a subclass of a view declares, nobody but an active user acts or reads."""

    @pytest.mark.parametrize(
        "authentication", [ClientCredentials, Deactivated, TokenAuthentication]
    )
    @pytest.mark.parametrize(
        ("view", "method", "about"),
        [
            (views.ItemView, "get", "item"),
            (views.ItemView, "delete", "item"),
            (list_views.CancellationsView, "get", None),
            (list_views.CancellationsView, "patch", None),
            (list_views.ItemListView, "get", None),
            (views.ConfirmCancellationView, "patch", "item"),
            (views.RejectCancellationView, "patch", "item"),
            (views.RequestCancellationView, "patch", "item"),
            (views.WithdrawCancellationView, "patch", "item"),
            (order_views.RequestOrderCancellationView, "patch", None),
            (order_views.ConfirmOrderCancellationView, "patch", "order"),
            (order_views.RejectOrderCancellationView, "patch", "order"),
        ],
    )
    def test_is_401(self, rf, world, settings, authentication, view, method, about):
        settings.REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None}
        member = UserFactory(is_active=False)
        for organization in (world.item.supplier, world.order.retailer):
            organization.members.add(member)
        open_view = type(
            "Open", (view,), {"permission_classes": (), "authentication_classes": [authentication]}
        )
        body = () if method == "get" else ("{}",)
        request = getattr(rf, method)("/", *body, content_type="application/json")
        named = {"item": "order_item_uuid", "order": "order_uuid"}
        kwargs = {named[about]: getattr(world, about).uuid} if about else {}
        response = open_view.as_view()(request, **kwargs)
        assert response.status_code == 401
        assert response.data["code"] == "not_authenticated"
        world.cancellation.refresh_from_db()
        assert world.cancellation.status == "requested"


@pytest.mark.parametrize(("name", "method", "about"), WRITES)
def test_a_call_writes_through_the_service_functions_as_the_api(call, world, name, method, about):
    if "request" in name or method == "delete":
        world.cancellation.delete()
    args, kwargs = arguments(name, about, getattr(world, about).uuid)
    assert call(name, *args, method=method, by=world.operator, **kwargs).status_code < 300
    written = Cancellation.objects.get()
    assert "api" in (written.requested_via, written.decided_via)


@pytest.mark.parametrize(("name", "method", "about"), EVERY_CALL)
def test_the_work_for_a_stranger_is_the_same_for_what_is_hidden_and_what_is_not_there(
    call, world, name, method, about
):
    """So the time that an answer takes tells nothing either."""

    def statements(uuid):
        args, kwargs = arguments(name, about, uuid)
        with CaptureQueriesContext(connection) as captured:
            call(name, *args, method=method, by=world.stranger, **kwargs)
        return [query["sql"].replace(uuid.hex, "").replace(str(uuid), "") for query in captured]

    statements(world.nowhere)
    assert statements(getattr(world, about or "item").uuid) == statements(world.nowhere)
