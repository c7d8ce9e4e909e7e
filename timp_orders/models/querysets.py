"""Order items by who may see them, and by what decides their cancellation."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import (
    Exists,
    FilteredRelation,
    Max,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.lookups import In

from timp_orders.conf import settings
from timp_orders.states import CancellationStatus, Side

if TYPE_CHECKING:
    from timp_orders.policy import Standing, User

__all__ = ["LATEST", "Among", "OrderItemQuerySet", "locked"]

LATEST = "latest_cancellation"
"""What :meth:`OrderItemQuerySet.with_latest_cancellation` calls the cancellation that it joins."""

ModelT = TypeVar("ModelT", bound=Model)
QuerySetT = TypeVar("QuerySetT", bound=QuerySet[Any])


class Among(In):
    """``IN`` a list of keys, which PostgreSQL gets as one array.

    There, to put a thousand parameters into a statement costs Django and its driver more than the
    database needs to run it. A lookup, for ``filter(Among(F("pk"), keys))``.
    """

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        # What F() names is a field of unknown type until now.
        prepared: Any = [self.lhs.output_field.get_prep_value(key) for key in value]
        return super().get_db_prep_lookup(prepared, connection)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if not self.rhs:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        _, keys = self.get_db_prep_lookup(self.rhs, connection)
        # Drivers guess a type by the values: psycopg2 takes texts for text, whatever the column is.
        key_type = self.lhs.output_field.cast_db_type(connection)
        return f"{column} = ANY(%s::{key_type}[])", (*params, keys)


class OrderItemQuerySet(QuerySet[ModelT]):
    def on_side(self, user: "User", side: Side) -> Self:
        """Keep the items on whose ``side`` the user stands."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(self._stands(user, side))

    def visible_to(self, user: "User | None") -> Self:
        """Keep what the user may see: both sides' items, or all of them to operators and auditors.

        :param user: ``None`` is the system itself, which sees everything.
        """
        if user is not None and not user.is_authenticated:
            return self.none()
        if user is None or settings.policy.standing(user).sees_all:
            return self.all()
        own = settings.policy.organizations(user, self.db)
        if own is None:
            return self.filter(
                self._stands(user, Side.SUPPLIER) | self._stands(user, Side.RETAILER)
            )
        model: Any = self.model
        paths = {Side.SUPPLIER: model.SUPPLIER_FIELD, Side.RETAILER: model.RETAILER_FIELD}
        sides = [Q(**{f"{paths[side]}__in": keys}) for side, keys in own.items() if keys]
        return self.filter(reduce(or_, sides)) if sides else self.none()

    def with_sides(self, user: "User | None", standing: "Standing") -> Self:
        """Annotate ``on_supplier_side`` and ``on_retailer_side``: where the user stands."""
        if user is None or standing.either_side:
            return self.annotate(on_supplier_side=Value(True), on_retailer_side=Value(True))
        if not user.is_authenticated:
            return self.annotate(on_supplier_side=Value(False), on_retailer_side=Value(False))
        return self.annotate(
            on_supplier_side=self._stands(user, Side.SUPPLIER),
            on_retailer_side=self._stands(user, Side.RETAILER),
        )

    def with_latest_cancellation(self, **where: Any) -> Self:
        """Join each item's newest cancellation as ``latest_cancellation``.

        Items that never had one stay, unless ``where`` compares its columns. (A later ``filter``
        would compare those of any cancellation.) ``select_related`` and ``values`` read it too.
        """
        cancellations = apps.get_model("timp_orders", "Cancellation")._default_manager
        # The greatest key of a group: for the first key in descending order, or without a group,
        # PostgreSQL may walk all cancellations for each item, if its statistics are old.
        of_item = cancellations.filter(order_item=OuterRef("pk")).order_by().values("order_item")
        # Its one row is sliced because Django 6 asks for that.
        newest = Subquery(of_item.annotate(newest=Max("pk")).values("newest")[:1])
        return self.annotate(**{LATEST: FilteredRelation("cancellations")}).filter(
            Q(**{LATEST: None}) | Q(**{LATEST: newest}),
            **{f"{LATEST}__{column}": value for column, value in where.items()},
        )

    def with_open_or_confirmed_cancellation(self) -> Self:
        """Keep the items with an open or a confirmed cancellation, joined likewise.

        It is the newest, and the only one: while it stands, no other can be requested.
        """
        # Not by a list of statuses: with old statistics, PostgreSQL would look through all that the
        # index on the status has of them.
        found = Q(**{f"{LATEST}__open": True})
        found |= Q(**{f"{LATEST}__status": CancellationStatus.CONFIRMED})
        return self.annotate(**{LATEST: FilteredRelation("cancellations")}).filter(found)

    def _stands(self, user: "User", side: Side) -> Exists:
        # An own EXISTS for each side, so that a policy may join as it likes and no row doubles.
        using: str | None = self._db  # type: ignore[attr-defined]  # not in the stubs
        items: OrderItemQuerySet[ModelT] = OrderItemQuerySet(self.model, using=using)
        return Exists(settings.policy.on_side(items.filter(pk=OuterRef("pk")), user, side))


def locked(queryset: QuerySetT, using: str) -> QuerySetT:
    """Lock the rows of one table until the transaction ends, in primary-key order.

    The order is what keeps two overlapping calls from waiting for each other. The query set must
    not join: MariaDB cannot say ``FOR UPDATE OF``, and would lock the joined rows too.
    """
    # Where the database knows it, the weaker lock, which lets others insert rows that point here.
    no_key = connections[using].features.has_select_for_no_key_update
    return queryset.using(using).order_by("pk").select_for_update(no_key=no_key)
