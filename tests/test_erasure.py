"""Names and notes are erased; facts stay."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from timp_orders import errors, services
from timp_orders.models import Cancellation
from timp_orders.services import SYSTEM
from timp_orders.services.erasure import erased_by_batches
from timp_orders.testing import CancellationFactory

pytestmark = pytest.mark.django_db

PERSONAL = {"requested_by_id", "requested_by_name", "note"} | {
    "decided_by_id",
    "decided_by_name",
    "decision_note",
}


@pytest.fixture
def decided(item, retailer_user, supplier_user):
    """A cancellation that the retailer's user requested and the supplier's rejected."""
    services.request_cancellation(item, by=retailer_user, note="Call Ruth", reason="fraud")
    services.reject_cancellation(item, by=supplier_user, note="Sam says no")
    return item.cancellations.get()


def run(capsys, *arguments):
    call_command("erase_personal_data", *arguments)
    return capsys.readouterr().out


def personal(cancellation):
    found = Cancellation.objects.get(pk=cancellation.pk)
    return {name for name in PERSONAL if getattr(found, name) not in (None, "")}


def facts(cancellation):
    (row,) = Cancellation.objects.filter(pk=cancellation.pk).values()
    return {name: value for name, value in row.items() if name not in PERSONAL}


REQUESTER, DECIDER = {"requested_by_id", "requested_by_name"}, {"decided_by_id", "decided_by_name"}


@pytest.mark.parametrize(
    ("notes", "left"),
    [([], {"note", "decision_note"} | DECIDER), (["--notes"], {"decision_note"} | DECIDER)],
)
def test_one_users_names_go_and_those_of_others_stay(capsys, decided, retailer_user, notes, left):
    before = facts(decided)
    assert run(capsys, "--user", str(retailer_user.pk), *notes) == "Erased from 1 cancellations.\n"
    assert personal(decided) == left
    assert facts(decided) == before
    assert run(capsys, "--user", str(retailer_user.pk), *notes) == "Erased from 0 cancellations.\n"


@pytest.mark.parametrize("notes", [[], ["--notes"]])
def test_everybodys_go_from_what_was_decided_before_a_day(capsys, decided, cancellation, notes):
    day = decided.decided_at.date() + timedelta(days=1)
    Cancellation.objects.filter(pk=cancellation.pk).update(requested_by_name="ruth", note="Open")
    later = CancellationFactory(
        status="rejected", decided_at=datetime(9000, 1, 1, tzinfo=UTC), decided_by_name="sam"
    )
    run(capsys, "--decided-before", day.isoformat(), *notes)
    assert personal(decided) == (set() if notes else {"note", "decision_note"})
    assert personal(cancellation) == {"requested_by_name", "note"}
    assert personal(later) == {"decided_by_name"}


@pytest.fixture
def cancellation():
    """An open one, of another item than ``decided``."""
    return CancellationFactory()


def test_a_deleted_users_go_by_the_name_that_was_kept(capsys, decided, supplier_user):
    name = supplier_user.username
    supplier_user.delete()
    assert "decided_by_name" in personal(decided)
    run(capsys, "--name", name)
    assert not personal(decided) & DECIDER


def test_the_sides_stay_known_for_rows_of_earlier_releases_too():
    rows = {
        status: CancellationFactory(status=status, requested_by_name="ruth", decided_by_name="sam")
        for status in ("confirmed", "rejected", "withdrawn")
    }
    by_system = CancellationFactory(status="confirmed", note="From the import")
    before = {one.pk: (one.requested_party, one.decided_party) for one in rows.values()}
    for name in ("ruth", "sam"):
        assert sum(erased_by_batches(name=name)) == 3
    assert sum(erased_by_batches(decided_before=datetime(9000, 1, 1, tzinfo=UTC), notes=True)) == 1
    after = Cancellation.objects.in_bulk([*before])
    assert {pk: (one.requested_party, one.decided_party) for pk, one in after.items()} == before
    system = Cancellation.objects.get(pk=by_system.pk)
    assert (system.requested_party, system.decided_party, system.note) == ("system", "system", "")


def test_statements_grow_with_batches_and_not_with_rows(monkeypatch):
    def statements(count):
        CancellationFactory.create_batch(count, requested_by_name="ruth")
        with CaptureQueriesContext(connection) as captured:
            assert sum(erased_by_batches(name="ruth")) == count
        return len(captured)

    assert statements(1) == statements(30)
    monkeypatch.setattr("timp_orders.services.erasure.BATCH_SIZE", 10)
    CancellationFactory.create_batch(25, requested_by_name="ruth")
    assert list(erased_by_batches(name="ruth")) == [10, 10, 5]


@pytest.mark.parametrize("given", [{}, {"user": 1, "name": "ruth"}])
def test_exactly_one_says_whose(given):
    with pytest.raises(ValueError, match="whose"):
        next(erased_by_batches(**given))


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--user", "1", "--name", "ruth"],
        ["--user", "nobody"],
        ["--decided-before", "yesterday"],
        ["--decided-before", "2030-02-30"],
        ["--notes"],
    ],
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(CommandError):
        call_command("erase_personal_data", *arguments)


def test_without_time_zones_a_day_is_one_on_the_wall(capsys, settings, decided):
    settings.USE_TZ = False
    assert run(capsys, "--decided-before", "2001-01-01") == "Erased from 0 cancellations.\n"


def test_a_busy_database_is_said_with_what_was_done(decided, monkeypatch):
    def busy(*args, **kwargs):
        raise errors.Busy

    monkeypatch.setattr("timp_orders.services.erasure.in_transaction", busy)
    with pytest.raises(CommandError, match=r"busy; .* Erased before: 0\."):
        call_command("erase_personal_data", "--name", decided.requested_by_name)


def test_a_row_of_the_systems_has_nothing_to_erase(item):
    services.cancel_items(item, by=SYSTEM)
    assert sum(erased_by_batches(decided_before=datetime(9000, 1, 1, tzinfo=UTC))) == 0
