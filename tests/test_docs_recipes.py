"""The recipes of the documents: each block is run as the module that its caption names."""

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core import mail, signing
from django.test import Client
from django.urls import NoReverseMatch, path, reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from rest_framework.authtoken.models import Token

from timp_orders import services, signals
from timp_orders.models import Cancellation, OrderItem
from timp_orders.services import SYSTEM
from timp_orders.testing import CancellationFactory, OrderItemFactory, UserFactory

pytestmark = pytest.mark.django_db

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = (DOCS / "extending.rst").read_text()
SECTION = re.compile(r"^(?P<title>.+)\n-{3,}\n(?P<text>(?:.*\n(?!.+\n-{3,}\n))*)", re.M)
BLOCK = re.compile(
    r"^\.\. code-block:: python\n    :caption: (?P<caption>.+)\n\n(?P<code>(?:(?: {4}.*)?\n)+)",
    re.M,
)


def recipes_of(page):
    """Return captions and code, by the title of the section."""
    return {
        section["title"]: [
            (block["caption"], dedent(block["code"])) for block in BLOCK.finditer(section["text"])
        ]
        for section in SECTION.finditer(page)
    }


EXTENDING = recipes_of(PAGE)
RECIPES = {**recipes_of((DOCS / "deadlines.rst").read_text()), **EXTENDING}


@pytest.fixture
def recipe(settings, monkeypatch):
    """Run a recipe: its modules can be imported, its settings are set."""

    def recipe(title):
        modules = {}
        monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
        for caption, code in RECIPES[title]:
            name = caption.removesuffix(".py").replace("/", ".")
            module = modules[name] = ModuleType(name)
            monkeypatch.setitem(sys.modules, name, module)
            exec(compile(code, caption, "exec"), vars(module))
            if name == "settings":
                settings.TIMP_ORDERS = module.TIMP_ORDERS
            if name == "shop.urls":
                settings.ROOT_URLCONF = name
        return modules

    return recipe


@pytest.fixture
def receivers(monkeypatch):
    """Forget the receivers that a recipe connects."""
    for signal in signals.BY_ACTION.values():
        monkeypatch.setattr(signal, "receivers", list(signal.receivers))
        signal.sender_receivers_cache.clear()
    yield
    for signal in signals.BY_ACTION.values():
        signal.sender_receivers_cache.clear()


def patch(url, authorization):
    return Client().patch(url, "{}", "application/json", headers={"Authorization": authorization})


def token(user):
    return f"Token {Token.objects.get_or_create(user=user)[0].key}"


def confirm_url(item):
    return f"/timp/orders/items/cancel/{item.uuid}/confirm/"


def test_every_section_is_a_recipe_with_code():
    assert set(re.findall(r"^(.+)\n-{3,}$", PAGE, re.M)) == set(EXTENDING)
    assert all(EXTENDING.values())
    assert sum(map(len, EXTENDING.values())) == PAGE.count(".. code-block::")


class TestAnotherAuthentication:
    @pytest.fixture(autouse=True)
    def _recipe(self, recipe):
        recipe("Another authentication")

    def test_its_credentials_are_taken(self, item, cancellation, supplier_user):
        bearer = signing.dumps(supplier_user.pk, salt="shop.token")
        assert patch(confirm_url(item), f"Bearer {bearer}").status_code == 200

    @pytest.mark.parametrize("user", ["nobody", "inactive"])
    def test_those_of_nobody_are_401(self, item, user):
        pk = UserFactory(is_active=False).pk if user == "inactive" else 0
        bearer = signing.dumps(pk, salt="shop.token")
        assert patch(confirm_url(item), f"Bearer {bearer}").status_code == 401

    def test_others_are_401_with_its_header(self, item, supplier_user):
        for authorization in ("Bearer forged", token(supplier_user)):
            answer = patch(confirm_url(item), authorization)
            assert answer.status_code == 401
            assert answer["WWW-Authenticate"] == "Bearer"


class TestAnotherPermissionRule:
    @pytest.fixture(autouse=True)
    def _recipe(self, recipe):
        recipe("Another permission rule")

    def test_the_group_stands_for_the_permission(self, item, named, cancellation, supplier):
        user = UserFactory(permissions=[])
        supplier.members.add(user)
        outcome = services.confirm_cancellation(named(item), by=user)
        assert outcome.refused[item.uuid].code == "permission_denied"
        user.groups.add(Group.objects.create(name="Desk"))
        assert services.confirm_cancellation(named(item), by=user).changed == [item.uuid]

    def test_apprentices_see_small_items_only(self, order, supplier, supplier_user):
        small, large = (
            OrderItemFactory(order=order, supplier=supplier, quantity_ordered=n) for n in (9, 10)
        )
        assert set(OrderItem.objects.visible_to(supplier_user)) == {small, large}
        supplier_user.groups.add(Group.objects.create(name="Apprentices"))
        assert set(OrderItem.objects.visible_to(supplier_user)) == {small}


def test_extra_fields_are_in_the_answer_of_the_own_route_only(
    recipe, item, cancellation, supplier_user
):
    recipe("Extra fields in the answer")
    answer = patch(confirm_url(item), token(supplier_user))
    assert answer.status_code == 200, answer.content
    assert answer.json()["supplier_name"] == item.supplier.name
    assert answer.json()["status"] == "Cancelled"
    other = confirm_url(item).replace("confirm", "reject")
    assert "supplier_name" not in patch(other, token(supplier_user)).json()


