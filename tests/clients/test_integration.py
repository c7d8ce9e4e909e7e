"""The programs of ``docs/integration.rst``, as they stand there, against the demonstration."""

import os
import re
import sqlite3
import subprocess
import sys
import textwrap

import pytest
import requests

from tests.servers import ROOT

pytestmark = pytest.mark.usefixtures("undecided")

PAGE = (ROOT / "docs" / "integration.rst").read_text()
BLOCK = r"    :caption: (\S+)\n\n((?:    .*\n|\n)+)"
PROGRAMS = {name: textwrap.dedent(code) for name, code in re.findall(BLOCK, PAGE)}
PO = "po-5527771070"
"""An order of the demonstration's that nobody has asked to cancel."""


@pytest.fixture
def run(demo_server, program, tmp_path):
    """Run a program of the page; return the lines that it prints."""

    def run(name, *arguments):
        path = tmp_path / name
        path.write_text(PROGRAMS[name])
        interpreter = sys.executable if name.endswith(".py") else program("node")
        done = subprocess.run(
            [interpreter, str(path), *arguments],
            env={**os.environ, "TIMP_URL": f"{demo_server}/timp", "PYTHONPATH": ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


@pytest.fixture
def statuses(demo_server):
    """Return the statuses of an order's cancellations, by SKU."""

    def statuses(**filters):
        answer = requests.get(
            f"{demo_server}/timp/orders/items/cancel/",
            params=filters,
            headers={"Authorization": "Token 1234567890"},
            timeout=30,
        ).json()
        return {row["order_item"]["sku_id"]: row["status"] for row in answer["results"]}

    return statuses


def test_the_page_has_each_program_in_both_languages():
    assert sorted(PROGRAMS) == ["retailer.mjs", "retailer.py", "supplier.mjs", "supplier.py"]


@pytest.mark.parametrize("language", ["py", "mjs"])
def test_a_retailer_asks_by_po_number_and_the_supplier_decides(run, statuses, language):
    matter = ["complaint-1"] if language == "py" else []
    (asked,) = run(f"retailer.{language}", *matter, PO)
    assert asked == "asked 3 before 0"
    assert set(statuses(po_number=PO).values()) == {"requested"}
    lines = run(f"supplier.{language}", "1")
    assert re.fullmatch(r"decided \d+ before 0", lines[0])
    decided = statuses(po_number=PO)
    assert len(decided) == 3
    for sku, status in decided.items():
        assert status == ("rejected" if sku.startswith("HHG-") else "confirmed")
        assert f"{status} {PO} {sku}" in lines
    assert statuses(status="requested", page_size=500) == {}


def test_the_same_complaint_sent_again_asks_nothing_twice(run):
    assert run("retailer.py", "complaint-2", PO) == ["asked 3 before 0"]
    assert run("retailer.py", "complaint-2", PO) == ["asked 0 before 3"]
    another = run("retailer.py", "complaint-3", PO)
    assert another[0] == "asked 0 before 0"
    assert [line.split()[-1] for line in another[1:]] == ["already_requested"] * 3


def test_one_sku_of_an_order_is_found(run, database):
    with sqlite3.connect(database, timeout=20) as connection:
        ((sku,), *_) = connection.execute(
            "SELECT sku_id FROM timp_orders_orderitem JOIN timp_orders_order o ON o.id = order_id"
            " WHERE po_number = ? ORDER BY sku_id",
            [PO],
        ).fetchall()
    connection.close()
    assert run("retailer.py", "complaint-4", PO, sku) == ["asked 1 before 0"]
    assert run("retailer.mjs", PO, "no such SKU") == ["nothing to cancel"]
