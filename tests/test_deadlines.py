"""What silence leads to: the contract of deadlines; the races are in the interleavings."""

import logging
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.test_changes import listening
from tests.test_states import ITEM_STATUSES
from timp_orders import errors, services, signals
from timp_orders.models import Cancellation, OrderItem
from timp_orders.policy import Policy
from timp_orders.services import SYSTEM, enforce_deadlines
from timp_orders.services.batches import BATCH_SIZE
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOTHING = services.Enforced()


@pytest.fixture
def configured(settings):
    """Set keys of ``TIMP_ORDERS``."""

    def configure(**keys):
        settings.TIMP_ORDERS = {"RESPOND_WITHIN": 48 * HOUR, **keys}

    configure()
    return configure


@pytest.fixture
def sent():
    """The names of the signals that were sent, each with its cancellation's key."""
    found = []
    kept = []
    for name in (
        "cancellation_due",
        "cancellation_overdue",
        "cancellation_confirmed",
        "cancellation_rejected",
    ):

        def note(cancellation, by, via, name=name, **kwargs):
            assert (by, via) == (SYSTEM, "deadline")
            found.append((name.removeprefix("cancellation_"), cancellation.pk))

        getattr(signals, name).connect(note)
        kept.append((name, note))
    yield found
    for name, note in kept:
        getattr(signals, name).disconnect(note)


@pytest.fixture
def waiting(order, supplier):
    """Make open cancellations that are to be answered by a moment."""

    def make(respond_by, count=1, status="Allocated", **columns):
        items = OrderItemFactory.create_batch(count, order=order, supplier=supplier, status=status)
        return [
            CancellationFactory(order_item=item, respond_by=respond_by, **columns) for item in items
        ]

    return make


@pytest.fixture(params=[True, False], ids=["told", "untold"])
def is_told(request, sent, monkeypatch):
    """Whether anybody listens to what becomes overdue; if not, the decision marks it."""
    if not request.param:
        monkeypatch.setattr(signals.cancellation_overdue, "receivers", [])
    return request.param


def read(cancellation):
    return Cancellation.objects.select_related("order_item").get(pk=cancellation.pk)


class TestRespondBy:
    @pytest.fixture(autouse=True)
    def _clock(self, monkeypatch):
        monkeypatch.setattr(timezone, "now", lambda: NOW)

    def requested(self, *items):
        services.request_cancellation(items, by=SYSTEM)
        found = Cancellation.objects.order_by("order_item_id")
        return [one.respond_by for one in found]

    def test_without_a_setting_there_is_no_deadline(self, item):
        assert self.requested(item) == [None]

    def test_it_is_kept_though_the_setting_changes(self, item, configured):
        assert self.requested(item) == [NOW + 48 * HOUR]
        configured(RESPOND_WITHIN=HOUR)
        assert self.requested(item) == [NOW + 48 * HOUR]  # a replay

    def test_what_is_cancelled_outright_has_none(self, item, configured):
        services.cancel_items(item, by=SYSTEM)
        assert Cancellation.objects.get().respond_by is None

    def test_the_policy_is_asked_once_for_a_batch(self, order, supplier, settings, monkeypatch):
        asked = []

        def respond_by(self, items, requested_at):
            asked.append((items.count(), requested_at))
            return requested_at + HOUR

        monkeypatch.setattr(Policy, "respond_by", respond_by)
        items = OrderItemFactory.build_batch(BATCH_SIZE + 2, order=order, supplier=supplier)
        OrderItem.objects.bulk_create(items)
        services.request_cancellation(OrderItem.objects.all(), by=SYSTEM)
        assert asked == [(BATCH_SIZE, NOW), (2, NOW)]
        assert set(Cancellation.objects.values_list("respond_by", flat=True)) == {NOW + HOUR}

    def test_the_policy_may_say_it_item_by_item(self, order, supplier, monkeypatch):
        items = OrderItemFactory.create_batch(3, order=order, supplier=supplier)
        said = {items[0].pk: NOW + HOUR, items[1].pk: None}
        monkeypatch.setattr(Policy, "respond_by", lambda *args: said)
        assert self.requested(*items) == [NOW + HOUR, None, None]

    @pytest.mark.parametrize("answer", [datetime(2030, 3, 1), "2030-03-01", {"every": 3}, 48])
    def test_what_is_no_moment_is_refused_and_nothing_is_written(self, item, monkeypatch, answer):
        monkeypatch.setattr(Policy, "respond_by", lambda *args: answer)
        with pytest.raises(TypeError, match="respond_by"):
            self.requested(item)
        assert not Cancellation.objects.exists()


