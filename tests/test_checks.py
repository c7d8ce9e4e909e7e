"""What a host may get wrong: which check finds it, and what its hint says to write."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps.registry import Apps
from django.core.checks import run_checks
from django.db import models
from django.test import override_settings
from django.test.utils import isolate_apps
from rest_framework.authentication import TokenAuthentication
from rest_framework.throttling import ScopedRateThrottle

from timp_orders import signals
from timp_orders.checks import order_items as item_checks
from timp_orders.checks import receivers, statuses, tables
from timp_orders.checks import settings as checks
from timp_orders.models import AbstractOrderItem, Cancellation, OrderItem
from timp_orders.policy import Policy

ROOT = Path(__file__).resolve().parent.parent
MODULES = (checks, item_checks, receivers, statuses, tables)
SOURCES = [Path(module.__file__).read_text() for module in MODULES]
IDS = sorted(
    {*re.findall(r'id="(timp_orders\.[EW]\d{3})"', "".join(SOURCES))}
    | {f"timp_orders.{kind[-1]}" for kind in item_checks._KINDS.values()}
)

SCOPED = "rest_framework.throttling.ScopedRateThrottle"
BASIC = "rest_framework.authentication.BasicAuthentication"


async def ask_elsewhere(**kwargs):
    raise AssertionError("not called")


class NotAPolicy:
    pass


class CompanyPolicy(Policy):
    def on_side(self, queryset, user, side):
        return queryset.none()


class OwnTokenAuthentication(TokenAuthentication):
    model = OrderItem


class OwnRates(ScopedRateThrottle):
    THROTTLE_RATES = {"timp_orders_read": "1/s", "timp_orders_write": None}


class ToAnotherDatabase:
    def db_for_write(self, model, **hints):
        return "elsewhere" if model is OrderItem else None


def found():
    """The messages of this app's checks."""
    return run_checks(tags=[checks.TAG], databases=[])  # by default, Django 6.1 checks all


def ids():
    return [message.id for message in found()]


def own(**attributes):
    """Declare attributes on the order item model, as a host's class would."""
    return lambda monkeypatch: [
        monkeypatch.setattr(OrderItem, name, value) for name, value in attributes.items()
    ]


