"""Runs of the deadlines, and what others do in each of their windows, at every isolation level."""

from datetime import timedelta
from itertools import product

import pytest
from django.db import transaction
from django.utils import timezone

from tests.interleaving import in_the_same_session, just_before, while_waiting
from tests.test_interleavings import (  # the fixtures, too
    CANCELLATION_UPDATE,
    ITEM_LOCK,
    _empty_by_delete,
    do,
    level,
)
from timp_orders import services, signals
from timp_orders.models import Cancellation, Organization
from timp_orders.services import enforce_deadlines
from timp_orders.testing import CancellationFactory, OrderItemFactory

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["_empty_by_delete", "level"]

HOUR = timedelta(hours=1)
SIGNALS = ["due", "overdue", "confirmed", "rejected"]
OTHERS = ["confirm", "reject", "withdraw", "ship", "withdraw, request", "run"]
WINDOWS = {
    "before the lock": lambda work, level: just_before(ITEM_LOCK, work, level),
    "waiting for the lock": while_waiting,
}


@pytest.fixture(autouse=True)
def _configured(settings):
    settings.TIMP_ORDERS = {"REMIND_BEFORE": 6 * HOUR, "ON_DEADLINE": "confirm"}


@pytest.fixture(autouse=True)
def notes():
    """Receivers that write a row each, which is committed with what they were told of."""
    kept = []
    for name in SIGNALS:

        def note(cancellation, name=name, **kwargs):
            Organization.objects.create(
                name=f"note {name} {cancellation.uuid}", org_type="retailer"
            )

        getattr(signals, f"cancellation_{name}").connect(note)
        kept.append((name, note))
    yield
    for name, note in kept:
        getattr(signals, f"cancellation_{name}").disconnect(note)


def written(cancellation):
    """The signals that were committed about a cancellation."""
    names = Organization.objects.filter(name__startswith="note", name__endswith=cancellation.uuid)
    return sorted(name.split()[1] for name in names.values_list("name", flat=True))


def waiting(step):
    """Make a cancellation that waits for a step of the run."""
    now = timezone.now()
    columns = {
        "remind": {"respond_by": now + HOUR},
        "mark": {"respond_by": now - HOUR},
        "mark by deciding": {"respond_by": now - HOUR},
        "confirm": {"respond_by": now - HOUR, "overdue_at": now, "on_deadline": "confirm"},
    }[step]
    return CancellationFactory(order_item=OrderItemFactory(), **columns)


def elsewhere(what, item):
    if what == "run":
        return lambda: enforce_deadlines()
    return do(what.split(", "), item)


@pytest.mark.parametrize(
    ("step", "what", "window"),
    list(product(["remind", "mark", "mark by deciding", "confirm"], OTHERS, WINDOWS)),
)
def test_whatever_comes_between_each_happens_once_and_one_decides(
    level, monkeypatch, step, what, window
):
    if step == "mark by deciding":  # as it is where nobody listens
        monkeypatch.setattr(signals.cancellation_overdue, "receivers", [])
    cancellation = waiting(step)
    item = cancellation.order_item
    with WINDOWS[window](elsewhere(what, item), level):
        done = enforce_deadlines()
    assert {error.code for error in done.refused.values()} <= {"busy"}  # and that rarely
    again = enforce_deadlines()
    assert not again.refused
    cancellation.refresh_from_db()
    item.refresh_from_db()
    told = written(cancellation)
    assert len(told) == len(set(told))
    assert ("due" in told) == (cancellation.reminded_at is not None)
    # One that waited for its decision was marked before there was anybody to be told.
    is_marked = cancellation.overdue_at is not None
    assert ("overdue" in told) == (step in ("remind", "mark") and is_marked)
    if cancellation.decided_via == "deadline":
        assert is_marked
    assert [name for name in told if name in ("confirmed", "rejected")] == [
        name for name in ["confirmed", "rejected"] if name == cancellation.status
    ]
    assert (item.status == "Cancelled") == (cancellation.status == "confirmed")
    by_people = {"confirm": "confirmed", "reject": "rejected", "withdraw": "withdrawn"}
    decided = by_people.get(what.partition(",")[0])
    if decided:
        assert (cancellation.status, cancellation.decided_via) == (decided, "code")
        assert told == [name for name in [decided] if name != "withdrawn"]
    elif step != "remind":
        shipped = what == "ship"
        assert cancellation.status == ("rejected" if shipped else "confirmed")
        assert cancellation.decided_via == "deadline"
    if what == "withdraw, request":
        newer = item.cancellations.get(status="requested")
        assert (newer.overdue_at, newer.reminded_at) == (None, None)


@pytest.mark.parametrize("step", ["remind", "mark"])
def test_a_mark_is_compared_with_what_was_read(level, step):
    """Past every lock: somebody's SQL, in the same transaction, which is not tried again."""
    cancellation = waiting(step)
    column = "reminded_at" if step == "remind" else "overdue_at"

    def mark():
        Cancellation.unguarded.filter(pk=cancellation.pk).update(**{column: timezone.now()})

    with transaction.atomic(), in_the_same_session(CANCELLATION_UPDATE, mark):
        done = enforce_deadlines()
    assert [error.code for error in done.refused.values()] == ["busy"]
    assert written(cancellation) == []


def test_others_do_not_wait_for_a_run(level):
    first, second = waiting("mark"), waiting("remind")
    with just_before(CANCELLATION_UPDATE, do(["reject"], first.order_item), level):
        done = enforce_deadlines()
    assert done == services.Enforced(reminded=1)
    assert (written(first), written(second)) == (["rejected"], ["due"])
