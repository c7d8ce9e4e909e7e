"""The confirm over the API, request by request, and sent again; relative to the tutorial's."""

from django.db import connection, reset_queries
from django.test.utils import CaptureQueriesContext

from tests.benchmarks.calls import Caller
from tests.benchmarks.timing import WARM_UP, interleave, summed_up
from tests.benchmarks.world import contenders, seed, url_of


def measure(options):
    """Confirm items that have a request, then send the same confirms again."""
    rounds = 200 if options.short else options.rounds
    names = contenders()
    # One more than is timed: its statements are counted.
    uuids = {name: seed(name, rounds + WARM_UP + 1) for name in names}
    work = {name: _confirming(name, uuids[name]) for name in names}
    rows = _measured(work, rounds, "confirm")
    work.pop("floor", None)  # it has no statement for replays
    return rows + _measured(work, rounds, "replay")


def _confirming(name, uuids):
    call = Caller()

    def confirm(number):
        status, body = call("PATCH", url_of(name, uuids[number]))
        if status != 200 or b'"Cancelled"' not in body:
            raise AssertionError(f"{name} answered {status}: {body[:500]!r}")

    return confirm


def _measured(work, rounds, title):
    found = summed_up(interleave(work, rounds, title), "tutorial")
    return [
        {
            "call": title,
            "contender": name,
            **found[name],
            "statements": statements(lambda confirm=confirm: confirm(rounds + WARM_UP)),
        }
        for name, confirm in work.items()
    ]


def statements(work):
    """Count the statements of a piece of work, ``BEGIN`` and ``COMMIT`` included."""
    reset_queries()
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)