# What is wrong: the settings, what else is to be changed, the id, and words of message and hint.
WRONG = [
    ({"TIMP_ORDERS": None}, None, "E001", "TIMP_ORDERS = {"),
    ({"TIMP_ORDERS": ["POLICY"]}, None, "E001", "TIMP_ORDERS = {"),
    ({"TIMP_ORDERS": {"REASON": {}}}, None, "E002", "Write 'REASONS'."),
    ({"TIMP_ORDERS": {"page_size": 5}}, None, "E002", "Write 'PAGE_SIZE'."),
    ({"TIMP_ORDERS": {"zzz": 5}}, None, "E002", "AUTHENTICATION_CLASSES, CANCELLABLE_STATUSES"),
    ({"TIMP_ORDERS": {5: 5}}, None, "E002", "The keys are"),
    *[
        ({"TIMP_ORDERS": {key: value}}, None, "E003", f"It is {value!r}; the default is ")
        for key, value in [
            ("POLICY", Policy),
            ("POLICY", ""),
            ("POLICY", "."),
            ("POLICY", "..x"),
            ("POLICY", "Policy"),
            ("AUTHENTICATION_CLASSES", BASIC),
            ("AUTHENTICATION_CLASSES", []),
            ("AUTHENTICATION_CLASSES", [TokenAuthentication]),
            ("CANCELLABLE_STATUSES", "Allocated"),
            ("CANCELLABLE_STATUSES", 5),
            ("SHIPPED_STATUSES", None),
            ("CANCELLED_STATUS", ["Cancelled"]),
            ("REASONS", ["fraud"]),
            ("REASONS", {"": "None"}),
            ("REASONS", {"x" * 65: "Too long"}),
            ("NOTE_MAX_LENGTH", "100"),
            ("NOTE_MAX_LENGTH", 0),
            ("MAX_BODY_BYTES", -1),
            ("PAGE_SIZE", True),
            ("MAX_PAGE_SIZE", 1.5),
            ("RETRY_AFTER", None),
        ]
    ],
    ({"TIMP_ORDERS": {"POLICY": "shop.nothing.Policy"}}, None, "E004", "dotted path of a class"),
    (
        {"TIMP_ORDERS": {"AUTHENTICATION_CLASSES": [BASIC, f"{BASIC}s"]}},
        None,
        "E004",
        "BasicAuthentications",
    ),
    (
        {"TIMP_ORDERS": {"POLICY": f"{__name__}.NotAPolicy"}},
        None,
        "E005",
        "Derive it from timp_orders.policy.Policy.",
    ),
    ({"TIMP_ORDERS": {"POLICY": f"{__name__}.ids"}}, None, "E005", "Derive it from"),
    (
        {"TIMP_ORDERS": {"AUTHENTICATION_CLASSES": [f"{__name__}.NotAPolicy"]}},
        None,
        "E005",
        "Derive it from rest_framework.authentication.BaseAuthentication.",
    ),
    (
        {"INSTALLED_APPS": ["django.contrib.auth", "django.contrib.contenttypes", "timp_orders"]},
        None,
        "E006",
        'Add "rest_framework.authtoken" to INSTALLED_APPS',
    ),
    (
        {
            "REST_FRAMEWORK": {
                "DEFAULT_THROTTLE_CLASSES": [SCOPED],
                "DEFAULT_THROTTLE_RATES": {"timp_orders_read": "9/s"},
            }
        },
        None,
        "E007",
        'Add "timp_orders_write": "600/min"',
    ),
    *[
        ({"TIMP_ORDERS_ORDER_ITEM_MODEL": label}, None, "E008", '"app_label.ModelName"')
        for label in [
            "OrderLine",
            "shop.OrderLine",
            "timp_orders.OrderLine",
            "shop.models.Line",
            ".",
            "",
            None,
            5,
        ]
    ],
    (
        {"TIMP_ORDERS_ORDER_ITEM_MODEL": "timp_orders.Order"},
        None,
        "E009",
        "class Order(timp_orders.models.AbstractOrderItem)",
    ),
    *[
        ({}, own(UUID_FIELD=path), "E011", "models.UUIDField(unique=True")
        for path in ["public_id", "order__uuid", "sku_id", ""]
    ],
    *[
        ({}, own(STATUS_FIELD=path), "E012", "Name a field of the model itself")
        for path in ["state", "order__po_number", "order", "cancellations"]
    ],
    (
        {"TIMP_ORDERS": {"CANCELLABLE_STATUSES": ["Allocated", "Lost"]}},
        None,
        "E013",
        'Declare TIMP_ORDERS["CANCELLABLE_STATUSES"] with statuses of your own, out of [\'Unalloc',
    ),
    ({"TIMP_ORDERS": {"CANCELLED_STATUS": 5}}, None, "E013", 'TIMP_ORDERS["CANCELLED_STATUS"]: 5'),
    *[
        ({}, own(**{name: path}), "E014", f"Declare {name} on OrderItem")
        for name, path in [
            ("ORDER_UUID_FIELD", "order__public_id"),
            ("ORDER_UUID_FIELD", None),
            ("PO_NUMBER_FIELD", "sku_id__po_number"),
            ("RETAILER_FIELD", "order__buyer"),
            ("SUPPLIER_FIELD", "supplier__members"),
            ("SUPPLIER_FIELD", None),
            ("SKU_ID_FIELD", "sku"),
            ("SKU_ID_FIELD", "cancellations"),
            ("SKU_NAME_FIELD", "title"),
            ("SKU_NAME_FIELD", "product__title"),
            ("QUANTITY_FIELD", "order__lines__quantity"),
        ]
    ],
    *[
        ({"TIMP_ORDERS": declared}, None, "E019", f"The status {status!r} is declared")
        for declared, status in [
            ({"SHIPPED_STATUSES": ["HasTracking", "Allocated"]}, "Allocated"),
            ({"CANCELLABLE_STATUSES": ["Allocated", "Cancelled"]}, "Cancelled"),
            ({"CANCELLED_STATUS": "HasTracking"}, "HasTracking"),
        ]
    ],
    ({"TIMP_ORDERS": {"PAGE_SIZE": 501}}, None, "E020", "Lower PAGE_SIZE"),
    ({"TIMP_ORDERS": {"MAX_PAGE_SIZE": 10}}, None, "E020", "over MAX_PAGE_SIZE, which is 10"),
    ({}, own(QUANTITY_FIELD="sku_name"), "E021", 'write "" if your items have no quantity'),
    *[
        ({"TIMP_ORDERS": {"PARTIAL_QUANTITIES": True}}, own(QUANTITY_FIELD=path), "E027", hint)
        for path, hint in [("", "a column that holds"), ("order__id", "switch the setting off")]
    ],
    *[
        (
            {"TIMP_ORDERS": {"RESPOND_WITHIN": timedelta(hours=2), "REMIND_BEFORE": before}},
            None,
            "E028",
            "Lower REMIND_BEFORE",
        )
        for before in (timedelta(hours=2), timedelta(days=1))
    ],
    *[
        ({"TIMP_ORDERS": {key: value}}, None, "E029", 'Set TIMP_ORDERS["RESPOND_WITHIN"]')
        for key, value in [("ON_DEADLINE", "reject"), ("REMIND_BEFORE", timedelta(hours=1))]
    ],
    ({}, own(ORDER_UUID_FIELD="order__po_number"), "E022", "no calls on whole orders"),
    ({}, own(ORDER_UUID_FIELD="order__pk"), "E022", "which is no UUIDField"),
    *[
        (
            {},
            lambda patch, name=name: patch.setattr(OrderItem, name, 1, raising=False),
            "E024",
            name,
        )
        for name in ["timp_cancellation", "timp_latest_cancellation", "timp_on_supplier_side"]
    ],
    *[
        ({}, own(STATUS_NAMES=names), "E026", "STATUS_NAMES = {10")
        for names in [
            ["Allocated"],
            {"Lost": "lost"},
            {"Allocated": ""},
            {"Allocated": 1},
            {"Allocated": "open", "Unallocated": "open"},
        ]
    ],
    ({}, own(RETAILER_FIELD="order"), "E015", 'TIMP_ORDERS["POLICY"]'),
    ({}, own(SUPPLIER_FIELD="sku_id"), "E015", 'TIMP_ORDERS["POLICY"]'),
    (
        {"DATABASE_ROUTERS": [f"{__name__}.ToAnotherDatabase"]},
        None,
        "E016",
        "Items are written to the database 'elsewhere', cancellations to 'default'",
    ),
]