def test_another_prefix_has_only_the_calls_that_are_routed(
    recipe, item, cancellation, supplier_user
):
    recipe("Another prefix, or only some of the calls")
    authorization = token(supplier_user)
    assert patch(f"/api/v2/lines/{item.uuid}/confirm/", authorization).status_code == 200
    listed = Client().get("/api/v2/cancellations/", headers={"Authorization": authorization})
    assert [row["uuid"] for row in listed.json()["results"]] == [str(cancellation.uuid)]
    assert patch(confirm_url(item), authorization).status_code == 404
    with pytest.raises(NoReverseMatch):
        reverse("timp_orders:confirm", args=[item.uuid])


@pytest.mark.usefixtures("receivers")
class TestSignals:
    def test_a_mail_is_sent_once_the_decision_is_kept(
        self, recipe, item, named, cancellation, django_capture_on_commit_callbacks
    ):
        recipe("Reacting to signals")
        with django_capture_on_commit_callbacks(execute=True):
            services.confirm_cancellation(named(item), by=SYSTEM)
            assert mail.outbox == []
        assert [message.body for message in mail.outbox] == [str(item.uuid)]

    def test_a_veto_refuses_a_request(self, recipe, order, supplier, retailer_user):
        recipe("Vetoing")
        engraved, plain = (
            OrderItemFactory(order=order, supplier=supplier, sku_id=sku)
            for sku in ("ENGRAVED-1", "PLAIN-1")
        )
        url = "/timp/orders/items/cancel/{}/request/"
        answer = patch(url.format(engraved.uuid), token(retailer_user))
        assert answer.status_code == 422
        assert answer.json()["code"] == "vetoed"
        assert answer.json()["detail"] == "Engraved items cannot be cancelled."
        assert not Cancellation.objects.exists()
        assert patch(url.format(plain.uuid), token(retailer_user)).status_code == 200

    def test_what_a_recipe_connects_is_forgotten(self):
        for signal in signals.BY_ACTION.values():
            assert "shop" not in repr(signal.receivers)


def test_own_reasons_take_the_place_of_the_apps(recipe, item, named):
    recipe("Own reasons")
    with pytest.raises(ValueError, match="reason"):
        services.request_cancellation(named(item), by=SYSTEM, reason="fraud")
    services.request_cancellation(named(item), by=SYSTEM, reason="too_late")
    assert Cancellation.objects.get().reason == "too_late"


@pytest.fixture
def registry():
    """Forget the admin classes that a recipe registers."""
    registered = dict(admin.site._registry)
    yield
    admin.site._registry.clear()
    admin.site._registry.update(registered)


@pytest.mark.usefixtures("registry")
def test_an_own_admin_takes_the_place_of_the_apps(recipe, item, monkeypatch, settings):
    recipe("Own admin")
    urls = ModuleType("shop.urls")
    urls.urlpatterns = [path("admin/", admin.site.urls)]
    monkeypatch.setitem(sys.modules, "shop.urls", urls)
    settings.ROOT_URLCONF = "shop.urls"
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    page = client.get(reverse("admin:timp_orders_orderitem_changelist"))
    shown = page.context["cl"]
    assert shown.list_display == ["action_checkbox", "sku_id", "quantity_ordered", "status"]
    actions = dict(shown.model_admin.get_action_choices(page.wsgi_request))
    assert {"pack", "confirm_cancellation"} <= set(actions)


class TestDeadlines:
    """The policies of ``docs/deadlines.rst``."""

    @pytest.fixture
    def requested(self, monkeypatch):
        def requested(at, *items):
            monkeypatch.setattr(timezone, "now", lambda: at)
            services.request_cancellation(items, by=SYSTEM)
            return [item.cancellations.get().respond_by for item in items]

        return requested

    @pytest.mark.parametrize(
        ("day", "answered"),
        [
            ("2030-04-10", "2030-04-12"),
            ("2030-04-11", "2030-04-15"),  # over a weekend
            ("2030-04-13", "2030-04-16"),  # on a Saturday
            ("2030-04-18", "2030-04-24"),  # over Easter, from Good Friday to Easter Monday
            ("2030-03-29", "2030-04-02"),  # the clocks go forward in between
        ],
    )
    def test_business_days(self, recipe, settings, item, requested, day, answered):
        settings.TIME_ZONE = "Europe/Berlin"
        recipe("Business days")
        berlin = ZoneInfo("Europe/Berlin")
        at = datetime.fromisoformat(f"{day}T15:30").replace(tzinfo=berlin)
        wanted = datetime.fromisoformat(f"{answered}T15:30").replace(tzinfo=berlin)
        assert requested(at.astimezone(UTC), item) == [wanted]

    def test_by_supplier(self, recipe, order, requested):
        recipe("By supplier")
        items = [
            OrderItemFactory(order=order, supplier__name=name, quantity_ordered=quantity)
            for name, quantity in [("Harbor Home Goods", 1), ("Atelier Lumière", 1), ("Other", 12)]
        ]
        at = datetime(2030, 1, 1, tzinfo=UTC)
        found = requested(at, *items)
        assert found == [at + timedelta(hours=24), None, at + timedelta(hours=48)]
        done = services.enforce_deadlines(now=at + timedelta(days=3))
        assert done == services.Enforced(overdue=2, confirmed=1)

    def test_by_django_tasks(self, recipe, settings, item):
        settings.TIMP_ORDERS = {"RESPOND_WITHIN": timedelta(hours=1), "ON_DEADLINE": "confirm"}
        CancellationFactory(order_item=item, respond_by=timezone.now())
        deadlines = recipe("Running it")["shop.tasks"].deadlines
        assert deadlines.call() == 1
        assert DBTaskResult.objects.filter(run_after__gt=timezone.now()).count() == 1