class TestMarks:
    """The reminder, and that a cancellation is overdue: once each."""

    def test_a_reminder_is_sent_once_when_little_is_left(self, configured, waiting, sent):
        configured(REMIND_BEFORE=6 * HOUR)
        [one] = waiting(NOW)
        assert enforce_deadlines(now=NOW - 6 * HOUR - timedelta(seconds=1)) == NOTHING
        assert enforce_deadlines(now=NOW - 6 * HOUR).reminded == 1
        assert enforce_deadlines(now=NOW - HOUR) == NOTHING
        assert sent == [("due", one.pk)]
        assert read(one).reminded_at == NOW - 6 * HOUR

    def test_without_the_setting_nobody_is_reminded(self, configured, waiting, sent):
        waiting(NOW)
        assert enforce_deadlines(now=NOW - timedelta(seconds=1)) == NOTHING
        assert not sent

    def test_what_is_overdue_is_not_reminded_of(self, configured, waiting, sent):
        configured(REMIND_BEFORE=6 * HOUR)
        [one] = waiting(NOW)
        enforce_deadlines(now=NOW)
        assert sent == [("overdue", one.pk)]

    def test_it_is_overdue_from_the_moment_on_and_once(self, configured, waiting, sent):
        [one] = waiting(NOW)
        assert enforce_deadlines(now=NOW - timedelta(microseconds=1)) == NOTHING
        assert enforce_deadlines(now=NOW) == services.Enforced(overdue=1)
        assert enforce_deadlines(now=NOW + HOUR) == NOTHING
        assert sent == [("overdue", one.pk)]
        found = read(one)
        assert (found.status, found.overdue_at, found.on_deadline) == ("requested", NOW, "nothing")

    def test_old_rows_without_a_deadline_are_never_due(self, configured, waiting):
        configured(REMIND_BEFORE=6 * HOUR, ON_DEADLINE="confirm")
        waiting(None)
        assert enforce_deadlines(now=NOW + timedelta(days=9000)) == NOTHING

    @pytest.mark.parametrize("status", ["confirmed", "rejected", "withdrawn"])
    def test_decided_ones_are_left_alone(self, configured, waiting, status):
        configured(REMIND_BEFORE=6 * HOUR, ON_DEADLINE="confirm")
        waiting(NOW)
        Cancellation.unguarded.update(status=status, decided_at=NOW)
        assert enforce_deadlines(now=NOW - HOUR) == NOTHING
        assert enforce_deadlines(now=NOW) == NOTHING

    def test_a_receiver_sees_the_mark_and_the_item_without_a_statement(
        self, configured, waiting, django_assert_num_queries
    ):
        configured(ON_DEADLINE="reject")
        [one] = waiting(NOW)
        seen = []

        def look(cancellation, **kwargs):
            with django_assert_num_queries(0):
                names = (
                    cancellation.order_item.supplier.name,
                    cancellation.order_item.order.po_number,
                )
            seen.append((cancellation.overdue_at, cancellation.on_deadline, *names))

        with listening(signals.cancellation_overdue, look):
            enforce_deadlines(now=NOW)
        item = one.order_item
        assert seen == [(NOW, "reject", item.supplier.name, item.order.po_number)]

    def test_a_receiver_may_decide_at_once(self, configured, waiting):
        configured(ON_DEADLINE="reject")
        [one] = waiting(NOW)

        def confirm(cancellation, **kwargs):
            services.confirm_cancellation(cancellation.order_item, by=SYSTEM)

        with listening(signals.cancellation_overdue, confirm):
            assert enforce_deadlines(now=NOW) == services.Enforced(overdue=1)
        assert read(one).status == "confirmed"

    @pytest.mark.parametrize("name", ["cancellation_due", "cancellation_overdue"])
    def test_a_veto_costs_its_own_item_and_is_tried_again(self, configured, waiting, sent, name):
        configured(REMIND_BEFORE=6 * HOUR)
        now = NOW if name == "cancellation_overdue" else NOW - HOUR
        cancellations = waiting(NOW, 5)
        vetoed = cancellations[2]

        def refuse(cancellation, **kwargs):
            if cancellation.pk == vetoed.pk:
                raise errors.Veto("Not now.")

        signal = getattr(signals, name)
        with listening(signal, refuse):
            done = enforce_deadlines(now=now)
        assert done.reminded + done.overdue == 4
        assert {uuid: error.code for uuid, error in done.refused.items()} == {
            vetoed.order_item.uuid: "vetoed"
        }
        column = "reminded_at" if name == "cancellation_due" else "overdue_at"
        assert [one.pk for one in Cancellation.objects.filter(**{column: None})] == [vetoed.pk]
        again = enforce_deadlines(now=now)
        assert (again.reminded + again.overdue, again.refused) == (1, {})

    def test_an_answer_of_the_policy_that_is_none_is_an_error(
        self, configured, waiting, monkeypatch
    ):
        [one] = waiting(NOW)
        monkeypatch.setattr(Policy, "on_deadline", lambda *args: "cancel")
        with pytest.raises(ValueError, match="on_deadline"):
            enforce_deadlines(now=NOW)
        assert read(one).overdue_at is None

    def test_the_policy_is_asked_once_for_each(self, configured, waiting, monkeypatch):
        first, second = waiting(NOW, 2)
        asked = []

        def on_deadline(self, cancellation):
            asked.append(cancellation.pk)
            return "confirm" if cancellation.pk == first.pk else "nothing"

        monkeypatch.setattr(Policy, "on_deadline", on_deadline)
        assert enforce_deadlines(now=NOW) == services.Enforced(overdue=2, confirmed=1)
        assert enforce_deadlines(now=NOW + HOUR) == NOTHING
        assert asked == [first.pk, second.pk]

    def test_a_setting_that_is_changed_later_decides_nothing_that_was_overdue(
        self, configured, waiting
    ):
        [one] = waiting(NOW)
        enforce_deadlines(now=NOW)
        configured(ON_DEADLINE="confirm")
        assert enforce_deadlines(now=NOW + HOUR) == NOTHING
        assert read(one).status == "requested"


