"""Statements that are compiled once, and run with other values each time.

Django takes longer to build and compile a query set than a database takes to answer it. Here it
does so once, and a call only fills in its values.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any

from django.db import connections, transaction
from django.db.models import Expression, QuerySet
from django.db.models.sql import UpdateQuery

__all__ = ["Parameter", "Selection", "Update"]


class Parameter(Expression):
    """A value that a statement leaves open.

    :param name: the keyword argument that gives it.
    :param field: the field that it is compared with or written to, which prepares the value; of a
        foreign key, its target does.
    """

    def __init__(self, name: str, field: Any) -> None:
        super().__init__(output_field=field.target_field if field.is_relation else field)
        self.name = name
        self._is_saved = False

    def resolve_expression(
        self,
        query: Any = None,
        allow_joins: bool = True,
        reuse: Any = None,
        summarize: bool = False,
        for_save: bool = False,
    ) -> "Parameter":
        resolved: Parameter = super().resolve_expression(
            query, allow_joins, reuse, summarize, for_save
        )
        resolved._is_saved = for_save
        return resolved

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)

    def prepared(self, value: Any, connection: Any) -> Any:
        """Return what the driver of a database takes for a value."""
        field = self.output_field
        prepare = field.get_db_prep_save if self._is_saved else field.get_db_prep_value
        return prepare(value, connection)


class Selection:
    """Rows of a query set.

    >>> order_of_key = Selection(Order.objects.filter(pk=Parameter("key", Order._meta.pk)))
    >>> (order,) = order_of_key(key=7)

    :param rows: prefetches nothing; that would be compiled each time.
    """

    def __init__(self, rows: QuerySet[Any]) -> None:
        self._rows = rows
        self._using = rows.db
        self._compiler: Any = rows.query.get_compiler(self._using)
        self._sql, self._parameters = self._compiler.as_sql()
        self._compiler.connection = None  # it is this thread's, and would live as long as this does

    def __call__(self, **values: Any) -> list[Any]:
        """Read the rows.

        :param values: of all parameters.
        """
        compiler = copy(self._compiler)
        compiler.connection = connections[self._using]
        parameters = _filled(self._parameters, values, compiler.connection)
        compiler.as_sql = lambda: (self._sql, parameters)
        rows: Any = self._rows.all()
        rows.query.get_compiler = lambda *args, **kwargs: compiler
        return list(rows)


class Update:
    """An update of rows of one table.

    :param rows: a query set.
    :param columns: what is written, by the names of fields.
    """

    def __init__(self, rows: QuerySet[Any], columns: Mapping[str, Any]) -> None:
        self._using = rows.db
        query: Any = rows.query.chain(UpdateQuery)
        query.add_update_values(columns)
        self._sql, self._parameters = query.get_compiler(self._using).as_sql()

    def __call__(self, **values: Any) -> int:
        """Write the rows.

        :param values: of all parameters.
        :returns: how many rows they were.
        """
        connection = connections[self._using]
        parameters = _filled(self._parameters, values, connection)
        with transaction.mark_for_rollback_on_error(self._using), connection.cursor() as cursor:
            cursor.execute(self._sql, parameters)
            written: int = cursor.rowcount
        return written


def _filled(parameters: Iterable[Any], values: Mapping[str, Any], connection: Any) -> list[Any]:
    return [
        found.prepared(values[found.name], connection) if isinstance(found, Parameter) else found
        for found in parameters
    ]
