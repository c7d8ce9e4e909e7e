"""What the README claims exists, and what exists is in the README."""

import ast
import json
import re
import shlex
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.core.management import get_commands
from django.urls import resolve, reverse

from tests.servers import ROOT
from timp_orders import conf, errors, services, signals
from timp_orders.api import base, body
from timp_orders.states import ItemStatus
from timp_orders.urls import urlpatterns

README = (ROOT / "README.rst").read_text()
CODE_BLOCKS = re.findall(r"\.\. code-block:: (\w+)\n\n((?:    .*\n|\n)+)", README)
SHELL_COMMANDS = re.findall(r"::\n\n((?:    .*\n)+)", README)
FOREIGN_CODES = {  # of what stands around the app
    "parse_error",
    "invalid",
    "not_authenticated",
    "authentication_failed",
    "method_not_allowed",
    "not_acceptable",
    "unsupported_media_type",
    "throttled",
}


_, *PARTS = re.split(r"^(.+)\n-{3,}\n", README, flags=re.M)
SECTIONS = dict(zip(PARTS[::2], PARTS[1::2], strict=True))


def test_the_two_commands_are_there_as_they_are():
    assert (
        '    python -m pip install -e ".[example]" && python example_project/manage.py demo\n'
        in README
    )
    assert '    python -m pip install -e ".[test]" && python -m pytest\n' in README


def test_the_commands_name_what_exists():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    extras = set(config["options.extras_require"])
    assert set(re.findall(r'-e "\.\[(\w+)\]"', README)) <= extras
    assert set(re.findall(r"manage\.py (\w+)", README)) - {"check"} <= set(get_commands()) | {
        "check"
    }
    for module in re.findall(r"python -m (tests\.\w+)", README):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_every_file_and_page_it_names_exists():
    named = re.findall(r"<(docs/[^>]+)>|``((?:example_project/)?\S+\.(?:md|py))``", README)
    for names in named:
        name = next(filter(None, names))
        assert (ROOT / name).exists(), name


def test_its_pictures_are_files_that_show_in_any_clone():
    pictures = re.findall(r"^\.\. image:: (.+)$", README, re.M)
    assert pictures
    for path in pictures:
        assert (ROOT / path).is_file(), path


def test_the_calls_are_those_of_the_urls():
    table = SECTIONS["The calls"]
    listed = set(re.findall(r"``(PATCH|DELETE|GET) (orders/\S*)``", table))
    found = set()
    for pattern in urlpatterns:
        route = re.sub(r"<uuid:\w+>", "<uuid>", str(pattern.pattern))
        view = pattern.callback.view_class
        for method in ("PATCH", "DELETE", "GET"):
            if method.lower() in view.http_method_names and hasattr(view, method.lower()):
                found.add((method, route))
    assert listed == found


def test_every_url_that_is_called_resolves():
    urls = re.findall(r"http://127\.0\.0\.1:8000(/[^\s'\"`),?]*/)", README)
    assert len(urls) > 6
    for url in urls:
        resolve(url)


def test_the_codes_are_those_of_the_code():
    table = SECTIONS["Errors"].partition("======")[2]
    listed = set(re.findall(r"``([a-z_]+)``", table.partition("=\n")[2])) - {"code"}
    kinds = [getattr(errors, name) for name in errors.__all__]
    own = {kind.code for kind in kinds} - {"error", "not_possible"}
    own |= {body.TooLarge.default_code, body.LengthRequired.default_code}
    assert listed == own | FOREIGN_CODES


def test_the_settings_are_those_of_the_code():
    listed = set(re.findall(r"^``([A-Z_]+)``", SECTIONS["Settings"], re.M))
    known = {name for name, value in vars(conf.Settings).items() if isinstance(value, conf.Setting)}
    assert listed == known | {conf.ORDER_ITEM_MODEL}


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        (conf.settings.NOTE_MAX_LENGTH, "2000 characters"),
        (conf.settings.MAX_BODY_BYTES, "65536"),
        (conf.settings.PAGE_SIZE, "50 rows"),
        (conf.settings.MAX_PAGE_SIZE, "500"),
        (conf.settings.RETRY_AFTER, "1 second"),
    ],
)
def test_the_defaults_are_those_of_the_code(setting, text):
    assert text.split()[0] == str(setting)
    assert f"  {text}" in SECTIONS["Settings"]


def test_the_statuses_the_scopes_and_the_names_exist():
    for status in re.findall(r"STATUS\w*``\s+(.*)", SECTIONS["Settings"]):
        assert set(re.findall(r"``(\w+)``", status)) <= set(ItemStatus.values)
    assert "``timp_orders_read``" in README
    assert "timp_orders_write" in base.CancellationAPIView.throttle_scope.fget.__code__.co_consts
    for name in re.findall(r"``(cancellation_\w+)``", README):
        assert name in [*signals.__all__, "cancellation_uuid"]
    for name in re.findall(r"``(\w+_cancellation)``", README):
        assert name in services.__all__


@pytest.mark.django_db
def test_the_permissions_exist():
    for codename in re.findall(r"``timp_orders\.(\w+_order)``", README):
        assert Permission.objects.filter(
            content_type__app_label="timp_orders", codename=codename
        ).exists()


@pytest.mark.parametrize(("language", "block"), CODE_BLOCKS)
def test_its_code_is_valid(language, block):
    if language == "python":
        ast.parse(re.sub(r"^    ", "", block, flags=re.M))
    elif language == "json":
        json.loads(block)
    else:
        shlex.split(block)


def test_a_view_of_ones_own_works_as_it_says(rf):
    (block,) = (block for _, block in CODE_BLOCKS if "OurConfirmView" in block)
    names = {}
    exec(re.sub(r"^    ", "", block, flags=re.M), names)
    assert "sku_name" not in names["ShortItemSerializer"]().fields
    assert len(names["OurConfirmView"]().get_authenticators()) == 1


@pytest.mark.django_db
def test_the_code_that_calls_a_service_works_as_it_says(cancellation):
    cancellation.order_item.order.po_number = "po-5527771067"
    cancellation.order_item.order.save()
    (block,) = (block for _, block in CODE_BLOCKS if "confirm_cancellation" in block)
    names = {}
    exec(re.sub(r"^    ", "", block, flags=re.M), names)
    assert names["outcome"].changed == [cancellation.order_item.uuid]


def test_the_example_is_served_where_it_says():
    assert reverse("schema") == "/schema/"
    assert reverse("admin:index") == "/admin/"


def test_it_and_the_changelog_are_valid_text():
    for name in ("README.rst", "CHANGELOG.rst"):
        done = subprocess.run(
            [sys.executable, "-m", "docutils", "--strict", "--report=2", str(ROOT / name)],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
    assert Path(ROOT / "LICENSE").exists()