@pytest.mark.parametrize(("settings", "change", "wanted", "words"), WRONG)
def test_what_is_wrong_is_found_once_with_a_hint(monkeypatch, settings, change, wanted, words):
    if change:
        change(monkeypatch)
    with override_settings(**settings):
        messages = found()
    assert [message.id for message in messages] == [f"timp_orders.{wanted}"]
    assert words in f"{messages[0].msg} {messages[0].hint}"


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        ({}, None),
        ({"TIMP_ORDERS": {}}, None),
        ({"TIMP_ORDERS": {"POLICY": f"{__name__}.CompanyPolicy"}}, own(SUPPLIER_FIELD="sku_id")),
        ({"TIMP_ORDERS": {"AUTHENTICATION_CLASSES": (BASIC,)}}, None),
        ({"TIMP_ORDERS": {"REASONS": {}, "SHIPPED_STATUSES": set()}}, None),
        ({"TIMP_ORDERS_ORDER_ITEM_MODEL": "timp_orders.OrderItem"}, None),
        ({}, own(SKU_NAME_FIELD="", QUANTITY_FIELD="")),
        ({}, own(ORDER_UUID_FIELD="", QUANTITY_FIELD="lifecycle")),
        ({}, own(STATUS_NAMES={"Allocated": "taken", "Unallocated": "new"})),
        (
            {},
            own(
                SKU_ID_FIELD="order__pk", SKU_NAME_FIELD="pk", QUANTITY_FIELD="order__retailer__pk"
            ),
        ),
        (
            {
                "TIMP_ORDERS": {
                    "CANCELLABLE_STATUSES": [1, 2],
                    "SHIPPED_STATUSES": [3],
                    "CANCELLED_STATUS": 4,
                }
            },
            own(STATUS_FIELD="supplier_id"),
        ),
        (
            {
                "INSTALLED_APPS": ["django.contrib.auth", "timp_orders"],
                "TIMP_ORDERS": {"AUTHENTICATION_CLASSES": [f"{__name__}.OwnTokenAuthentication"]},
            },
            None,
        ),
        (
            {
                "REST_FRAMEWORK": {
                    "DEFAULT_THROTTLE_CLASSES": [SCOPED],
                    "DEFAULT_THROTTLE_RATES": OwnRates.THROTTLE_RATES,
                }
            },
            None,
        ),
        ({"REST_FRAMEWORK": {"DEFAULT_THROTTLE_CLASSES": [f"{__name__}.OwnRates"]}}, None),
    ],
)
def test_what_is_right_is_left_alone(monkeypatch, settings, change):
    if change:
        change(monkeypatch)
    with override_settings(**settings):
        assert ids() == []


