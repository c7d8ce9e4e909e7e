"""Which errors mean that the database is busy, and what is done about them."""

import sqlite3

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from timp_orders.errors import Busy
from timp_orders.models import Cancellation, OrderItem, Organization
from timp_orders.services import BY_ACTION, SYSTEM, engine, optimistic
from timp_orders.services.transactions import in_transaction, is_busy, is_duplicate
from timp_orders.signals import cancellations_changed
from timp_orders.states import Action

ITEMS = OrderItem._meta.db_table
CANCELLATIONS = Cancellation._meta.db_table


class PostgreSQLError(Exception):
    def __init__(self, attribute, sqlstate):
        setattr(self, attribute, sqlstate)


class SQLiteError(Exception):
    def __init__(self, code):
        self.sqlite_errorcode = code


def wrapped(cause, *args, kind=OperationalError):
    """Make the error that Django makes of a driver's."""
    error = kind(*args)
    error.__cause__ = cause
    return error


def postgresql(sqlstate, attribute="sqlstate"):
    return wrapped(PostgreSQLError(attribute, sqlstate), "a message")


def mysql(code):
    return wrapped(Exception(code, "a message"), code, "a message")


def sqlite(code):
    return wrapped(SQLiteError(code), "database is locked")


def pool(name, module="psycopg_pool"):
    """Make the error of psycopg's pool, which the environment of the tests need not have."""
    return wrapped(type(name, (Exception,), {"__module__": module})("a message"), "a message")


def busy():
    """Make what the database of this run says when it is busy."""
    return {"postgresql": postgresql("40001"), "mysql": mysql(1213)}.get(
        connection.vendor, sqlite(sqlite3.SQLITE_BUSY)
    )


class TestWhatIsBusy:
    @pytest.mark.parametrize(
        "error",
        [
            *[postgresql(state) for state in ("40001", "40P01", "55P03")],
            *[postgresql(state, "pgcode") for state in ("40001", "40P01", "55P03")],
            *[mysql(code) for code in (1020, 1205, 1213)],
            mysql(1047),  # a node of Galera that has lost the others
            pool("PoolTimeout"),
            pool("TooManyRequests"),
            sqlite(sqlite3.SQLITE_BUSY),
            sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT),
            sqlite(sqlite3.SQLITE_BUSY_RECOVERY),
        ],
    )
    def test_what_was_not_begun_or_not_committed_is(self, error):
        assert is_busy(error)

    @pytest.mark.parametrize(
        "error",
        [
            postgresql("23505"),  # unique violation
            postgresql("57P01"),  # the server is being shut down
            postgresql("08006"),  # connection failure
            postgresql("40003"),  # statement completion unknown
            postgresql(None),  # the connection was lost
            postgresql(None, "pgcode"),
            mysql(1062),  # duplicate entry
            mysql(2006),  # server has gone away
            mysql(2013),  # connection lost during a query
            sqlite(sqlite3.SQLITE_LOCKED),  # within one connection: a bug, not a queue
            sqlite(sqlite3.SQLITE_CONSTRAINT),
            sqlite(sqlite3.SQLITE_FULL),
            pool("PoolClosed"),  # the host's own doing
            pool("PoolTimeout", module="somebody"),
            wrapped(None),
            wrapped(None, "database is locked"),
            # The message of a PostgreSQL error is not mistaken for a MariaDB number.
            wrapped(PostgreSQLError("sqlstate", "23505"), 1213),
            wrapped(SQLiteError(sqlite3.SQLITE_CONSTRAINT), 1205),
        ],
    )
    def test_all_else_is_not(self, error):
        assert not is_busy(error)

    def test_what_sqlite_really_raises_is(self, tmp_path):
        with sqlite3.connect(tmp_path / "one.sqlite3") as holder:
            holder.execute("BEGIN IMMEDIATE")
            waiting = sqlite3.connect(tmp_path / "one.sqlite3", timeout=0)
            with pytest.raises(sqlite3.OperationalError) as raised:
                waiting.execute("BEGIN IMMEDIATE")
            waiting.close()
        holder.close()
        assert is_busy(wrapped(raised.value, *raised.value.args))


class TestWhatIsADuplicate:
    def test_what_the_database_of_this_run_raises_is(self, db):
        organization = Organization.objects.create(name="one", org_type="supplier")
        with pytest.raises(IntegrityError) as raised, transaction.atomic():
            Organization.objects.create(uuid=organization.uuid, name="two", org_type="supplier")
        assert is_duplicate(raised.value)
        assert not is_busy(raised.value)

    @pytest.mark.parametrize(
        "error",
        [
            postgresql("23505"),
            postgresql("23505", "pgcode"),
            mysql(1062),
            sqlite(sqlite3.SQLITE_CONSTRAINT_UNIQUE),
        ],
    )
    def test_a_violated_unique_constraint_is_on_every_database(self, error):
        assert is_duplicate(error)

    @pytest.mark.parametrize(
        "error",
        [
            postgresql("23503"),  # foreign key
            postgresql("23514"),  # check
            mysql(1452),
            mysql(4025),
            sqlite(sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY),
            sqlite(sqlite3.SQLITE_CONSTRAINT_CHECK),
            wrapped(None),
            wrapped(None, "UNIQUE constraint failed"),
            wrapped(PostgreSQLError("sqlstate", "23503"), 1062),
        ],
    )
    def test_any_other_constraint_is_not(self, error):
        assert not is_duplicate(error)


