"""Parameters of query sets that are built once and kept.

Django takes as long to build a query set as a database takes to answer it. One that is built once,
but for a value or two, saves that, and reads as any other.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import Expression, Field

__all__ = ["Parameter", "bound"]


class Parameter(Expression):
    """A value that is known when the statement is made, which is when rows are read or written.

    >>> key = Parameter(Order._meta.pk)
    >>> kept = Order.objects.filter(pk=key)
    >>> with bound({key: 7}):
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

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        value = self.output_field.get_db_prep_value(self._value.get(), connection)
        return "%s", (value,)


@contextmanager
def bound(values: Mapping[Parameter, Any]) -> Iterator[None]:
    """Say what the values of parameters are, in this thread, for statements made meanwhile."""
    tokens = [
        (parameter._value, parameter._value.set(value)) for parameter, value in values.items()
    ]
    try:
        yield
    finally:
        for variable, token in tokens:
            variable.reset(token)