class TestStatusesOfAHostsClass:
    """E017, E018: they are declared on the class; the settings are for the app's own items."""

    RIGHT = {
        "CANCELLABLE_STATUSES": ["Allocated"],
        "SHIPPED_STATUSES": {"HasTracking"},
        "CANCELLED_STATUS": "Cancelled",
    }

    def messages(self, declared):
        with isolate_apps("tests"):
            meta = type("Meta", (), {"app_label": "tests"})
            members = {"__module__": "tests", "Meta": meta, **declared}
            line = type("OrderLine", (AbstractOrderItem,), members)
            return list(statuses.statuses(line))

    def test_those_that_are_right_are_left_alone(self):
        assert self.messages(self.RIGHT) == []

    @pytest.mark.parametrize("name", list(RIGHT))
    def test_each_must_be_declared(self, name, settings):
        settings.TIMP_ORDERS = self.RIGHT
        declared = {other: value for other, value in self.RIGHT.items() if other != name}
        (message,) = self.messages(declared)
        assert message.id == "timp_orders.E017"
        assert f"Write {name} on the class" in message.hint

    @pytest.mark.parametrize(
        ("name", "value", "wrong"),
        [
            ("SHIPPED_STATUSES", ["Sent"], "'Sent'"),
            ("CANCELLABLE_STATUSES", ["Allocated", 1], "1"),
            ("CANCELLED_STATUS", "Off", "'Off'"),
        ],
    )
    def test_each_must_be_a_value_of_the_field(self, name, value, wrong):
        messages = self.messages({**self.RIGHT, name: value})
        assert [message.id for message in messages] == ["timp_orders.E013"]
        assert f"{name}: {wrong} is no value" in messages[0].msg

    @pytest.mark.parametrize(
        ("name", "value"),
        [("SHIPPED_STATUSES", "HasTracking"), ("CANCELLED_STATUS", ["Cancelled"])],
    )
    def test_each_is_a_list_or_one_status(self, name, value):
        (message,) = self.messages({**self.RIGHT, name: value})
        assert (message.id, message.hint) == ("timp_orders.E018", f"It is {value!r}.")


class ShopBase(models.Model):
    """What a shop's own line has had before."""

    status = models.CharField(max_length=20)

    class Meta:
        abstract = True
        ordering = ["pk"]


class TestBaseClasses:
    """E025: what the shop has declared must not be lost to this app's class."""

    def messages(self, *bases, **members):
        with isolate_apps("tests"):
            line = type("Line", bases, {"__module__": "tests.models", **members})
            return list(item_checks._bases(line))

    @pytest.fixture(autouse=True)
    def _label(self, monkeypatch):
        monkeypatch.setattr(AbstractOrderItem.Meta, "app_label", "tests", raising=False)
        monkeypatch.setattr(ShopBase.Meta, "app_label", "tests", raising=False)

    def test_an_own_base_that_comes_later_loses_its_status_and_meta(self):
        (message,) = self.messages(AbstractOrderItem, ShopBase)
        assert message.id == "timp_orders.E025"
        assert "loses status and Meta of its base ShopBase" in message.msg
        assert "class Line(ShopBase, AbstractOrderItem)" in message.hint

    def test_an_own_base_that_comes_first_keeps_them(self):
        assert self.messages(ShopBase, AbstractOrderItem) == []

    def test_a_base_without_either_may_come_later(self):
        meta = type("Meta", (), {"abstract": True, "app_label": "tests"})
        with isolate_apps("tests"):
            plain = type("Plain", (models.Model,), {"__module__": "tests", "Meta": meta})
        del meta.app_label
        assert self.messages(AbstractOrderItem, plain) == []


def test_a_base_with_a_name_of_the_apps_own_is_an_error():
    """E024: Django puts its reverse relation over it without a word."""

    class Base:
        @property
        def cancellations(self):
            return []

    with isolate_apps("tests"):
        meta = type("Meta", (), {"app_label": "tests"})
        line = type("Line", (Base, AbstractOrderItem), {"__module__": "tests", "Meta": meta})
        (message,) = item_checks._names(line)
    assert message.id == "timp_orders.E024"
    assert "'cancellations'" in message.msg