class Work:
    """Writes a row at each try, and fails at some."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.tries = 0

    def __call__(self):
        self.tries += 1
        Organization.objects.create(name=f"try {self.tries}", org_type="supplier")
        if self.failures:
            raise self.failures.pop(0)
        return self.tries


def written():
    return list(Organization.objects.order_by("pk").values_list("name", flat=True))


@pytest.mark.django_db(transaction=True)
class TestInATransactionOfItsOwn:
    def test_the_result_is_returned_and_committed(self):
        work = Work()
        assert in_transaction(work, "default") == 1
        assert written() == ["try 1"]
        assert not connection.in_atomic_block

    def test_busy_once_is_tried_again_from_the_beginning(self):
        assert in_transaction(Work(busy()), "default") == 2
        assert written() == ["try 2"]

    def test_busy_twice_is_busy_and_nothing_is_written(self):
        work = Work(busy(), busy(), busy())
        with pytest.raises(Busy) as raised:
            in_transaction(work, "default")
        assert work.tries == 2
        assert is_busy(raised.value.__cause__)
        assert written() == []

    def test_busy_at_the_commit_is_tried_again_too(self, monkeypatch):
        commit, failures = connection.commit, [busy()]

        def fail_once():
            if failures:
                raise failures.pop()
            commit()

        monkeypatch.setattr(connection, "commit", fail_once)
        assert in_transaction(Work(), "default") == 2
        assert written() == ["try 2"]

    def test_a_connection_lost_at_the_commit_is_not_tried_again(self, monkeypatch):
        # The commit may have happened: nobody knows, so "nothing was written" would be a lie.
        def lose():
            raise mysql(2013)

        work = Work()
        with monkeypatch.context() as patched:
            patched.setattr(connection, "commit", lose)
            with pytest.raises(OperationalError):
                in_transaction(work, "default")
        assert work.tries == 1

    @pytest.mark.parametrize(
        "error", [IntegrityError("no"), DatabaseError(), OperationalError("gone"), ValueError("no")]
    )
    def test_any_other_error_is_raised_as_it_is(self, error):
        work = Work(error)
        with pytest.raises(type(error)) as raised:
            in_transaction(work, "default")
        assert raised.value is error
        assert work.tries == 1
        assert written() == []

    def test_an_error_of_the_work_that_means_busy_is_tried_again_too(self):
        assert in_transaction(Work(KeyError()), "default", again=KeyError) == 2
        assert written() == ["try 2"]

    def test_an_error_of_the_work_that_means_busy_twice_is_busy(self):
        with pytest.raises(Busy):
            in_transaction(Work(KeyError(), KeyError()), "default", again=KeyError)
        assert written() == []

    def test_another_error_at_the_second_try_is_raised_as_it_is(self):
        with pytest.raises(ValueError, match="second"):
            in_transaction(Work(busy(), ValueError("second")), "default")
        assert written() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", ["confirm", "reject", "withdraw"])
def test_a_second_try_compares_with_what_was_ruled_on(item, cancellation, monkeypatch, action):
    """Not with what the first one wrote, which was undone."""
    real, tries = optimistic._decision, []

    def busy_once(*args):
        tries.append(args)
        if len(tries) == 1:
            raise Busy
        return real(*args)

    monkeypatch.setattr(optimistic, "_decision", busy_once)
    monkeypatch.setattr(engine, "_lock_one", lambda *args: pytest.fail("It was ruled on anew."))
    assert BY_ACTION[Action(action)](item.uuid, by=SYSTEM).changed == [item.uuid]
    cancellation.refresh_from_db()
    assert cancellation.item_status == "Allocated"


@pytest.mark.django_db(transaction=True)
class TestInATransactionOfSomebodyElses:
    def test_it_is_never_tried_again(self):
        work = Work(busy())
        with transaction.atomic(), pytest.raises(Busy):
            in_transaction(work, "default")
        assert work.tries == 1

    def test_what_they_wrote_before_and_after_is_kept(self):
        with transaction.atomic():
            Organization.objects.create(name="before", org_type="supplier")
            with pytest.raises(Busy):
                in_transaction(Work(busy()), "default")
            Organization.objects.create(name="after", org_type="supplier")
        assert written() == ["before", "after"]

    def test_it_ends_with_theirs(self):
        with transaction.atomic():
            in_transaction(Work(), "default")
            transaction.set_rollback(True)
        assert written() == []

    def test_one_that_they_began_without_atomic_is_theirs_too(self):
        transaction.set_autocommit(False)
        try:
            work = Work(busy())
            with pytest.raises(Busy):
                in_transaction(work, "default")
            assert work.tries == 1
        finally:
            transaction.rollback()
            transaction.set_autocommit(True)


def _about(sql, table):
    """Tell whether a statement locks or writes the rows of this table."""
    quoted = connection.ops.quote_name(table)
    return sql.startswith(f"UPDATE {quoted}") or f"FROM {quoted}" in sql.partition("WHERE")[0]


@pytest.mark.parametrize("action", ["confirm", "reject", "withdraw", "cancel"])
def test_within_it_an_item_is_locked_before_its_cancellation(item, cancellation, action):
    """As by every other call: in the other order, they would wait for each other in a circle."""

    def listen(**kwargs):
        pass

    cancellations_changed.connect(listen)
    try:
        with transaction.atomic(), CaptureQueriesContext(connection) as captured:
            BY_ACTION[Action(action)](item, by=SYSTEM)
    finally:
        cancellations_changed.disconnect(listen)
    locking = [
        query["sql"]
        for query in captured
        if query["sql"].startswith("UPDATE") or " FOR " in query["sql"].partition("WHERE")[2]
    ]
    tables = [table for sql in locking for table in (ITEMS, CANCELLATIONS) if _about(sql, table)]
    if action in ("reject", "withdraw") and not connection.features.has_select_for_update:
        tables = [ITEMS, *tables]  # SQLite has one lock for all
    assert tables[0] == ITEMS
    assert CANCELLATIONS in tables
