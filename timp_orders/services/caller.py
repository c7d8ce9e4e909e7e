"""Who acts, through which door, and on whose side of an order they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import router
from django.db.models import F, QuerySet
from django.utils.timezone import is_aware

from timp_orders.conf import settings
from timp_orders.models import AbstractOrderItem, Cancellation, get_order_item_model
from timp_orders.models.lookups import Among
from timp_orders.models.querysets import OrderItemQuerySet
from timp_orders.policy import SYSTEM, Policy, Standing, System, may_be_on_a_side, require_actor
from timp_orders.states import Action, Lifecycle, Party, Side, Via

if TYPE_CHECKING:
    from timp_orders.policy import User

__all__ = ["Caller"]

_NAME_LENGTH: int = Cancellation._meta.get_field("decided_by_name").max_length or 0


@dataclass(frozen=True)
class Caller:
    """Who acts, and the query sets that depend on it.

    :ivar by: a signed-in user, or ``SYSTEM``.
    :ivar policy: the rules of sides and permissions.
    :ivar standing: what they may do before any item is looked at.
    :ivar via: the door they came through, kept in the audit trail.
    :ivar using: the alias of the database that is read and written.
    :ivar model: the order item model that is in force.
    :ivar lifecycle: what the statuses of its items mean.
    :ivar counts_parts: a part of an item's quantity can be cancelled.
    """

    by: "User | System"
    policy: Policy
    standing: Standing
    via: str
    using: str
    model: type[AbstractOrderItem]
    lifecycle: Lifecycle
    counts_parts: bool

    @classmethod
    def of(cls, by: "User | System", *, via: str = Via.CODE, using: str | None = None) -> "Caller":
        """Look up what somebody may do.

        :param using: by default the database that order items are written to.
        :raises TypeError: ``by`` is neither a signed-in user nor ``SYSTEM``.
        :raises ValueError: ``via`` is no door that the audit trail knows.
        """
        if via not in Via.values:
            raise ValueError(f"via is one of {', '.join(Via.values)}.")
        policy = settings.policy
        standing = policy.standing(require_actor(by))
        model = get_order_item_model()
        using = using or router.db_for_write(model)
        return cls(by, policy, standing, via, using, model, model.lifecycle(), model.counts_parts())

    @property
    def is_system(self) -> bool:
        return self.by is SYSTEM

    @property
    def may_cancel_outright(self) -> bool:
        """Operators and the system may; a supplier where the host allows it."""
        return self.standing.either_side or settings.SUPPLIER_MAY_CANCEL

    def party(self, action: Action) -> str:
        """Return for whom the caller takes an action: its side, or the system."""
        return Party.SYSTEM.value if self.is_system else action.side.value

    @property
    def user_id(self) -> Any:
        return None if self.by is SYSTEM else self.by.pk

    @cached_property
    def existing_user_id(self) -> Any:
        """The user's key if there still is such a user, which is asked by one statement.

        No constraint of the database would refuse the key of one who was deleted meanwhile.
        """
        if self.is_system or self.user_id is None:
            return None
        users = get_user_model()._base_manager
        found = users.using(router.db_for_write(users.model)).filter(pk=self.user_id)
        return self.user_id if found.exists() else None

    @property
    def user_name(self) -> str:
        """The name for the audit trail, shortened to what the column holds."""
        name = "" if self.by is SYSTEM else self.by.get_username()
        return str(name or "")[:_NAME_LENGTH]

    def side_column(self, side: Side) -> str | None:
        """Name the item's column that decides who is on a side; ``None`` if none alone does."""
        if self.standing.either_side:
            return None
        return self.policy.column(self.model, side)

    def respond_by(self, pks: list[Any], requested_at: datetime) -> Mapping[Any, datetime | None]:
        """Ask the policy until when requests have to be answered, once for all of these items.

        :returns: by primary key; an item that is missing has no deadline.
        :raises TypeError: the policy returned something else than moments as the site keeps them.
        """
        answer = self.policy.respond_by(self.items().filter(Among(F("pk"), pks)), requested_at)
        found = answer if isinstance(answer, Mapping) else dict.fromkeys(pks, answer)
        for moment in found.values():
            if moment is not None and not (
                isinstance(moment, datetime) and is_aware(moment) == is_aware(requested_at)
            ):
                raise TypeError(f"{moment!r}, of the policy's respond_by(), is no moment here.")
        return found

    def is_on_side(self, pk: Any, side: Side) -> bool:
        """Ask whether the caller is on a side of one item, by a statement of its own."""
        return self.on_side(self.items().filter(pk=pk), side).exists()

    def items(self) -> OrderItemQuerySet[Any]:
        """Every order item, in the caller's database."""
        return OrderItemQuerySet(self.model, using=self.using)

    @cached_property
    def organizations(self) -> Mapping[Side, list[Any]] | None:
        """The user's organizations, by side, read once.

        ``None`` where none counts, or a policy of the host's decides.
        """
        if self.standing.either_side or not may_be_on_a_side(self.by):
            return None
        return self.policy.organizations(self.by, self.using)

    def visible_items(self) -> OrderItemQuerySet[Any]:
        """Return every order item that the caller may see."""
        own = None if self.standing.sees_all else self.organizations
        return self.items().visible_to(self.by, own)

    def on_side(self, items: QuerySet[Any], side: Side) -> QuerySet[Any]:
        """Keep the items on whose side the caller is; a policy may return one twice."""
        if self.by is SYSTEM or self.standing.either_side:
            return items
        if not may_be_on_a_side(self.by):
            return items.none()
        return self.policy.on_side(items, self.by, side)
