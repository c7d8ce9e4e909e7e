"""What works in every host, whatever its models are. Run by ``tests/test_hosts.py``."""

import csv
from importlib import import_module
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from rest_framework.authtoken.models import Token

from timp_orders import errors, services
from timp_orders.models import Cancellation, get_order_item_model
from timp_orders.testing import CancellationFactory, UserFactory

pytestmark = pytest.mark.django_db(databases="__all__")

host = import_module(f"{settings.SETTINGS_MODULE.rpartition('.')[0]}.world")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """What a host says it never asks is not there."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in host.DROPPED:
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)}")


@pytest.fixture
def world():
    return host.make_world()


@pytest.fixture
def line(world):
    return world.lines[0]


@pytest.fixture
def call():
    def call(name, *args, by, method="patch", data=None, **query):
        token, _ = Token.objects.get_or_create(user=by)
        path = name if name.startswith("/") else reverse(f"timp_orders:{name}", args=args)
        kwargs = {"query_params": query} if query else {}
        if method != "get":
            kwargs |= {"content_type": "application/json", "data": data or {}}
        headers = {"Authorization": f"Token {token.key}"}
        return getattr(Client(), method)(path, headers=headers, **kwargs)

    return call


def medias(value):
    """Yield the media types that have examples."""
    if isinstance(value, dict):
        if "examples" in value:
            yield value
        for inner in value.values():
            yield from medias(inner)


def named(*lines):
    return get_order_item_model().objects.filter(pk__in=[line.pk for line in lines])


def uuid_of(line):
    return getattr(line, line.UUID_FIELD)


def status_of(line):
    line.refresh_from_db()
    return getattr(line, host.STATUS)


def give(line, status):
    named(line).update(**{host.STATUS: status})


def test_the_checks_find_nothing():
    call_command("check", "--fail-level", "WARNING")


class TestServices:
    def test_a_request_that_is_confirmed_cancels_the_line(self, world, line):
        requested = services.request_cancellation(
            named(line), by=world.retailer_user, reason="fraud"
        )
        assert requested.changed == [uuid_of(line)]
        assert status_of(line) == host.OPEN
        confirmed = services.confirm_cancellation(named(line), by=world.supplier_user)
        assert confirmed.changed == [uuid_of(line)]
        assert status_of(line) == host.CANCELLED
        again = services.confirm_cancellation(named(line), by=world.supplier_user)
        assert again.unchanged == [uuid_of(line)]

    @pytest.mark.parametrize(
        ("action", "user"), [("reject", "supplier_user"), ("withdraw", "retailer_user")]
    )
    def test_an_end_without_a_cancelled_line_leaves_the_line(self, world, line, action, user):
        CancellationFactory(order_item=line)
        service = getattr(services, f"{action}_cancellation")
        assert service(named(line), by=getattr(world, user)).changed == [uuid_of(line)]
        assert status_of(line) == host.OPEN

    def test_many_lines_are_decided_at_once(self, world):
        for line in world.lines:
            CancellationFactory(order_item=line)
        outcome = services.confirm_cancellation(named(*world.lines), by=world.supplier_user)
        assert len(outcome.changed) == len(world.lines)
        assert {status_of(line) for line in world.lines} == {host.CANCELLED}

    @pytest.mark.parametrize(
        ("status", "error"),
        [(host.SHIPPED, errors.AlreadyShipped), (host.CANCELLED, errors.AlreadyCancelled)],
    )
    def test_the_hosts_own_statuses_are_understood(self, world, line, status, error):
        CancellationFactory(order_item=line)
        give(line, status)
        outcome = services.confirm_cancellation(named(line), by=world.supplier_user)
        assert type(outcome.refused[uuid_of(line)]) is error

    def test_each_user_stands_on_their_own_side_only(self, world, line):
        CancellationFactory(order_item=line)
        users = [world.retailer_user, UserFactory()]
        refused = [
            services.confirm_cancellation(named(line), by=user).refused[uuid_of(line)].code
            for user in users
        ]
        assert refused == ["wrong_side", "not_found"]


class TestCalls:
    @pytest.mark.parametrize(
        ("name", "user", "method", "status"),
        [
            ("confirm", "supplier_user", "patch", 200),
            ("reject", "supplier_user", "patch", 200),
            ("withdraw", "retailer_user", "patch", 200),
            ("request", "retailer_user", "patch", 200),
            ("item", "retailer_user", "delete", 204),
            ("item", "retailer_user", "get", 200),
            ("item", "supplier_user", "get", 200),
            ("confirm", "retailer_user", "patch", 409),
            ("request", "supplier_user", "patch", 409),
        ],
    )
    def test_a_call_on_one_line(self, world, line, call, name, user, method, status):
        CancellationFactory(order_item=line)
        answer = call(name, uuid_of(line), by=getattr(world, user), method=method)
        assert answer.status_code == status

    def test_an_answer_is_made_of_the_hosts_fields(self, world, line, call):
        CancellationFactory(order_item=line)
        answer = call("confirm", uuid_of(line), by=world.supplier_user).json()
        assert answer.pop("cancellation")["status"] == "confirmed"
        assert answer == {
            "order_item_uuid": str(uuid_of(line)),
            "order_uuid": str(world.order),
            "po_number": "po-1",
            "sku_id": "SKU-0",
            "sku_name": line.value_of(line.SKU_NAME_FIELD),
            "quantity_ordered": 3 if line.QUANTITY_FIELD else None,
            "status": str(host.CANCELLED),
            "quantity_cancelled": None,
            "quantity_left": None,
            "supported_actions": [],
        }

    def test_parts_of_its_own_quantity(self, world, line, call):
        with override_settings(TIMP_ORDERS={**settings.TIMP_ORDERS, "PARTIAL_QUANTITIES": True}):
            asked = call("request", uuid_of(line), by=world.retailer_user, data={"quantity": 1})
            if not line.counts_parts():
                assert asked.json()["errors"] == {"quantity": ["There is no such field."]}
                return
            assert asked.status_code == 200
            answer = call("confirm", uuid_of(line), by=world.supplier_user).json()
            assert (answer["quantity_cancelled"], answer["quantity_left"]) == (1, 2)
            assert status_of(line) == host.OPEN
            services.cancel_items(named(line), by=services.SYSTEM)
            assert status_of(line) == host.CANCELLED

    def test_a_refusal_tells_the_hosts_status(self, world, line, call):
        CancellationFactory(order_item=line)
        give(line, host.SHIPPED)
        answer = call("confirm", uuid_of(line), by=world.supplier_user)
        assert answer.status_code == 422
        assert answer.json()["code"] == "already_shipped"
        assert answer.json()["item_status"] == str(host.SHIPPED)

    def test_the_calls_on_an_order(self, world, call):
        requested = call("request-order", by=world.retailer_user, data={"order_uuid": world.order})
        assert len(requested.json()["changed"]) == 2
        rejected = call("reject-order", world.order, by=world.supplier_user)
        assert len(rejected.json()["changed"]) == 2
        call("request-order", by=world.retailer_user, data={"order_uuid": world.order})
        confirmed = call("confirm-order", world.order, by=world.supplier_user)
        assert len(confirmed.json()["changed"]) == 2
        assert {status_of(line) for line in world.lines} == {host.CANCELLED}

    @pytest.mark.parametrize("user", ["supplier_user", "retailer_user"])
    def test_the_list_and_its_filters(self, world, call, user):
        for line in world.lines:
            CancellationFactory(order_item=line)
        for query, count in [
            ({}, 2),
            ({"sku_id": "SKU-1"}, 1),
            ({"po_number": "po-1"}, 2),
            ({"po_number": "po-2"}, 0),
            ({"order_uuid": str(world.order)}, 2),
            ({"order_uuid": str(uuid4())}, 0),
            ({"status": "confirmed"}, 0),
            ({"page_size": "1"}, 1),
        ]:
            answer = call("cancellations", by=getattr(world, user), method="get", **query)
            assert len(answer.json()["results"]) == count, query
        assert call("cancellations", by=UserFactory(), method="get").json()["results"] == []

    @pytest.mark.parametrize("user", ["supplier_user", "retailer_user"])
    def test_the_list_of_lines_and_its_filters(self, world, line, call, user):
        CancellationFactory(order_item=line)
        by = getattr(world, user)
        for query, count in [
            ({}, 2),
            ({"sku_id": "SKU-1"}, 1),
            ({"po_number": "po-1"}, 2),
            ({"order_uuid": str(world.order)}, 2),
            ({"order_item_uuid": str(uuid_of(line))}, 1),
            ({"status": line.status_name(host.OPEN)}, 2),
            ({"status": line.status_name(host.CANCELLED)}, 0),
            ({"awaiting": "true"}, 1),
            ({"awaiting": "false"}, 1),
            ({"cancellable": "true"}, 2),
            ({"cancellable": "false"}, 0),
        ]:
            answer = call("items", by=by, method="get", **query)
            assert len(answer.json()["results"]) == count, query
        (found,) = call("items", by=by, method="get", sku_id="SKU-0").json()["results"]
        alone = call("item", uuid_of(line), by=by, method="get").json()
        del alone["cancellations"]
        assert found == alone
        assert call("items", by=UserFactory(), method="get").json()["results"] == []

    def test_the_lines_are_paged(self, world, call):
        found, path, query = [], "items", {"page_size": "1"}
        while path:
            page = call(path, by=world.supplier_user, method="get", **query).json()
            found += [row["order_item_uuid"] for row in page["results"]]
            path = page["next"] and page["next"].removeprefix("http://testserver")
            query = {}
        assert found == [str(uuid_of(line)) for line in sorted(world.lines, key=lambda it: it.pk)]

    def test_many_changes_in_one_call(self, world, call):
        first, second = world.lines
        CancellationFactory(order_item=first)
        CancellationFactory(order_item=second)
        changes = [
            {"order_item_uuid": str(uuid_of(second)), "action": "confirm"},
            {"order_item_uuid": str(uuid_of(first)), "action": "reject", "note": "Packed."},
            {"order_item_uuid": str(uuid4()), "action": "confirm"},
        ]
        answer = call("cancellations", by=world.supplier_user, data={"changes": changes}).json()
        assert sorted(answer["changed"]) == sorted(str(uuid_of(line)) for line in world.lines)
        assert [row["code"] for row in answer["refused"]] == ["not_found"]
        assert (status_of(first), status_of(second)) == (host.OPEN, host.CANCELLED)

    def test_who_may_not_see_a_line_learns_nothing(self, line, call):
        for name, method in [("confirm", "patch"), ("item", "get"), ("item", "delete")]:
            assert call(name, uuid_of(line), by=UserFactory(), method=method).status_code == 404

    def test_the_statements_do_not_grow_with_the_lines(
        self, world, call, django_assert_max_num_queries
    ):
        for line in world.lines:
            CancellationFactory(order_item=line)
        call("cancellations", by=world.supplier_user, method="get")
        with django_assert_max_num_queries(6):  # three of them to know the user
            call("cancellations", by=world.supplier_user, method="get")

    def test_the_schema_is_generated(self):
        schema = SchemaGenerator().get_schema(request=None, public=True)
        assert len(schema["paths"]) == 11

    def test_the_schemas_examples_know_no_status_but_the_hosts(self):
        lifecycle = get_order_item_model().lifecycle()
        known = {*lifecycle.cancellable, *lifecycle.shipped, lifecycle.cancelled}
        found = set()

        def collect(value):
            if isinstance(value, list):
                value = dict(enumerate(value))
            if isinstance(value, dict):
                if "sku_id" in value:
                    found.add(value["status"])
                found.add(value.get("item_status"))
                for inner in value.values():
                    collect(inner)

        schema = SchemaGenerator().get_schema(request=None, public=True)
        collect([media["examples"] for media in medias(schema["paths"])])
        assert len(found - {None}) == 3
        assert found - {None} <= {str(status) for status in known}


class TestAdmin:
    """As a superuser, and as staff of one side."""

    @pytest.fixture(params=["superuser", "supplier"])
    def client(self, request, world):
        user = UserFactory(is_staff=True, is_superuser=True)
        if request.param == "supplier":
            user = world.supplier_user
            model = get_order_item_model()._meta
            from django.contrib.auth.models import Permission

            user.user_permissions.add(
                *Permission.objects.filter(
                    content_type__app_label=model.app_label,
                    codename__in=[f"view_{model.model_name}", f"change_{model.model_name}"],
                ),
                Permission.objects.get(codename="view_cancellation"),
            )
        client = Client()
        client.force_login(user)
        return client

    @pytest.fixture
    def url(self):
        model = get_order_item_model()._meta

        def url(name, *args, of=None):
            opts = of._meta if of else model
            return reverse(f"admin:{opts.app_label}_{opts.model_name}_{name}", args=args)

        return url

    def test_lines_are_listed_searched_and_filtered(self, client, url, world):
        CancellationFactory(order_item=world.lines[0], reason="fraud")
        for query, count in [({}, 2), ({"awaiting": "yes"}, 1), ({"reason": "fraud"}, 1)]:
            page = client.get(url("changelist"), query)
            assert page.context["cl"].result_count == count, query

    @pytest.mark.parametrize(
        ("action", "status"), [("confirm", host.CANCELLED), ("reject", host.OPEN)]
    )
    def test_lines_are_decided(self, client, url, world, action, status):
        for line in world.lines:
            CancellationFactory(order_item=line)
        announced = client.post(
            url("changelist"),
            {
                "action": f"{action}_cancellation",
                "_selected_action": [line.pk for line in world.lines],
            },
        )
        assert announced.status_code == 200
        assert "po-1" in announced.content.decode()
        decided = client.post(
            announced.context["decide_url"],
            {
                "selection": announced.context["selection"],
                "note": "Sorry",
                "kept": [line.pk for line in world.lines],
            },
            follow=True,
        )
        assert decided.status_code == 200
        assert {status_of(line) for line in world.lines} == {status}
        assert set(Cancellation.objects.values_list("decided_via", flat=True)) == {"admin"}

    def test_a_lines_own_page_shows_its_trail_and_leads_to_the_decision(self, client, url, line):
        CancellationFactory(order_item=line, note="Please, do")
        page = client.get(url("change", line.pk))
        assert page.status_code == 200
        assert "Please, do" in page.content.decode()
        announced = client.get(url("cancellation_action", line.pk, "confirm"))
        assert announced.status_code == 200
        assert client.get(url("history", line.pk)).status_code == 200

    def test_the_trail_is_listed_searched_shown_and_exported(self, client, url, world):
        for line in world.lines:
            CancellationFactory(order_item=line)
        cancellation = Cancellation.objects.earliest("pk")
        for query, count in [
            ("", 2),
            ("SKU-1", 1),
            ("po-1", 2),
            (str(uuid_of(world.lines[0])), 1),
            (str(cancellation.uuid), 1),
        ]:
            page = client.get(url("changelist", of=Cancellation), {"q": query} if query else {})
            assert page.context["cl"].result_count == count, query
        for order in range(1, 8):
            page = client.get(url("changelist", of=Cancellation), {"o": str(order)})
            assert page.status_code == 200
        for name in ("change", "history"):
            page = client.get(url(name, cancellation.pk, of=Cancellation), follow=True)
            assert page.status_code == 200
        lines = (
            client.get(url("export", of=Cancellation)).getvalue().decode("utf-8-sig").splitlines()
        )
        rows = list(csv.DictReader(lines))
        assert {row["sku_id"] for row in rows} == {"SKU-0", "SKU-1"}
        assert {row["order_uuid"] for row in rows} == {str(world.order)}


class TestAdminOfAll:
    @pytest.fixture
    def admin_client(self):
        client = Client()
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        return client

    def test_the_index_shows_what_is_in_use(self, admin_client):
        page = admin_client.get(reverse("admin:index"))
        [app] = [app for app in page.context["app_list"] if app["app_label"] == "timp_orders"]
        listed = [entry["model"]._meta.model_name for entry in app["models"]]
        assert sorted(listed) == host.LISTED

    def test_an_order_with_a_cancellation_cannot_be_deleted_and_its_page_says_why(
        self, admin_client, line
    ):
        cancellation = CancellationFactory(order_item=line)
        order = getattr(line, line.ORDER_UUID_FIELD.partition("__")[0])
        opts = order._meta
        names = f"admin:{opts.app_label}_{opts.model_name}"
        for method in (admin_client.get, admin_client.post):
            page = method(reverse(f"{names}_delete", args=[order.pk]), {"post": "yes"})
            assert page.context["perms_lacking"] == set()
            assert str(cancellation.uuid) in str(page.context["protected"])
        selected = {"action": "delete_selected", "_selected_action": [order.pk], "post": "yes"}
        page = admin_client.post(reverse(f"{names}_changelist"), selected)
        assert page.context["perms_lacking"] == set()
        assert str(cancellation.uuid) in str(page.context["protected"])
        assert Cancellation.objects.get() == cancellation
