"""Run something in another session just before a statement of this one, or while it waits.

On SQLite there is one moment only: a transaction takes the write lock as it begins, so all that
others do comes before its BEGIN. There both helpers run it then, in the same session.
"""

import re
import threading
import time
from contextlib import contextmanager

from django.db import connection, transaction

SQLITE = connection.vendor == "sqlite"
PATIENCE = 10

LEVELS = {
    "sqlite": ["IMMEDIATE"],
    "postgresql": ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"],
    "mysql": ["READ COMMITTED", "REPEATABLE READ"],
}[connection.vendor]

_SET_LEVEL = {
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL ",
    "mysql": "SET SESSION TRANSACTION ISOLATION LEVEL ",
}
# What MariaDB has in its information_schema about waits is a copy, and old while others ask too.
_IS_WAITING = {
    "postgresql": "SELECT cardinality(pg_blocking_pids(%s)) > 0",
    "mysql": "SHOW ENGINE INNODB STATUS",
}
_SESSION = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT connection_id()"}


def set_isolation(level):
    """Set the isolation level of the transactions to come in this session."""
    if not SQLITE:
        with connection.cursor() as cursor:
            cursor.execute(_SET_LEVEL[connection.vendor] + level)


class Session(threading.Thread):
    """Another session of the database's, which does one thing."""

    def __init__(self, level, work):
        super().__init__(daemon=True)
        self.level, self.work, self.error = level, work, None

    def run(self):
        try:
            set_isolation(self.level)
            self.work()
        except BaseException as error:  # raised by finish(), in the test
            self.error = error
        finally:
            connection.close()

    def finish(self):
        self.join(PATIENCE)
        assert not self.is_alive(), "the other session waits for this one"
        if self.error:
            raise self.error


@contextmanager
def just_before(statement, work, level):
    """Do the work, committed, in another session before the first statement that matches."""

    def elsewhere():
        other = Session(level, work)
        other.start()
        other.finish()

    with _before("^BEGIN" if SQLITE else statement, work if SQLITE else elsewhere):
        yield


@contextmanager
def in_the_same_session(statement, work):
    """Do the work before the first statement that matches, past every lock."""
    with _before(statement, work):
        yield


@contextmanager
def _before(statement, work):
    pending = [work]

    def wrapper(execute, sql, params, many, context):
        if pending and re.search(statement, sql, re.DOTALL):
            pending.pop()()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield
    assert not pending, f"nothing like {statement} was run"


@contextmanager
def while_waiting(work, level, *, meanwhile=lambda: None):
    """Do the work in a transaction of another session, which commits once this session waits.

    :param meanwhile: done in that transaction too, while this session waits.
    :raises AssertionError: this session never waited.
    """
    if SQLITE:
        with just_before("^BEGIN", lambda: (work(), meanwhile()), level):
            yield
        return
    done = threading.Event()
    with connection.cursor() as cursor:
        cursor.execute(_SESSION[connection.vendor])
        (this,) = cursor.fetchone()

    def hold():
        with transaction.atomic():
            work()
            done.set()
            wait_until_waiting(this)
            meanwhile()

    other = Session(level, hold)
    other.start()
    assert done.wait(PATIENCE), other.error
    yield
    other.finish()


def wait_until_waiting(session):
    """Wait until that session waits for a lock."""
    until = time.monotonic() + PATIENCE
    with connection.cursor() as cursor:
        while not is_waiting(cursor, session):
            assert time.monotonic() < until, "that session does not wait"
            time.sleep(0.01)


def is_waiting(cursor, session):
    if connection.vendor == "postgresql":
        cursor.execute(_IS_WAITING["postgresql"], [session])
        return cursor.fetchone()[0]
    cursor.execute(_IS_WAITING["mysql"])
    transactions = cursor.fetchone()[2].split("---TRANSACTION")
    waiting = [text for text in transactions if "LOCK WAIT" in text]
    return any(re.search(rf" thread id {session}\b", text) for text in waiting)
