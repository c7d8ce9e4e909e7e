"""Several databases: where the app reads, locks and writes."""

from uuid import uuid4

import pytest
from django.db.utils import ConnectionDoesNotExist
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import Token

from tests.test_hosts import run
from timp_orders import services
from timp_orders.admin.selection import Announced, Selection
from timp_orders.models import Cancellation
from timp_orders.states import Action
from timp_orders.testing import UserFactory


@pytest.mark.processes
def test_a_router_may_put_the_app_on_an_alias_of_its_own():
    """The app alone: users and their permissions stay on another."""
    done = run("own_database", ["workflow", "statements_by_database"])
    assert done.returncode == 0, done.stdout + done.stderr


class ReadsFromAReplica:
    """There is no such database here: whatever reads from it fails."""

    def db_for_read(self, model, **hints):
        return "replica" if model._meta.app_label == "timp_orders" else None


@pytest.fixture
def staff_client(db):
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def replica(settings, cancellation):
    settings.DATABASE_ROUTERS = [f"{__name__}.ReadsFromAReplica"]


@pytest.fixture
def call(supplier_user, retailer_user):
    """Call a view as the user on whose side it is."""

    def call(name, *args, by=supplier_user, method="patch"):
        token, _ = Token.objects.get_or_create(user=by)
        path = reverse(f"timp_orders:{name}", args=args)
        headers = {"Authorization": f"Token {token.key}"}
        return getattr(Client(), method)(path, "{}", "application/json", headers=headers)

    return call


class TestAReplica:
    """It lags behind, so what is decided upon it must not be read from it."""

    @pytest.mark.parametrize("action", ["confirm", "reject", "withdraw", "request"])
    @pytest.mark.parametrize("sliced", [False, True])
    def test_a_service_reads_where_it_writes(
        self, replica, item, named, supplier_user, retailer_user, action, sliced
    ):
        user = supplier_user if action in ("confirm", "reject") else retailer_user
        items = named(item)[:1] if sliced else named(item)
        outcome = getattr(services, f"{action}_cancellation")(items, by=user)
        assert outcome.changed + outcome.unchanged == [item.uuid]

    @pytest.mark.parametrize("name", ["confirm", "reject"])
    def test_a_call_on_an_item_reads_where_it_writes(self, replica, item, call, name):
        assert call(name, item.uuid).status_code == 200

    def test_a_request_reads_where_it_writes(self, replica, item, call, retailer_user):
        assert call("item", item.uuid, by=retailer_user, method="delete").status_code == 204

    @pytest.mark.parametrize("name", ["confirm-order", "reject-order"])
    def test_a_call_on_an_order_reads_where_it_writes(self, replica, order, call, name):
        assert call(name, order.uuid).status_code == 200

    def test_the_admin_decides_where_it_writes(self, replica, item, cancellation):
        user = UserFactory(is_staff=True, is_superuser=True)
        announced = Announced(item.pk, cancellation.pk, "change")
        selection = Selection(Action.CONFIRM, "/admin/", [announced], uuid4()).dumps(user)
        client = Client()
        client.force_login(user)
        path = reverse("admin:timp_orders_orderitem_cancellation")
        assert client.post(path, {"selection": selection, "note": ""}).status_code == 302
        assert Cancellation.objects.using("default").get().status == "confirmed"

    def test_an_item_page_reads_where_it_writes(self, replica, staff_client, item, cancellation):
        """Of its trail as of its buttons and fields: two moments on one page would contradict."""
        page = staff_client.get(reverse("admin:timp_orders_orderitem_change", args=[item.pk]))
        assert [entry.cancellation for entry in page.context["trail"]] == [cancellation]

    def test_the_page_of_an_order_reads_where_it_writes(self, replica, staff_client, item, order):
        page = staff_client.get(reverse("admin:timp_orders_order_change", args=[order.pk]))
        assert page.context["items"] == [item]

    def test_an_organization_is_changed_as_it_is_where_it_is_written(
        self, replica, staff_client, supplier
    ):
        path = reverse("admin:timp_orders_organization_change", args=[supplier.pk])
        assert staff_client.get(path).context["original"] == supplier

    def test_a_list_that_is_decided_from_reads_where_it_writes(
        self, replica, staff_client, item, cancellation, monkeypatch
    ):
        """The choices of its filters may be read elsewhere."""
        monkeypatch.setattr("timp_orders.admin.OrderItemAdmin.list_filter", ())
        page = staff_client.get(reverse("admin:timp_orders_orderitem_changelist"))
        assert list(page.context["cl"].result_list) == [item]
        assert page.context["cl"].root_queryset.db == "replica"  # what filters make subqueries of

    @pytest.mark.parametrize("name", ["changelist", "export", "change"])
    def test_the_whole_trail_is_read_from_the_replica(
        self, replica, staff_client, cancellation, name
    ):
        args = [cancellation.pk] if name == "change" else []
        path = reverse(f"admin:timp_orders_cancellation_{name}", args=args)
        with pytest.raises(ConnectionDoesNotExist, match="replica"):
            staff_client.get(path).getvalue()

    @pytest.mark.parametrize("name", ["cancellations", "item"])
    def test_what_only_reads_asks_the_replica(self, replica, item, call, name):
        args = [item.uuid] if name == "item" else []
        client = Client()
        client.force_login(UserFactory(is_superuser=True))
        with pytest.raises(ConnectionDoesNotExist, match="replica"):
            client.get(reverse(f"timp_orders:{name}", args=args))