def expected_of(on_deadline, item_status):
    """What a run makes of an open cancellation: its status, and the code of a refusal."""
    if on_deadline == "nothing":
        return "requested", None
    if on_deadline == "reject" or item_status == "HasTracking":
        return "rejected", None
    if item_status in ("Unallocated", "Allocated", "Backordered"):
        return "confirmed", None
    code = "already_cancelled" if item_status == "Cancelled" else "not_cancellable"
    return "requested", code


class TestDecisions:
    @pytest.mark.parametrize(
        ("on_deadline", "status"), list(product(["nothing", "confirm", "reject"], ITEM_STATUSES))
    )
    def test_every_default_in_every_status(
        self, configured, waiting, sent, is_told, on_deadline, status
    ):
        configured(ON_DEADLINE=on_deadline)
        [one] = waiting(NOW, status=status)
        result, code = expected_of(on_deadline, status)
        foreseen = enforce_deadlines(now=NOW, dry_run=True)
        assert read(one).overdue_at is None
        done = enforce_deadlines(now=NOW)
        told = [done.overdue, done.confirmed, done.rejected, list(done.refused)]
        assert told == [
            foreseen.overdue,
            foreseen.confirmed,
            foreseen.rejected,
            list(foreseen.refused),
        ]
        found = read(one)
        assert found.status == result
        assert [error.code for error in done.refused.values()] == ([code] if code else [])
        overdue = [("overdue", one.pk)] if is_told else []
        assert sent == [*overdue, *([(result, one.pk)] if found.decided_at else [])]
        assert (found.overdue_at is not None, done.overdue) == (True, 1)
        assert found.on_deadline == (
            "" if code else on_deadline if result == "requested" else result[: -len("ed")]
        )
        if found.decided_at:
            assert (found.decided_party, found.decided_via) == ("system", "deadline")
            assert found.decision_note == "There was no answer in time."
            shipped = status == "HasTracking"
            assert found.decision_reason == ("already_shipped" if shipped else "")
        assert enforce_deadlines(now=NOW + HOUR) == NOTHING  # nothing is tried for ever

    def test_people_may_decide_until_the_run_has(self, configured, waiting, supplier_user, sent):
        configured(ON_DEADLINE="confirm")
        [one] = waiting(NOW - HOUR)
        services.reject_cancellation(one.order_item, by=SYSTEM, via="deadline")
        assert enforce_deadlines(now=NOW) == NOTHING
        assert sent == [("rejected", one.pk)]

    @pytest.mark.parametrize("act", [services.withdraw_cancellation, services.cancel_items])
    def test_what_silence_never_decides_says_nothing_of_it(self, waiting, act):
        """Trusted code may say "deadline" of whatever it does."""
        cancellations = waiting(NOW, 2)
        act([one.order_item for one in cancellations], by=SYSTEM, via="deadline")
        found = [read(one) for one in cancellations]
        assert {(one.decided_via, one.on_deadline, one.overdue_at) for one in found} == {
            ("deadline", "", None)
        }

    def test_a_new_cancellation_is_not_taken_for_the_overdue_one(self, configured, waiting):
        """A run ends: what comes meanwhile waits for the next one, though it may be overdue too."""
        configured(ON_DEADLINE="confirm")
        [one] = waiting(NOW)

        def replace(cancellation, **kwargs):
            services.withdraw_cancellation(cancellation.order_item, by=SYSTEM)
            services.request_cancellation(cancellation.order_item, by=SYSTEM)

        with listening(signals.cancellation_overdue, replace):
            assert enforce_deadlines(now=NOW) == services.Enforced(overdue=1)
        assert [found.status for found in one.order_item.cancellations.order_by("pk")] == [
            "withdrawn",
            "requested",
        ]

    def test_a_dry_run_says_nothing_of_what_is_decided_meanwhile(
        self, configured, waiting, monkeypatch
    ):
        configured(ON_DEADLINE="confirm")
        first, second, _ = waiting(NOW, 3)
        real = services.deadlines.decisions.facts_of

        def late(*args):
            services.confirm_cancellation(first.order_item, by=SYSTEM)
            services.reject_cancellation(second.order_item, by=SYSTEM)
            return real(*args)

        monkeypatch.setattr(services.deadlines.decisions, "facts_of", late)
        foreseen = enforce_deadlines(now=NOW, dry_run=True)
        assert foreseen == services.Enforced(overdue=3, confirmed=1)

    def test_a_veto_is_tried_again_by_the_next_run(self, configured, waiting, is_told):
        configured(ON_DEADLINE="confirm")
        cancellations = waiting(NOW, 3)

        def refuse(cancellation, **kwargs):
            if cancellation.pk == cancellations[1].pk:
                raise errors.Veto("The bank is closed.")

        with listening(signals.cancellation_confirmed, refuse):
            done = enforce_deadlines(now=NOW)
        assert (done.overdue, done.confirmed) == (3, 2)
        assert [error.code for error in done.refused.values()] == ["vetoed"]
        vetoed = read(cancellations[1])
        assert (vetoed.overdue_at, vetoed.on_deadline) == (NOW, "confirm")
        assert enforce_deadlines(now=NOW) == services.Enforced(confirmed=1)
        assert read(vetoed).overdue_at == NOW

    def test_what_cannot_be_decided_is_named_in_the_log_once(self, configured, waiting, caplog):
        configured(ON_DEADLINE="confirm")
        [one] = waiting(NOW, status="Rejected")
        with caplog.at_level(logging.WARNING, "timp_orders"):
            enforce_deadlines(now=NOW)
            enforce_deadlines(now=NOW)
        assert [record.getMessage() for record in caplog.records] == [
            f"confirm item={one.order_item.uuid} via=deadline: not_cancellable"
        ]

    def test_what_was_decided_counts_though_the_rest_cannot_be_written_now(
        self, configured, waiting, monkeypatch
    ):
        configured(ON_DEADLINE="confirm")
        waiting(NOW)
        waiting(NOW, status="HasTracking")

        def busy(*args, **kwargs):
            raise errors.Busy

        with monkeypatch.context() as patched:
            patched.setattr(services.deadlines.decisions, "in_transaction", busy)
            assert enforce_deadlines(now=NOW) == services.Enforced(overdue=1, confirmed=1)
        assert enforce_deadlines(now=NOW) == services.Enforced(overdue=1, rejected=1)

    def test_a_host_without_that_reason_is_told_by_the_note_alone(self, configured, waiting):
        configured(
            ON_DEADLINE="confirm",
            REJECTION_REASONS={"no": "No"},
            REJECTION_NEEDS_REASON=True,
            NOTE_MAX_LENGTH=9,
        )
        [one] = waiting(NOW, status="HasTracking")
        assert enforce_deadlines(now=NOW).rejected == 1
        found = read(one)
        assert (found.decision_reason, found.decision_note) == ("", "There was")

    def test_parts_are_confirmed_as_they_were_asked(self, configured, waiting, order, supplier):
        configured(ON_DEADLINE="confirm", PARTIAL_QUANTITIES=True)
        item = OrderItemFactory(order=order, supplier=supplier, quantity_ordered=3)
        one = CancellationFactory(order_item=item, respond_by=NOW, quantity=2)
        assert enforce_deadlines(now=NOW).confirmed == 1
        found = read(one)
        assert (found.quantity_confirmed, found.quantity_left) == (2, 1)
        assert found.order_item.status == "Allocated"


