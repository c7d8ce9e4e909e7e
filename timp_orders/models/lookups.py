"""How rows are named by their keys, a thousand at a time."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import IntegerField, Lookup

if TYPE_CHECKING:
    LookupBase = Lookup[bool]
else:
    LookupBase = Lookup

__all__ = ["Among"]


class Among(LookupBase):
    """``IN`` a list of keys, which PostgreSQL gets as one array.

    There, to put a thousand parameters into a statement costs Django and its driver more than the
    database needs to run it. A lookup, for ``filter(Among(F("pk"), keys))``.
    """

    lookup_name = "among"
    prepare_rhs = False  # what F() names is a field of unknown type until it is compiled

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        keys = self._prepared(connection)
        column, params = self.process_lhs(compiler, connection)
        return f"{column} IN ({', '.join(['%s'] * len(keys))})", (*params, *keys)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        keys: Any = self._prepared(connection)
        column, params = self.process_lhs(compiler, connection)
        if {*map(type, keys)} <= {int, UUID}:  # written as Python does; psycopg looks at each
            keys = f"{{{','.join(map(str, keys))}}}"
        # Drivers guess a type by the values: psycopg2 takes texts for text, whatever the column is.
        key_type = self.lhs.output_field.cast_db_type(connection)
        return f"{column} = ANY(%s::{key_type}[])", (*params, keys)

    def _prepared(self, connection: Any) -> list[Any]:
        if not self.rhs:
            raise EmptyResultSet
        field = self.lhs.output_field
        field = field.target_field if field.is_relation else field
        if _takes_integers(field) and {*map(type, self.rhs)} == {int}:
            return list(self.rhs)
        return [
            field.get_db_prep_value(field.get_prep_value(key), connection, prepared=True)
            for key in self.rhs
        ]


def _takes_integers(field: Any) -> bool:
    """Tell whether it is one of Django's own, which take a microsecond to leave one as it is."""
    return isinstance(field, IntegerField) and type(field).__module__ == IntegerField.__module__
