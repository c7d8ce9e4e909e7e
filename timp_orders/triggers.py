"""Triggers by which the database itself protects the audit trail.

They refuse to delete cancellations, and to change facts of those that are decided. Names and notes
of these can be erased, not replaced. What becomes of an open one is the services' to write.
"""

from typing import Any, NamedTuple

from django.db import NotSupportedError, connections, transaction

from timp_orders.models import Cancellation
from timp_orders.models.trail import PERSONAL

__all__ = ["is_protected", "protect", "protect_again", "suspend", "unprotect"]

_TABLE = Cancellation._meta.db_table
_GENERATED = "open"  # by the database, from the status
_personal: list[Any] = [Cancellation._meta.get_field(name) for name in PERSONAL]
_EMPTY = {
    field.column: "NEW.{column} IS NULL" if field.null else "NEW.{column} = ''"
    for field in _personal
}
"""How a column is that was erased, by column."""
# Rows of earlier releases have no side; erasure writes it, as it takes the name away.
_NAMES = {"requested_side": "requested_by_name", "decided_side": "decided_by_name"}

_ON_DELETE = "timp_orders_trail_delete"
_ON_UPDATE = "timp_orders_trail_update"
_ON_TRUNCATE = "timp_orders_trail_truncate"
_FUNCTION = "timp_orders_trail_refuse"

# MariaDB takes 128 characters.
_DELETED = "timp_orders: a cancellation is never deleted; see manage.py protect_trail"
_CHANGED = "timp_orders: facts of a decided cancellation never change; see manage.py protect_trail"


class _Dialect(NamedTuple):
    """How a kind of database says it.

    :ivar differs: that a column is not as it was, to the last byte, whatever its collation.
    :ivar create: creates a trigger, given its name, event, condition and message.
    :ivar find: returns a row if there is the trigger of this name.
    :ivar drop: drops a trigger if there is one.
    :ivar before: is created before these triggers.
    :ivar after: is dropped after them.
    """

    differs: str
    create: str
    find: str
    drop: str = "DROP TRIGGER IF EXISTS {name}"
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


# All of them raise what Django calls an IntegrityError; on MariaDB by the number of a row that
# others refer to.
_DIALECTS = {
    "postgresql": _Dialect(
        differs="OLD.{column} IS DISTINCT FROM NEW.{column}",
        create=(
            "CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN ({condition}) "
            f"EXECUTE FUNCTION {_FUNCTION}('{{message}}')"
        ),
        find=(
            "SELECT 1 FROM pg_trigger WHERE tgname = '{name}' AND tgrelid = to_regclass('{table}')"
        ),
        drop="DROP TRIGGER IF EXISTS {name} ON {table}",
        before=(
            f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'restrict_violation'; "
            "END $$",
            f"CREATE TRIGGER {_ON_TRUNCATE} BEFORE TRUNCATE ON {{table}} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION {_FUNCTION}('{_DELETED}')",
        ),
        after=(f"DROP FUNCTION IF EXISTS {_FUNCTION}()",),
    ),
    "mysql": _Dialect(
        differs="NOT (BINARY OLD.{column} <=> BINARY NEW.{column})",
        create=(
            "CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW IF {condition} THEN "
            "SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = 1451, MESSAGE_TEXT = '{message}'; END IF"
        ),
        find=(
            "SELECT 1 FROM information_schema.triggers "
            "WHERE trigger_name = '{name}' AND trigger_schema = DATABASE()"
        ),
    ),
    "sqlite": _Dialect(
        differs="OLD.{column} IS NOT NEW.{column}",
        create=(
            "CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN {condition} "
            "BEGIN SELECT RAISE(ABORT, '{message}'); END"
        ),
        find="SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = '{name}'",
    ),
}