class TestRuns:
    def test_a_limit_is_one_for_each_step_and_the_next_run_goes_on(self, configured, waiting):
        configured(ON_DEADLINE="reject", REMIND_BEFORE=6 * HOUR)
        waiting(NOW, 3)
        waiting(NOW + HOUR, 3)
        some = services.Enforced(reminded=2, overdue=2, rejected=2)
        rest = services.Enforced(reminded=1, overdue=1, rejected=1)
        assert enforce_deadlines(now=NOW, limit=2) == some
        assert enforce_deadlines(now=NOW, limit=2) == rest
        assert enforce_deadlines(now=NOW, limit=2) == NOTHING

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_limit_below_one_is_refused(self, limit):
        with pytest.raises(ValueError, match="limit"):
            enforce_deadlines(limit=limit)

    def test_statements_grow_with_batches_and_not_with_rows(self, configured, waiting, is_told):
        configured(ON_DEADLINE="confirm", REMIND_BEFORE=6 * HOUR)

        def statements(count):
            waiting(NOW, count)
            waiting(NOW + HOUR, count)
            with CaptureQueriesContext(connection) as captured:
                done = enforce_deadlines(now=NOW)
            assert (done.reminded, done.overdue, done.confirmed) == (count, count, count)
            Cancellation.unguarded.all().delete()
            return len(captured)

        assert statements(1) == statements(40)

    def test_batches_are_committed_one_by_one_and_the_next_run_goes_on(
        self, configured, waiting, monkeypatch
    ):
        configured(ON_DEADLINE="confirm")
        monkeypatch.setattr("timp_orders.services.deadlines.due.BATCH_SIZE", 2)
        cancellations = waiting(NOW, 5)

        def stumble(cancellation, **kwargs):
            if cancellation.pk == cancellations[3].pk:
                raise OSError("The machine is gone.")

        with (
            listening(signals.cancellation_confirmed, stumble),
            pytest.raises(OSError, match="gone"),
        ):
            enforce_deadlines(now=NOW)
        statuses = [read(one).status for one in cancellations]
        assert statuses == ["confirmed"] * 2 + ["requested"] * 3
        assert enforce_deadlines(now=NOW) == services.Enforced(overdue=3, confirmed=3)

    def test_what_is_busy_waits_for_the_next_run(self, configured, waiting, monkeypatch, is_told):
        configured(ON_DEADLINE="confirm")
        waiting(NOW, 2)
        real = services.deadlines.decisions.perform_many

        def busy(*args, **kwargs):
            raise errors.Busy

        monkeypatch.setattr(services.deadlines.decisions, "perform_many", busy)
        done = enforce_deadlines(now=NOW)
        assert (done.overdue, done.confirmed) == (2 if is_told else 0, 0)
        assert [error.code for error in done.refused.values()] == ["busy", "busy"]
        monkeypatch.setattr(services.deadlines.decisions, "perform_many", real)
        again = services.Enforced(overdue=0 if is_told else 2, confirmed=2)
        assert enforce_deadlines(now=NOW) == again

    def test_what_nobody_listens_to_is_marked_and_decided_by_one_statement(
        self, configured, waiting
    ):
        configured(ON_DEADLINE="confirm")
        waiting(NOW, 3)
        with CaptureQueriesContext(connection) as captured:
            enforce_deadlines(now=NOW)
        table = Cancellation._meta.db_table
        written = [one["sql"] for one in captured if one["sql"].startswith("UPDATE")]
        assert len([sql for sql in written if table in sql.partition("SET")[0]]) == 1

    def test_a_clock_that_steps_back_does_nothing_twice(self, configured, waiting, sent):
        configured(ON_DEADLINE="reject", REMIND_BEFORE=6 * HOUR)
        [one] = waiting(NOW)
        enforce_deadlines(now=NOW - HOUR)
        enforce_deadlines(now=NOW - 12 * HOUR)
        enforce_deadlines(now=NOW - HOUR)
        assert sent == [("due", one.pk)]
        Cancellation.unguarded.update(overdue_at=NOW, on_deadline="reject")  # and then it stepped
        assert enforce_deadlines(now=NOW - HOUR) == NOTHING
        assert enforce_deadlines(now=NOW).rejected == 1


