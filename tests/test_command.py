"""``manage.py cancellations``: a terminal's way to the list and to the same services."""

import csv
import io
import json
import sys
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.test_services import rows
from timp_orders import errors
from timp_orders.management import deciding
from timp_orders.management.written import COLUMNS
from timp_orders.models import Cancellation, OrderItem
from timp_orders.testing import CancellationFactory, OrderItemFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(monkeypatch):
    """Run the command; return what it prints, and the message that it ends with."""

    def run(*arguments, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        output = io.StringIO()
        message = ""
        try:
            call_command("cancellations", *arguments, stdout=output, stderr=io.StringIO())
        except CommandError as error:
            message = str(error)
        return output.getvalue(), message

    return run


@pytest.fixture
def told(run):
    """Run the command; return its rows."""

    def told(*arguments, message="", **kwargs):
        text, said = run(*arguments, "--format=jsonl", **kwargs)
        assert said == message
        return [json.loads(line) for line in text.splitlines()]

    return told


@pytest.fixture
def made(order, supplier):
    """Three open cancellations, and one of each decision."""
    statuses = ["requested"] * 3 + ["confirmed", "rejected", "withdrawn"]
    return [
        CancellationFactory(
            order_item__order=order,
            order_item__supplier=supplier,
            order_item__sku_id=f"S{number}",
            status=status,
        )
        for number, status in enumerate(statuses)
    ]


def results(rows):
    return {row["order_item_uuid"]: row["result"] for row in rows}


def item_of(cancellation):
    return str(cancellation.order_item.uuid)


class TestList:
    def test_each_row_tells_of_a_cancellation_and_its_item(self, told, cancellation, order):
        (row,) = told()
        assert row == {
            "order_item_uuid": item_of(cancellation),
            "cancellation_uuid": str(cancellation.uuid),
            "status": "requested",
            "item_status": "Allocated",
            "po_number": order.po_number,
            "sku_id": cancellation.order_item.sku_id,
            "quantity": None,
            "requested_at": cancellation.requested_at.isoformat(),
            "decided_at": None,
            "reason": "",
            "note": "",
        }

    @pytest.mark.parametrize(
        ("arguments", "count"),
        [
            ([], 6),
            (["--status=requested"], 3),
            (["--status=rejected", "--status=withdrawn"], 2),
            (["--sku-id=S1"], 1),
            (["--po-number=nowhere"], 0),
            (["--requested-after=2020-01-01"], 6),
            (["--decided-after=2020-01-01", "--status=confirmed"], 1),
            (["--changed-after=2999-01-01"], 0),
        ],
    )
    def test_the_filters_are_those_of_the_api(self, told, made, arguments, count):
        assert len(told(*arguments)) == count

    def test_a_user_sees_what_they_see_over_http(self, told, made, supplier_user):
        CancellationFactory()
        stranger = UserFactory()
        assert len(told()) == 7
        assert len(told(f"--as={supplier_user.username}")) == 6
        assert told(f"--as={stranger.username}") == []

    def test_the_input_names_items(self, told, made):
        text = f"{item_of(made[0])}\n\n{item_of(made[4])}\n{uuid4()}\n"
        found = told("-", stdin=text)
        assert [row["order_item_uuid"] for row in found] == [item_of(made[0]), item_of(made[4])]

    def test_a_table_has_headings_and_columns(self, run, made, order):
        text, _ = run("--status=requested")
        heading, *lines = text.splitlines()
        assert "order item uuid" in heading
        assert heading.split()[-4:] == ["status", "status", "requested", "at"]
        assert len(lines) == 3
        assert all(line.startswith(item_of(it)) for line, it in zip(lines, made, strict=False))
        assert len({line.index(" requested") for line in lines}) == 1

    def test_an_empty_table_says_so(self, run):
        assert run() == ("No cancellations.\n", "")

    def test_what_could_steer_a_terminal_is_masked(self, run, made):
        OrderItem.objects.update(sku_id="\x1b[2J\r\n\u202e")
        text, _ = run("--status=requested")
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert len(text.splitlines()) == 4

    def test_csv_is_read_by_spreadsheets_and_holds_no_formula(self, run, made):
        Cancellation.objects.update(note="=1+1")
        text, _ = run("--format=csv")
        read = list(csv.DictReader(io.StringIO(text)))
        assert list(read[0]) == list(COLUMNS)
        assert {row["note"] for row in read} == {"'=1+1"}
        assert [row["cancellation_uuid"] for row in read] == [str(it.uuid) for it in made]

    def test_statements_do_not_grow_with_the_rows(self, run, made):
        def statements():
            with CaptureQueriesContext(connection) as captured:
                run()
            return len(captured)

        few = statements()
        CancellationFactory.create_batch(20)
        assert statements() == few == 1


class TestDecide:
    @pytest.mark.parametrize(
        ("action", "status"),
        [("confirm", "confirmed"), ("reject", "rejected"), ("withdraw", "withdrawn")],
    )
    def test_the_open_ones_that_the_filters_keep_are_decided(self, told, made, action, status):
        found = told(f"--{action}", "--sku-id=S1", "--note=By telephone.")
        assert results(found) == {item_of(made[1]): "changed"}
        assert found[0]["status"] == status
        made[1].refresh_from_db()
        assert (made[1].status, made[1].decision_note) == (status, "By telephone.")
        assert (made[1].decided_via, made[1].decided_party) == ("code", "system")
        assert Cancellation.objects.filter(status="requested").count() == 2

    def test_all_that_are_open(self, told, made):
        found = told("--reject", "--all", "--reason=other")
        assert results(found) == {item_of(it): "changed" for it in made[:3]}
        made[0].refresh_from_db()
        assert made[0].decision_reason == "other"

    def test_by_a_user_by_whose_rights_it_is(self, told, made, supplier_user, retailer_user):
        found = told("--confirm", "--all", f"--as={retailer_user.username}", message="Refused: 3.")
        assert set(results(found).values()) == {"wrong_side"}
        found = told("--confirm", "--all", f"--as={supplier_user.username}")
        assert set(results(found).values()) == {"changed"}
        made[0].refresh_from_db()
        assert made[0].decided_by == supplier_user

    def test_uuids_from_the_input(self, told, made):
        nowhere = str(uuid4())
        text = "\n".join([item_of(made[0]), item_of(made[3]), item_of(made[4]), nowhere])
        found = told("-", "--confirm", stdin=text, message="Refused: 3.")
        assert results(found) == {
            item_of(made[0]): "changed",
            item_of(made[3]): "not_requested",  # it is not cancelled, so the host set it back
            item_of(made[4]): "already_rejected",
            nowhere: "not_found",
        }

    @pytest.mark.parametrize("separator", [",", ";"])
    def test_its_own_csv_comes_back_and_names_the_cancellations(self, run, told, made, separator):
        text, _ = run("--status=requested", "--format=csv")
        text = "\ufeff" + text.replace(",", separator)
        Cancellation.unguarded.filter(pk=made[1].pk).update(
            status="withdrawn", decided_at=made[1].requested_at
        )
        CancellationFactory(order_item=made[1].order_item)
        found = told("-", "--confirm", stdin=text, message="Refused: 1.")
        assert results(found) == {
            item_of(made[0]): "changed",
            item_of(made[1]): "superseded",
            item_of(made[2]): "changed",
        }

    def test_a_rehearsal_tells_and_writes_nothing(self, told, made):
        before = rows()
        nowhere = str(uuid4())
        OrderItem.objects.filter(pk=made[3].order_item_id).update(status="Cancelled")
        OrderItem.objects.filter(pk=made[1].order_item_id).update(status="HasTracking")
        before = rows()
        text = "\n".join([*(item_of(it) for it in made), nowhere])
        found = told("-", "--confirm", "--dry-run", stdin=text, message="Refused: 4.")
        assert results(found) == {
            item_of(made[0]): "would change",
            item_of(made[1]): "already_shipped",
            item_of(made[2]): "would change",
            item_of(made[3]): "unchanged",
            item_of(made[4]): "already_rejected",
            item_of(made[5]): "already_withdrawn",
            nowhere: "not_found",
        }
        assert rows() == before

    def test_a_rehearsal_by_filters(self, told, made):
        assert len(told("--confirm", "--dry-run", "--all")) == 3
        assert Cancellation.objects.filter(status="requested").count() == 3

    def test_another_organizations_item_is_as_if_it_were_not(self, told, supplier_user):
        hidden = CancellationFactory()
        for dry in ([], ["--dry-run"]):
            (row,) = told(
                "-",
                "--confirm",
                f"--as={supplier_user.username}",
                *dry,
                stdin=item_of(hidden),
                message="Refused: 1.",
            )
            assert row == {"order_item_uuid": item_of(hidden), "result": "not_found"}

    @pytest.mark.parametrize("form", ["table", "csv", "jsonl"])
    def test_the_result_is_told_in_every_format(self, run, made, form):
        text, _ = run("--confirm", "--all", f"--format={form}")
        assert text.count("changed") == 3

    def test_batches_are_read_and_decided_one_after_the_other(self, told, made, monkeypatch):
        monkeypatch.setattr(deciding, "BATCH_SIZE", 2)
        assert len(told("--confirm", "--all")) == 3
        assert not Cancellation.objects.filter(status="requested").exists()

    def test_what_was_printed_is_decided_when_the_database_is_busy(self, run, made, monkeypatch):
        carry_out = deciding.carry_out
        batches = []

        def busy_the_second_time(*args):
            batches.append(args)
            if len(batches) == 2:
                raise errors.Busy
            return carry_out(*args)

        monkeypatch.setattr(deciding, "BATCH_SIZE", 2)
        monkeypatch.setattr(deciding, "carry_out", busy_the_second_time)
        text, message = run("--confirm", "--all", "--format=jsonl")
        assert len(text.splitlines()) == 2
        assert "busy" in message
        assert Cancellation.objects.filter(status="confirmed").count() == 3  # one was before


class Terminal(io.StringIO):
    def isatty(self):
        return True


class TestProgress:
    def test_a_terminal_gets_a_bar(self, made, monkeypatch):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        call_command("cancellations", "--confirm", "--all", stdout=io.StringIO())
        assert " items" in terminal.getvalue()

    def test_without_tqdm_there_is_none(self, made, monkeypatch):
        monkeypatch.setitem(sys.modules, "tqdm", None)
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        call_command("cancellations", "--confirm", "--all", stdout=io.StringIO())
        assert terminal.getvalue() == ""
        assert not Cancellation.objects.filter(status="requested").exists()

    def test_elsewhere_there_is_none(self, run, made, capsys):
        run("--confirm", "--all")
        assert capsys.readouterr() == ("", "")


class TestWrong:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--confirm"], "Say which"),
            (["--note=x"], "Say what to decide"),
            (["--dry-run"], "Say what to decide"),
            (["--all"], "Say what to decide"),
            (["--reason=other"], "Say what to decide"),
            (["--confirm", "--all", "--reason=other"], "takes no reason"),
            (["--reject", "--all", "--reason=nonsense"], "REJECTION_REASONS"),
            (["--confirm", "--all", "--note=" + "x" * 2001], "at most 2000"),
            (["--confirm", "--reject", "--all"], "not allowed with"),
            (["--status=nonsense"], "--status: "),
            (["--order-uuid=nonsense"], "--order-uuid: "),
            (["--po-number="], "--po-number is no filter here, or needs a value"),
            (["--po-number= "], "needs a value"),
            (["--po-number=1", "--po-number=2"], "exactly one value"),
            (["--requested-after=yesterday"], "--requested-after: "),
            (["-", "--po-number=1"], "do not go together"),
            (["--as=nobody"], "no such user"),
            (["--nonsense=1"], "unrecognized"),
            (["--format=xml"], "invalid choice"),
        ],
    )
    def test_an_argument_is_told_and_nothing_is_written(self, run, made, arguments, message):
        before = rows()
        text, said = run(*arguments)
        assert message in said
        assert text == ""
        assert rows() == before

    def test_a_user_who_is_not_active(self, run, made):
        UserFactory(username="gone", is_active=False)
        assert "not active" in run("--as=gone")[1]

    @pytest.mark.parametrize(
        ("stdin", "message"),
        [
            ("nonsense\n", "Line 1 is no UUID"),
            ("{good}\nnonsense\n", "Line 2 is no UUID"),
            ("order_item_uuid\n{good}\nx\n", "Line 3 is no UUID"),
            ("order_item_uuid,cancellation_uuid\n{good},x\n", "Line 2 is no UUID"),
            ("order_item_uuid,quantities\n{good},1\n", "There is no such column: quantities"),
            ("{good}\n{good}\n", "An item comes twice"),
        ],
    )
    @pytest.mark.parametrize("dry", [[], ["--dry-run"]])
    def test_an_input_is_told_and_nothing_is_written(self, run, made, stdin, message, dry):
        before = rows()
        _, said = run("-", "--confirm", *dry, stdin=stdin.replace("{good}", item_of(made[0])))
        assert message in said
        assert rows() == before

    def test_a_host_without_uuids_of_orders_has_no_such_filter(self, run, made, monkeypatch):
        monkeypatch.setattr(OrderItem, "ORDER_UUID_FIELD", "")
        assert "--order-uuid is no filter here" in run(f"--order-uuid={uuid4()}")[1]
        assert run()[1] == ""

    def test_an_empty_input_decides_nothing(self, run, made):
        text, said = run("-", "--confirm", stdin="")
        assert (text, said) == ("No cancellations.\n", "")

    def test_an_item_that_is_not_there_is_a_row_of_the_table_too(self, run, made):
        nowhere = str(uuid4())
        text, said = run("-", "--confirm", stdin=nowhere)
        assert text.splitlines()[1].split() == [nowhere, "not_found"]
        assert said == "Refused: 1."

    def test_an_item_without_a_cancellation_is_told(self, told, order):
        item = OrderItemFactory(order=order)
        (row,) = told("-", "--confirm", stdin=str(item.uuid), message="Refused: 1.")
        assert (row["result"], row["sku_id"]) == ("not_requested", item.sku_id)