def protect(using: str) -> None:
    """Create the triggers, in place of those that are there.

    PostgreSQL and SQLite do so in one transaction. On PostgreSQL it locks the table for a moment.

    :raises django.db.NotSupportedError: the app knows no triggers for this kind of database.
    :raises LookupError: there is no table of cancellations in it.
    :raises django.db.DatabaseError: the user of the database must not create them, say.
    """
    dialect = _dialect(using)
    columns = _columns(using)
    if not columns:
        raise LookupError(f"There is no table of cancellations in the database {using!r}.")
    triggers = [
        {"name": _ON_DELETE, "event": "DELETE", "condition": "TRUE", "message": _DELETED},
        {
            "name": _ON_UPDATE,
            "event": "UPDATE",
            "condition": _changed(dialect, columns),
            "message": _CHANGED,
        },
    ]
    _execute(
        using,
        *_dropped(dialect),
        *dialect.before,
        *(dialect.create.format(table="{table}", **trigger) for trigger in triggers),
    )


def unprotect(using: str) -> None:
    """Drop the triggers, if they are there.

    :raises django.db.NotSupportedError: the app knows no triggers for this kind of database.
    :raises django.db.DatabaseError: the user of the database must not drop them, say.
    """
    dialect = _dialect(using)
    _execute(using, *_dropped(dialect), *dialect.after)


def is_protected(using: str) -> bool:
    """Tell whether cancellations cannot be deleted; the other triggers come and go with that."""
    dialect = _DIALECTS.get(connections[using].vendor)
    if dialect is None:
        return False
    with connections[using].cursor() as cursor:
        cursor.execute(dialect.find.format(name=_ON_DELETE, table=_TABLE))
        return cursor.fetchone() is not None


_suspended: set[str] = set()


def suspend(using: str, plan: Any, **kwargs: Any) -> None:
    """Let migrations change decided cancellations; a receiver of ``pre_migrate``.

    They may fill a new column. A trigger that compares a column also stands in the way of dropping
    it: SQLite refuses that, and MariaDB every later UPDATE. Nothing can be deleted all the while.
    """
    if plan and is_protected(using):
        _execute(using, _dialect(using).drop.format(name=_ON_UPDATE, table="{table}"))
        _suspended.add(using)


def protect_again(using: str, **kwargs: Any) -> None:
    """Protect what was protected before migrations ran; a receiver of ``post_migrate``.

    SQLite writes a table that is altered anew, without its triggers.
    """
    if using in _suspended:
        _suspended.discard(using)
        if _columns(using):
            protect(using)
        else:
            unprotect(using)  # PostgreSQL keeps the function when the table is dropped


def _dialect(using: str) -> _Dialect:
    vendor = connections[using].vendor
    if vendor not in _DIALECTS:
        raise NotSupportedError(f"There are no triggers of the audit trail for {vendor}.")
    return _DIALECTS[vendor]


def _columns(using: str) -> list[str]:
    """Return the table's columns as they are, whatever was migrated; none if there is no table."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if _TABLE not in connection.introspection.table_names(cursor):
            return []
        found = connection.introspection.get_table_description(cursor, _TABLE)
    return [column.name for column in found]


def _changed(dialect: _Dialect, columns: list[str]) -> str:
    """Return the condition that a decided cancellation is changed by more than erasure."""
    changes = []
    for column in columns:
        differs = dialect.differs.format(column=column)
        if column in _EMPTY:
            changes.append(f"({differs} AND NOT ({_EMPTY[column].format(column=column)}))")
        elif name := _NAMES.get(column):
            is_erased = f"OLD.{column} = '' AND OLD.{name} <> '' AND NEW.{name} = ''"
            changes.append(f"({differs} AND NOT ({is_erased}))")
        elif column != _GENERATED:
            changes.append(differs)
    return f"OLD.decided_at IS NOT NULL AND ({' OR '.join(changes)})"


def _dropped(dialect: _Dialect) -> list[str]:
    names = (_ON_DELETE, _ON_UPDATE, _ON_TRUNCATE)
    return [dialect.drop.format(name=name, table="{table}") for name in names]


def _execute(using: str, *statements: str) -> None:
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.replace("{table}", connection.ops.quote_name(_TABLE)))