class TestClocks:
    """Around daylight saving, and without time zones."""

    BERLIN = ZoneInfo("Europe/Berlin")

    @pytest.mark.parametrize(
        ("requested", "answered"),
        [  # the clocks go forward on 2030-03-31, and back on 2030-10-27
            ((2030, 3, 30, 12), (2030, 4, 1, 13)),
            ((2030, 10, 26, 12), (2030, 10, 28, 11)),
        ],
    )
    def test_48_hours_are_48_hours(
        self, item, configured, settings, monkeypatch, requested, answered
    ):
        settings.TIME_ZONE = "Europe/Berlin"
        begun = datetime(*requested, tzinfo=self.BERLIN).astimezone(UTC)
        monkeypatch.setattr(timezone, "now", lambda: begun)
        services.request_cancellation(item, by=SYSTEM)
        found = Cancellation.objects.get()
        assert found.respond_by == datetime(*answered, tzinfo=self.BERLIN)
        assert enforce_deadlines(now=begun + 48 * HOUR - timedelta(seconds=1)) == NOTHING
        assert enforce_deadlines(now=begun + 48 * HOUR).overdue == 1

    @pytest.mark.parametrize("fold", [0, 1])
    def test_the_hour_that_comes_twice_is_two_hours(self, configured, waiting, fold):
        moment = datetime(2030, 10, 27, 2, 30, tzinfo=self.BERLIN, fold=fold)
        waiting(moment.astimezone(UTC))
        early = moment.astimezone(UTC) - timedelta(seconds=1)
        assert enforce_deadlines(now=early.astimezone(self.BERLIN)) == NOTHING
        assert enforce_deadlines(now=moment).overdue == 1

    def test_without_time_zones_the_clock_on_the_wall_counts(
        self, item, configured, settings, monkeypatch
    ):
        settings.USE_TZ = False
        begun = datetime(2030, 3, 30, 12)
        monkeypatch.setattr(timezone, "now", lambda: begun)
        services.request_cancellation(item, by=SYSTEM)
        assert Cancellation.objects.get().respond_by == begun + 48 * HOUR
        assert enforce_deadlines(now=begun + 47 * HOUR) == NOTHING
        assert enforce_deadlines(now=begun + 48 * HOUR).overdue == 1

    def test_without_time_zones_an_aware_moment_is_refused(self, item, settings, monkeypatch):
        settings.USE_TZ = False
        monkeypatch.setattr(Policy, "respond_by", lambda *args: NOW)
        with pytest.raises(TypeError, match="respond_by"):
            services.request_cancellation(item, by=SYSTEM)


