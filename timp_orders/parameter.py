"""Parameters of query sets that are built once and kept.

Django takes as long to build a query set as a database takes to answer it. One that is built once,
but for a value or two, saves that, and reads as any other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import Expression, Field

__all__ = ["Parameter"]


class Parameter(Expression):
    """A value that is known when the statement is made, which is when rows are read or written.

    >>> key = Parameter(Order._meta.pk)
    >>> kept = Order.objects.filter(pk=key)
    >>> with key.of(7):
    ...     order = kept.get()

    Iterate ``kept.all()``, since a query set keeps the rows that it has read.

    :param field: the field that it is compared with, which prepares the value.
    """

    def __init__(self, field: "Field[Any, Any]") -> None:
        super().__init__(output_field=field)
        self._value: ContextVar[Any] = ContextVar("value")

    @property
    def identity(self) -> tuple[Any, ...]:
        # Of its copies too, but not of another parameter for the same field.
        return type(self), id(self._value)

    @contextmanager
    def of(self, value: Any) -> Iterator[None]:
        """Say what the value is, in this thread, for statements that are made meanwhile."""
        token = self._value.set(value)
        try:
            yield
        finally:
            self._value.reset(token)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        value = self.output_field.get_db_prep_value(self._value.get(), connection)
        return "%s", (value,)
