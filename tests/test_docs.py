"""The documents: their code runs, and what they name exists."""

import ast
import re
import runpy
import subprocess
import sys
from textwrap import dedent

import pytest

from tests.servers import ROOT

PAGES = sorted((ROOT / "docs").glob("*.rst"))
BLOCK = re.compile(r"\.\. code-block:: python\n(?:    :.*\n|   :.*\n)*\n((?:    .*\n|\n)+)")


def blocks(name):
    return [dedent(block) for block in BLOCK.findall((ROOT / "docs" / name).read_text())]


@pytest.mark.django_db
def test_the_quickstart_runs_from_top_to_bottom():
    names = {}
    for block in blocks("quickstart.rst"):
        exec(block, names)


def test_the_settings_of_operations_are_right():
    throttles, logging = blocks("operations.rst")
    names = {}
    exec(throttles + logging, names)
    assert set(names["REST_FRAMEWORK"]["DEFAULT_THROTTLE_RATES"]) == {
        "timp_orders_read",
        "timp_orders_write",
    }
    assert "timp_orders" in names["LOGGING"]["loggers"]


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_the_code_of_every_page_is_valid(page):
    for block in blocks(page):
        ast.parse(block)


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_the_files_that_a_page_names_exist(page):
    text = (ROOT / "docs" / page).read_text()
    for name in re.findall(r"``((?:tests|example_project|timp_orders|docs)/[\w./-]+)``", text):
        assert (ROOT / name).exists(), name


def test_the_calls_are_written_down_as_the_schema_has_them(settings):
    """Changed on purpose? ``python docs/http_reference.py`` writes them anew."""
    settings.TIMP_ORDERS = {"PARTIAL_QUANTITIES": True}
    written = runpy.run_path(str(ROOT / "docs" / "http_reference.py"))["page"]
    text = (ROOT / "docs" / "http.rst").read_text()
    assert "PATCH /timp/orders/items/cancel/{order_item_uuid}/confirm/" in text
    assert text == written(text)


def test_the_calls_are_shown_on_the_repositorys_pages_too():
    """These know no directives of Sphinx, and leave out what they do not know."""
    text = re.sub(":doc:`(.+?)`", "\\1", (ROOT / "docs" / "http.rst").read_text())
    command = [sys.executable, "-m", "docutils", "--strict", "--report=2"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "already_shipped" in done.stdout


def test_the_files_of_hosts_are_shown_as_they_are():
    """Changed on purpose? ``python docs/inlined_files.py`` writes them anew."""
    page = runpy.run_path(str(ROOT / "docs" / "inlined_files.py"))["page"]
    text = (ROOT / "docs" / "hosts.rst").read_text()
    assert text.count(".. The file ") == 8
    assert text == page(text)


@pytest.mark.processes
def test_the_documents_are_built_without_a_warning(tmp_path):
    pytest.importorskip("sphinx", reason="Sphinx (extra docs) is not installed.")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", "docs", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    reference = (tmp_path / "http.html").read_text()
    assert "PATCH /timp/orders/items/cancel/{order_item_uuid}/confirm/" in reference