class TestCommand:
    @pytest.fixture(autouse=True)
    def _configured(self, configured):
        configured(ON_DEADLINE="confirm", REMIND_BEFORE=6 * HOUR)

    @pytest.fixture
    def due(self, waiting):
        now = timezone.now()
        waiting(now - HOUR, 2)
        waiting(now + HOUR)

    def test_it_does_all_and_says_how_much(self, due, capsys):
        call_command("enforce_deadlines")
        assert capsys.readouterr().out == "Reminded: 1, overdue: 2, confirmed: 2, rejected: 0.\n"
        call_command("enforce_deadlines")
        assert capsys.readouterr().out == "Reminded: 0, overdue: 0, confirmed: 0, rejected: 0.\n"

    def test_a_dry_run_writes_nothing(self, due, capsys):
        rows = list(Cancellation.objects.order_by("pk").values())
        call_command("enforce_deadlines", "--dry-run")
        assert capsys.readouterr().out == (
            "Would remind: 1, would be overdue: 2, would confirm: 2, would reject: 0.\n"
        )
        assert list(Cancellation.objects.order_by("pk").values()) == rows

    def test_a_dry_run_foresees_what_silence_was_told_before(self, due, capsys):
        call_command("enforce_deadlines", "--limit", "1")
        Cancellation.unguarded.filter(status="confirmed").delete()
        Cancellation.unguarded.update(overdue_at=NOW, on_deadline="reject")
        capsys.readouterr()
        call_command("enforce_deadlines", "--dry-run")
        out = capsys.readouterr().out
        assert "would reject: 1" in out

    def test_what_is_refused_is_an_exit_code_of_1_and_a_summary(self, due, waiting, capsys):
        waiting(timezone.now() - HOUR, status="Rejected")
        with pytest.raises(CommandError, match=r"^Refused: not_cancellable: 1\. The log names"):
            call_command("enforce_deadlines")
        assert capsys.readouterr().out == "Reminded: 1, overdue: 3, confirmed: 2, rejected: 0.\n"
        call_command("enforce_deadlines")

    def test_a_limit_below_one_is_refused(self):
        with pytest.raises(CommandError, match="--limit must be at least 1"):
            call_command("enforce_deadlines", "--limit", "0")
