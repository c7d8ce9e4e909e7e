"""Query sets of order items: by who may see them, and with their cancellations."""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.apps import apps
from django.db import connections
from django.db.models import (
    BooleanField,
    Case,
    Exists,
    F,
    FilteredRelation,
    Max,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from timp_orders.conf import settings
from timp_orders.policy import SYSTEM, may_be_on_a_side, require_user
from timp_orders.states import CancellationStatus, Side

if TYPE_CHECKING:
    from timp_orders.policy import Standing, System, User

    Own = Mapping[Side, Sequence[Any]]

__all__ = [
    "ANNOTATED",
    "LATEST",
    "ON_RETAILER_SIDE",
    "ON_SUPPLIER_SIDE",
    "QUANTITY_CANCELLED",
    "WAS_CONFIRMED",
    "OrderItemQuerySet",
    "by_pages",
    "locked",
    "only_confirmed",
]

# Names that a host's own model will hardly have.
LATEST = "timp_latest_cancellation"
"""What :meth:`OrderItemQuerySet.with_latest_cancellation` calls the cancellation that it joins."""
ON_SUPPLIER_SIDE = "timp_on_supplier_side"
ON_RETAILER_SIDE = "timp_on_retailer_side"
"""What :meth:`OrderItemQuerySet.with_sides` annotates."""
WAS_CONFIRMED = "timp_was_confirmed"
QUANTITY_CANCELLED = "timp_quantity_cancelled"
"""What :meth:`OrderItemQuerySet.with_confirmed` annotates."""
ANNOTATED = (LATEST, ON_SUPPLIER_SIDE, ON_RETAILER_SIDE, WAS_CONFIRMED, QUANTITY_CANCELLED)
"""All of these names."""

ModelT = TypeVar("ModelT", bound=Model)
QuerySetT = TypeVar("QuerySetT", bound=QuerySet[Any])


class OrderItemQuerySet(QuerySet[ModelT]):
    def on_side(self, user: "User", side: Side) -> Self:
        """Keep the items on whose ``side`` the user is."""
        return self.filter(self._is_on(user, side)) if may_be_on_a_side(user) else self.none()

    def visible_to(self, user: "User | System", own: "Own | None" = None) -> Self:
        """Keep what the user may see: both sides' items, or all of them to operators and auditors.

        :param user: nothing is visible to one who is not signed in, or not active; everything to
            ``SYSTEM``.
        :param own: the user's organizations, by side; by default they are read.
        :raises TypeError: it is no user, such as ``None``.
        """
        if require_user(user) is SYSTEM:
            return self.all()
        if not may_be_on_a_side(user):
            return self.none()
        if settings.policy.standing(user).sees_all:
            return self.all()
        if own is None:
            own = settings.policy.organizations(user, self.db)
        if own is None:
            return self.filter(self._is_on(user, Side.SUPPLIER) | self._is_on(user, Side.RETAILER))
        sides = [self._of(found, side) for side, found in own.items() if found]
        return self.filter(reduce(or_, sides)) if sides else self.none()

    def with_sides(
        self, user: "User | System", standing: "Standing", own: "Own | None" = None
    ) -> Self:
        """Annotate on which sides the user is.

        :param own: the user's organizations, by side. Give them where many items are read: asked by
            a subquery, PostgreSQL might read all items of the user's beside those that are meant.
        """
        sides: dict[str, Any] = {ON_SUPPLIER_SIDE: Side.SUPPLIER, ON_RETAILER_SIDE: Side.RETAILER}
        for name, side in sides.items():
            if user is SYSTEM or standing.either_side:
                sides[name] = Value(True)
            elif not may_be_on_a_side(user) or (own is not None and not own[side]):
                sides[name] = Value(False)
            elif own is None:
                sides[name] = self._is_on(user, side)
            else:
                is_one = When(self._of(own[side], side), then=Value(True))
                sides[name] = Case(is_one, default=Value(False))
        return self.annotate(**sides)

    def with_latest_cancellation(self, **where: Any) -> Self:
        """Join each item's latest cancellation under the name :data:`LATEST`.

        Items that never had one stay, unless ``where`` compares its columns. (A later ``filter``
        would compare those of any cancellation.) ``select_related`` and ``values`` read it too.
        """
        # A condition of the join: in WHERE it would be asked for each cancellation of an item.
        is_newest = Q(cancellations__pk=_newest(_cancellations()))
        joined = self.annotate(**{LATEST: FilteredRelation("cancellations", condition=is_newest)})
        return joined.filter(**{f"{LATEST}__{column}": value for column, value in where.items()})

    def with_every_cancellation(self) -> Self:
        """Join all of an item's cancellations under the same name, a row for each."""
        every = self.annotate(**{LATEST: FilteredRelation("cancellations")})
        return every.filter(**{f"{LATEST}__isnull": False})

    def with_confirmed(self) -> Self:
        """Annotate whether a cancellation was confirmed."""
        return self.annotate(**{WAS_CONFIRMED: _was_confirmed(_cancellations())})

    def with_locked_latest(self, *, asks_for_confirmed: bool) -> Self:
        """Annotate the key of the latest cancellation; and whether one was confirmed, if asked.

        On MariaDB by locking reads: within a transaction that has read before, its plain ones show
        what was there then.
        """
        every = _cancellations()
        held = every.select_for_update() if connections[self.db].vendor == "mysql" else every
        unknown = Value(None, output_field=BooleanField())
        confirmed: Any = _was_confirmed(held) if asks_for_confirmed else unknown
        return self.annotate(**{LATEST: _newest(held), WAS_CONFIRMED: confirmed})

    def with_quantity_cancelled(self) -> Self:
        """Annotate how many were confirmed in parts.

        Of a host that set an item back, only what was confirmed since then is counted.
        """
        confirmed = only_confirmed(_cancellations())
        of_item = confirmed.filter(order_item=OuterRef("pk"))
        whole = confirmed.filter(order_item=OuterRef("order_item")).exclude(quantity_left__gt=0)
        last_whole = Subquery(
            whole.values("order_item").annotate(last=Max("pk")).values("last")[:1]
        )
        parts = of_item.filter(pk__gt=Coalesce(last_whole, 0)).values("order_item")
        total = Subquery(parts.annotate(total=Sum("quantity_confirmed")).values("total")[:1])
        return self.annotate(**{QUANTITY_CANCELLED: Coalesce(total, 0)})

    def _of(self, organizations: Sequence[Any], side: Side) -> Q:
        model: Any = self.model
        return Q(**{f"{model.paths()[side]}__in": organizations})

    def _is_on(self, user: "User", side: Side) -> Exists:
        # An own EXISTS for each side, so that a policy may join as it likes and no row doubles.
        using: str | None = self._db  # type: ignore[attr-defined]  # not in the stubs
        items: OrderItemQuerySet[ModelT] = OrderItemQuerySet(self.model, using=using)
        return Exists(settings.policy.on_side(items.filter(pk=OuterRef("pk")), user, side))


def _cancellations() -> QuerySet[Any]:
    return apps.get_model("timp_orders", "Cancellation")._default_manager.order_by()


def _newest(cancellations: QuerySet[Any]) -> Subquery:
    of_item = cancellations.filter(order_item=OuterRef("pk"))
    return Subquery(of_item.order_by("-pk").values("pk")[:1])


def _was_confirmed(cancellations: QuerySet[Any]) -> Exists:
    return Exists(only_confirmed(cancellations).filter(order_item=OuterRef("pk")))


def only_confirmed(cancellations: QuerySetT) -> QuerySetT:
    """Keep confirmed cancellations, for a query set that names their items.

    The status is an expression, so that these are found by their items: with old statistics
    PostgreSQL would look through all that are confirmed, by the index on the status, for each.
    """
    status = Coalesce(F("status"), Value(""))
    return cancellations.filter(Exact(status, CancellationStatus.CONFIRMED.value))


def by_pages(
    rows: QuerySet[Any], size: int, columns: Sequence[str] = (), *, newest_first: bool = False
) -> Iterator[list[Any]]:
    """Read rows by pages, in the order of their primary keys.

    Each page is found by the last key of the one before, not by a cursor of the database: a pooler
    in transaction mode keeps none between statements, and rows may leave meanwhile.

    :param columns: what ``values_list`` is to read, ``"pk"`` first; by default the rows themselves.
    """
    ordered: QuerySet[Any] = rows.order_by("-pk" if newest_first else "pk")
    if columns:
        ordered = ordered.values_list(*columns)
    page = list(ordered[:size])
    while page:
        yield page
        if len(page) < size:
            return
        last = page[-1][0] if columns else page[-1].pk
        page = list(ordered.filter(**{"pk__lt" if newest_first else "pk__gt": last})[:size])


def locked(queryset: QuerySetT, using: str) -> QuerySetT:
    """Lock the rows of one table until the transaction ends, in primary-key order.

    The order is what keeps two overlapping calls from waiting for each other. The query set must
    not join what is not locked yet: MariaDB cannot say ``FOR UPDATE OF``, and locks that too.
    """
    # Where the database knows it, the weaker lock, which lets others insert rows that point here.
    no_key = connections[using].features.has_select_for_no_key_update
    return queryset.using(using).order_by("pk").select_for_update(no_key=no_key)
