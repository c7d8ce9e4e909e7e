"""Transactions with one retry, and the database errors that mean that it was busy."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DatabaseError, IntegrityError, connections, transaction

from timp_orders.errors import Busy

__all__ = [
    "in_transaction",
    "is_busy",
    "is_duplicate",
    "is_unstorable_text",
    "outside_atomic_requests",
]

T = TypeVar("T")
ViewT = TypeVar("ViewT", bound=Callable[..., Any])

# Lock timeouts, deadlocks and serialization failures; a node of a Galera cluster that has lost the
# others (1047), and no connection to be had from a pool. Nothing else: after any of these the
# database has written nothing. (After a connection lost at COMMIT, nobody knows.)
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_SQLSTATES = {"40001", "40P01", "55P03"}
# https://mariadb.com/kb/en/mariadb-error-code-reference/
_MYSQL_ERRORS = {1020, 1047, 1205, 1213}
# https://www.sqlite.org/rescode.html#busy; the low byte of its extended codes
_SQLITE_BUSY = 5
# https://www.psycopg.org/psycopg3/docs/api/pool.html; not imported, since hosts need not have it
_POOL_ERRORS = {("psycopg_pool", "PoolTimeout"), ("psycopg_pool", "TooManyRequests")}

# The same sources' numbers of a violated unique constraint.
_SQLSTATE_UNIQUE = "23505"
_MYSQL_UNIQUE = 1062
_SQLITE_UNIQUE = 2067


# "Incorrect string value", "illegal mix of collations", "cannot convert".
_MYSQL_UNSTORABLE = {1366, 1267, 3988, 1977}


def is_busy(error: DatabaseError) -> bool:
    """Tell whether the database was busy, and has written nothing: trying again is safe.

    That is: a lock timeout, a deadlock, a serialization failure, a node without its cluster, or an
    exhausted pool.
    """
    kind = type(error.__cause__)
    if (kind.__module__, kind.__name__) in _POOL_ERRORS:
        return True
    sqlstate, sqlite, mysql = _codes(error)
    if sqlite is not None:
        return sqlite & 0xFF == _SQLITE_BUSY
    return sqlstate in _SQLSTATES or mysql in _MYSQL_ERRORS


def is_duplicate(error: IntegrityError) -> bool:
    """Tell whether a unique constraint was violated."""
    sqlstate, sqlite, mysql = _codes(error)
    return sqlstate == _SQLSTATE_UNIQUE or sqlite == _SQLITE_UNIQUE or mysql == _MYSQL_UNIQUE


def is_unstorable_text(error: DatabaseError) -> bool:
    """Tell whether a text has a character that a table's character set lacks (utf8mb3, say)."""
    return _codes(error)[2] in _MYSQL_UNSTORABLE


def _codes(error: DatabaseError) -> tuple[str | None, int | None, object]:
    """Return the SQLSTATE of PostgreSQL, SQLite's code and MariaDB's: the one that there is."""
    cause = error.__cause__
    sqlstate = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    sqlite = getattr(cause, "sqlite_errorcode", None)
    if sqlstate or sqlite is not None:
        return sqlstate, sqlite, None
    return None, None, next(iter(error.args), None)


def outside_atomic_requests(view: ViewT) -> ViewT:
    """Keep a view out of the transactions of ``ATOMIC_REQUESTS``, whichever databases have them.

    What a service function commits would be committed after the view otherwise: a conflict there is
    no refusal any more, but an error of the server, and nothing tries again.
    """
    for alias in connections:
        transaction.non_atomic_requests(using=alias)(view)
    return view


def in_transaction(work: Callable[[], T], using: str, *, again: type[Exception] = Busy) -> T:
    """Run work in a transaction, and retry it once if the database was busy.

    Within a transaction of somebody else's it is tried once only, since what they did before in it
    cannot be repeated from here.

    :param work: reads all that it decides by inside, so that it can be repeated.
    :param again: an error of the work that means "busy" too.
    :raises RuntimeError: it was committed, and then a callback of ``on_commit`` was busy.
    :raises Busy: it was busy again; the transaction (the savepoint, within somebody else's) was
        rolled back.
    """
    is_own = connections[using].get_autocommit()
    tries = 2 if is_own else 1
    committed: list[bool] = []
    while True:
        tries -= 1
        try:
            with transaction.atomic(using=using):
                if is_own:
                    transaction.on_commit(lambda: committed.append(True), using=using)
                return work()
        except (DatabaseError, again) as error:
            if committed:  # whatever it is, it does not mean that nothing was written
                raise RuntimeError("An on_commit callback failed.") from error
            if isinstance(error, DatabaseError) and not is_busy(error):
                raise
            if not tries:
                raise Busy from error