@pytest.mark.django_db
class TestTables:
    """E023: a database check, of the foreign key that the database really has."""

    def test_the_key_leads_to_the_model_that_is_in_force(self):
        assert tables.check_foreign_key(databases=["default"]) == []

    def test_a_key_that_leads_elsewhere_is_found_by_asking_the_database(self, monkeypatch):
        monkeypatch.setattr(OrderItem._meta, "db_table", "shop_line")
        (message,) = run_checks(databases=["default"])
        assert message.id == "timp_orders.E023"
        assert "'timp_orders_orderitem', not to 'shop_line'" in message.msg
        assert "migrate timp_orders zero" in message.hint

    def test_it_opens_no_connection_unless_databases_are_checked(
        self, monkeypatch, django_assert_num_queries
    ):
        monkeypatch.setattr(OrderItem._meta, "db_table", "shop_line")
        with django_assert_num_queries(0):
            assert run_checks(databases=[]) == []

    def test_a_setting_that_names_no_model_is_reported_by_the_other_check(self, settings):
        settings.TIMP_ORDERS_ORDER_ITEM_MODEL = "shop.OrderLine"
        messages = run_checks(tags=[checks.TAG], databases=["default"])
        assert [message.id for message in messages] == ["timp_orders.E008"]

    def test_before_the_first_migrate_there_is_nothing_to_check(self, monkeypatch):
        monkeypatch.setattr(Cancellation._meta, "db_table", "not_there_yet")
        assert tables.check_foreign_key(databases=["default"]) == []

    def test_a_table_without_the_key_is_left_alone(self, monkeypatch):
        monkeypatch.setattr(Cancellation._meta, "db_table", "timp_orders_order")
        assert tables.check_foreign_key(databases=["default"]) == []


class TestAForgottenSetting:
    """A host has order lines of its own, and the setting does not name them."""

    @pytest.fixture
    def line(self, monkeypatch):
        with isolate_apps("tests") as apps:

            class OrderLine(AbstractOrderItem):
                class Meta:
                    app_label = "tests"

            class Abstract(AbstractOrderItem):
                class Meta:
                    abstract = True

            monkeypatch.setattr(item_checks, "apps", apps)
            yield OrderLine

    def test_an_own_model_without_the_setting_is_an_error(self, line, settings):
        if hasattr(settings, "TIMP_ORDERS_ORDER_ITEM_MODEL"):
            del settings.TIMP_ORDERS_ORDER_ITEM_MODEL
        (message,) = found()
        assert message.id == "timp_orders.E010"
        assert message.obj is line
        assert 'Write TIMP_ORDERS_ORDER_ITEM_MODEL = "tests.OrderLine"' in message.hint
        assert '"timp_orders.OrderItem"' in message.hint

    def test_a_setting_that_names_another_model_is_taken_at_its_word(self, line, settings):
        settings.TIMP_ORDERS_ORDER_ITEM_MODEL = "timp_orders.OrderItem"
        assert found() == []

    def test_a_proxy_of_the_apps_own_items_needs_no_setting(self, monkeypatch):
        with isolate_apps("tests") as apps:

            class LateItem(OrderItem):
                class Meta:
                    app_label = "tests"
                    proxy = True

            monkeypatch.setattr(item_checks, "apps", apps)
            assert found() == []


class TestStatusesOfAFieldWithoutChoices:
    @pytest.fixture
    def item(self):
        class Line(models.Model):
            text = models.CharField(max_length=5)
            number = models.PositiveSmallIntegerField()

            class Meta:
                app_label = "tests"
                apps = Apps()

        return Line

    @pytest.mark.parametrize(
        ("name", "status", "is_right"),
        [
            ("text", "Open", True),
            ("text", "Opened", False),
            ("text", 5, False),
            ("text", ["Open"], False),
            ("number", 5, True),
            ("number", "5", False),
            ("number", -1, False),
            ("number", "Open", False),
            ("number", None, False),
        ],
    )
    def test_a_status_must_be_what_the_field_gives_back(self, item, name, status, is_right):
        assert statuses._may_hold(item._meta.get_field(name), status) is is_right


