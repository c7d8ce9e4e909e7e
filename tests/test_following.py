"""Following what changes, while transactions commit late: the two ways that the documents give.

Keys and moments are given before they are committed, so that a row may appear behind a cursor, and
before a moment, that a reader has passed already.
"""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.interleaving import LEVELS, PATIENCE, SQLITE, Session
from timp_orders import services
from timp_orders.models import Cancellation
from timp_orders.services import SYSTEM
from timp_orders.testing import CancellationFactory, OrderItemFactory, UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(SQLITE, reason="has one writer at a time"),
]

OVERLAP = timedelta(minutes=5)
PATH = "/timp/orders/items/cancel/"


class Late:
    """A transaction of another session, which has written and commits when it is told to."""

    def __init__(self, work):
        self.written, self.told = threading.Event(), threading.Event()
        self.session = Session(LEVELS[0], lambda: self.run(work))
        self.session.start()
        assert self.written.wait(PATIENCE), self.session.error

    def run(self, work):
        with transaction.atomic():
            work()
            self.written.set()
            assert self.told.wait(PATIENCE)

    def commit(self):
        self.told.set()
        self.session.finish()


@pytest.fixture
def client_of_an_operator(client):
    client.force_login(UserFactory(permissions=["cancel_any_order"]))
    return client


@pytest.fixture
def read(client_of_an_operator):
    """Read a whole list: each row's UUID and status."""

    def read(**query):
        path, query, found = PATH, {"page_size": 2, **query}, set()
        while path:
            page = client_of_an_operator.get(path, query).json()
            found |= {(row["uuid"], row["status"]) for row in page["results"]}
            path, query = page["next"], None
        return found

    return read


class ByMoment:
    """Asks what changed since the reading before, less the overlap."""

    def __init__(self, read, overlap=OVERLAP):
        self.read, self.overlap = read, overlap
        self.since, self.seen = timezone.now() - timedelta(days=1), []

    def poll(self):
        began = timezone.now()
        for row in self.read(changed_after=(self.since - self.overlap).isoformat()):
            if row not in self.seen:
                self.seen.append(row)
        self.since = began


class ByWorkList:
    """Reads what is open, from the beginning."""

    def __init__(self, read):
        self.read, self.seen = read, []

    def poll(self):
        for row in self.read(status="requested"):
            if row not in self.seen:
                self.seen.append(row)


class ByCursor(ByWorkList):
    """Keeps the last cursor, which is what the documents warn of."""

    after = 0

    def poll(self):
        for row in self.read(status="requested", cursor=f"after-{self.after}"):
            if row not in self.seen:
                self.seen.append(row)
        newest = Cancellation.objects.order_by("pk").last()
        self.after = newest.pk if newest else 0


def rows():
    return {(str(it.uuid), it.status) for it in Cancellation.objects.all()}


def request(*items):
    services.request_cancellation([item.uuid for item in items], by=SYSTEM)


def a_request_that_commits_after_a_later_one(reader):
    early, late = OrderItemFactory.create_batch(2)
    waiting = Late(lambda: request(early))
    request(late)
    reader.poll()
    waiting.commit()
    reader.poll()


@pytest.mark.parametrize("reader", [ByMoment, ByWorkList])
def test_a_request_that_commits_late_is_not_missed(read, reader):
    following = reader(read)
    a_request_that_commits_after_a_later_one(following)
    assert set(following.seen) == rows()
    assert len(following.seen) == 2


def test_a_cursor_that_is_kept_misses_it(read):
    following = ByCursor(read)
    a_request_that_commits_after_a_later_one(following)
    assert len(following.seen) == 1


def test_without_an_overlap_it_is_missed(read):
    following = ByMoment(read, overlap=timedelta(0))
    following.poll()
    a_request_that_commits_after_a_later_one(following)
    assert len(following.seen) == 1


@pytest.mark.parametrize("action", ["confirm", "reject", "withdraw"])
def test_a_decision_that_commits_late_is_not_missed(read, action):
    following = ByMoment(read)
    decided, other = CancellationFactory.create_batch(2)
    following.poll()
    service = services.BY_ACTION[action]
    waiting = Late(lambda: service(decided.order_item.uuid, by=SYSTEM))
    service(other.order_item.uuid, by=SYSTEM)
    following.poll()
    waiting.commit()
    following.poll()
    assert rows() <= set(following.seen)
    # Each was seen open, and decided; none twice.
    assert len(following.seen) == len(set(following.seen)) == 4


def test_one_that_is_rolled_back_is_never_seen(read):
    following = ByMoment(read)
    item = OrderItemFactory()
    with transaction.atomic():
        request(item)
        transaction.set_rollback(True)
    following.poll()
    assert following.seen == []
    connection.close()
