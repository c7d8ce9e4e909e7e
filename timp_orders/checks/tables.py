"""System check of the tables: that the cancellations point to the items that are in force."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connections, router

from timp_orders.conf import ORDER_ITEM_MODEL
from timp_orders.models import Cancellation, get_order_item_model

__all__ = ["check_foreign_key"]


def check_foreign_key(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Check which table the foreign key of the cancellations leads to, in the database itself.

    It leads elsewhere where the app was migrated before ``TIMP_ORDERS_ORDER_ITEM_MODEL`` was set.
    A check of databases: ``migrate`` and ``check --database`` run it.
    """
    alias = router.db_for_write(Cancellation)
    if alias not in (databases or ()):
        return []
    try:
        model = get_order_item_model()
    except LookupError:
        return []  # reported as E008
    target = _target(alias)
    if target in (None, model._meta.db_table):
        return []
    return [
        Error(
            f"The cancellations in the database {alias!r} belong to the table {target!r}, not to "
            f"{model._meta.db_table!r} of {model._meta.label}.",
            hint=f"The app was migrated with another {ORDER_ITEM_MODEL}. While it has no "
            "cancellations: take the setting out, python manage.py migrate timp_orders zero, set "
            "it again, and migrate. Otherwise see docs/hosts.rst.",
            obj=model,
            id="timp_orders.E023",
        )
    ]


def _target(alias: str) -> str | None:
    """Return the table that the foreign key leads to; ``None`` without one."""
    connection = connections[alias]
    table = Cancellation._meta.db_table
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return None
        constraints = connection.introspection.get_constraints(cursor, table).values()
    for constraint in constraints:
        if constraint["foreign_key"] and constraint["columns"] == ["order_item_id"]:
            return str(constraint["foreign_key"][0])
    return None