class TestSQLite:
    @pytest.fixture
    def options(self, monkeypatch):
        class SQLite:
            vendor = "sqlite"
            settings_dict = {"OPTIONS": {}}

        monkeypatch.setattr(checks, "connections", {"default": SQLite, "trail": SQLite})
        return SQLite.settings_dict["OPTIONS"]

    @pytest.mark.parametrize("mode", [None, "", "DEFERRED", "deferred"])
    def test_transactions_that_begin_without_the_write_lock_are_warned_of(self, options, mode):
        options["transaction_mode"] = mode
        (message,) = found()
        assert message.id == "timp_orders.W001"
        assert '"transaction_mode": "IMMEDIATE"' in message.hint

    def test_an_option_that_is_not_set_is_warned_of(self, options):
        assert ids() == ["timp_orders.W001"]

    @pytest.mark.parametrize("mode", ["IMMEDIATE", "immediate", "EXCLUSIVE"])
    def test_transactions_that_begin_with_it_are_right(self, options, mode):
        options["transaction_mode"] = mode
        assert found() == []

    def test_other_databases_are_left_alone(self, options, monkeypatch):
        monkeypatch.setattr(checks.connections["default"], "vendor", "postgresql")
        assert found() == []


class TestReceivers:
    @pytest.fixture(autouse=True)
    def gevent(self, monkeypatch):
        installed = {"gevent": object()}
        monkeypatch.setattr(receivers, "find_spec", installed.get)
        return installed

    @pytest.fixture(params=["cancellation_confirmed", "cancellations_changed", "cancellation_due"])
    def signal(self, request):
        signal = getattr(signals, request.param)
        signal.connect(ask_elsewhere)
        yield request.param
        signal.disconnect(ask_elsewhere)

    def test_a_coroutine_is_warned_of_where_gevent_is_installed(self, signal):
        (message,) = found()
        assert message.id == "timp_orders.W002"
        assert message.msg.startswith(f"The receiver {__name__}.ask_elsewhere of {signal} is")
        assert "plain function" in message.hint

    def test_elsewhere_it_is_not(self, signal, gevent):
        gevent.clear()
        assert found() == []

    def test_functions_are_right(self):
        signals.cancellation_confirmed.connect(ids)
        try:
            assert found() == []
        finally:
            signals.cancellation_confirmed.disconnect(ids)


class TestRegistration:
    def test_every_check_runs_with_a_plain_check(self):
        with override_settings(TIMP_ORDERS=None):
            assert "timp_orders.E001" in [message.id for message in run_checks(databases=[])]

    def test_every_id_is_tried_here(self):
        tried = {f"timp_orders.{case[2]}" for case in WRONG}
        elsewhere = {"E010", "E017", "E018", "E023", "E025", "W001", "W002"}
        elsewhere = {f"timp_orders.{number}" for number in elsewhere}
        assert tried | elsewhere == set(IDS)

    def test_ids_are_numbered_without_a_gap(self):
        errors = [found for found in IDS if ".E" in found]
        assert errors == [f"timp_orders.E{n:03}" for n in range(1, len(errors) + 1)]

    def test_every_id_is_documented_once(self):
        page = (ROOT / "docs" / "checks.rst").read_text()
        assert sorted(re.findall(r"^``(timp_orders\.[EW]\d{3})``$", page, re.M)) == IDS


@pytest.mark.parametrize("label", [None, 5, "", "OrderLine", "shop.models.Line", "shop.Line"])
def test_a_wrong_model_setting_ends_a_command_with_the_checks_message(label):
    code = (
        "import django; from django.conf import settings; import tests.settings as base;"
        "values = {name: getattr(base, name) for name in dir(base) if name.isupper()};"
        f"values['TIMP_ORDERS_ORDER_ITEM_MODEL'] = {label!r};"
        # A host with orders of its own has organizations of its own.
        "values['INSTALLED_APPS'].remove('notifications');"
        "settings.configure(**values); django.setup();"
        "from django.core.management import call_command; call_command('check')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'example_project'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    if label == "shop.Line":  # Django's own check comes first
        assert "shop.Line" in done.stderr
    else:
        assert "timp_orders.E008" in done.stderr
        assert "SystemCheckError" in done.stderr


def test_wrong_settings_end_a_command_with_the_checks_messages_and_no_traceback():
    """They must not break the import of the URLs, the admin or the models before."""
    code = (
        "import django; from django.conf import settings; import tests.settings as base;"
        "values = {name: getattr(base, name) for name in dir(base) if name.isupper()};"
        "values['TIMP_ORDERS'] = {key: object() for key in %r};"
        "settings.configure(**values); django.setup();"
        "from django.core.management import call_command; call_command('check')"
    )
    keys = [*checks._KNOWN, "OTHER"]
    done = subprocess.run(
        [sys.executable, "-c", code % (keys,)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'example_project'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert all(f"TIMP_ORDERS['{key}'] must be" in done.stderr for key in keys[:-1])
    assert "TIMP_ORDERS has no key 'OTHER'" in done.stderr
    assert "SystemCheckError" in done.stderr
