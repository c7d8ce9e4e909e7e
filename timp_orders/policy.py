"""The policy, which hosts may replace: who is on which side, and who may do what."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from django.apps import apps
from django.db.models import QuerySet
from django.db.models.constants import LOOKUP_SEP

from timp_orders.conf import settings
from timp_orders.has_perm import has_permission
from timp_orders.states import Side

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    from timp_orders.models import Cancellation

    User = AbstractBaseUser | AnonymousUser

__all__ = [
    "SYSTEM",
    "Policy",
    "Standing",
    "System",
    "gives_deadlines",
    "may_be_on_a_side",
    "of_members",
    "require_actor",
    "require_user",
]


class System(Enum):
    """Trusted code that is no user.

    A value that nobody has by accident: ``request.user`` is ``None`` in some authentications.
    """

    SYSTEM = "system"


SYSTEM = System.SYSTEM


def require_user(by: Any) -> Any:
    """Return a user, signed in or not, or ``SYSTEM``.

    :raises TypeError: it is neither, such as ``None`` or a name.
    """
    if by is SYSTEM or isinstance(getattr(by, "is_authenticated", None), bool):
        return by
    raise TypeError(f"{by!r} is no user; trusted code says SYSTEM, of timp_orders.services.")


def require_actor(by: Any) -> Any:
    """Return a signed-in user, or ``SYSTEM``.

    :raises TypeError: it is neither, such as ``None`` or an anonymous user.
    """
    if require_user(by) is SYSTEM or by.is_authenticated:
        return by
    raise TypeError(f"{by!r} is not signed in, and cannot act.")


def may_be_on_a_side(user: "User | System") -> TypeGuard["User"]:
    """Tell whether the user is signed in and active, so that organizations count."""
    return user is not SYSTEM and bool(user.is_authenticated and getattr(user, "is_active", True))


def gives_deadlines() -> bool:
    """Tell whether requests may have a deadline: by the setting, or by the host's policy."""
    has_own = type(settings.policy).respond_by is not Policy.respond_by
    return has_own or settings.RESPOND_WITHIN is not None


def of_members(queryset: QuerySet[Any], user_key: Any, side: Side) -> QuerySet[Any]:
    """Keep the order items whose organization on a side has the user as a member."""
    path = queryset.model.paths()[side]
    return queryset.filter(**{f"{path}__org_type": side, f"{path}__members": user_key})


class Standing(NamedTuple):
    """What a user may do before any item is looked at."""

    either_side: bool
    """Acts for suppliers and retailers alike: ``SYSTEM``, or an operator."""
    sees_all: bool
    """Sees every item: also an auditor."""
    may_cancel: bool
    """May request, decide and withdraw, on their own side."""


class Policy:
    """The rules of sides and permissions.

    A host with organizations of its own subclasses this, overrides :meth:`on_side`, and names
    its class in ``TIMP_ORDERS["POLICY"]``. It is made once, so it must not keep what it learns.
    """

    def on_side(self, queryset: QuerySet[Any], user: "User", side: Side) -> QuerySet[Any]:
        """Keep the order items on whose ``side`` the user is.

        Judge each item by itself, whichever others are in the query set: by ``filter`` and
        ``exclude``, not by slices, ``distinct`` on fields or windows.

        :param queryset: order items, filterable; stay set-based, since it may name millions.
        :param user: signed in; neither an anonymous user nor ``SYSTEM`` gets here.
        :param side: ``Side.SUPPLIER`` or ``Side.RETAILER``.
        """
        if user.pk is None:  # which would mean organizations without members
            return queryset.none()
        return of_members(queryset, user.pk, side)

    @property
    def goes_by_members(self) -> bool:
        """Tell whether :meth:`on_side` is this one, and no other policy's."""
        return type(self).on_side is Policy.on_side

    def organizations(self, user: "User", using: str) -> Mapping[Side, list[Any]] | None:
        """Read the user's organizations, by the side on which they are.

        Lists are filtered by these: a database that knows whose items it looks for knows whether
        they are fifty or a million, and chooses its plan by that.

        :returns: ``None`` if :meth:`on_side` is another policy's, which is then asked instead.
        """
        if not self.goes_by_members:
            return None
        found: dict[Side, list[Any]] = {side: [] for side in Side}
        if user.pk is None:
            return found
        organizations = apps.get_model("timp_orders", "Organization")._default_manager.using(using)
        # Themselves, not their keys: a host's foreign key may lead to another unique column.
        for organization in organizations.filter(members=user.pk):
            found[Side(organization.org_type)].append(organization)
        return found

    def column(self, model: type[Any], side: Side) -> str | None:
        """Name the column of an order item's own table that decides who is on a side.

        A decision compares it with what was read, so that an item that moved to another supplier
        meanwhile is ruled on again.

        :returns: ``None`` if there is none, or :meth:`on_side` is another policy's, which is then
            asked again once the item is locked.
        """
        if not self.goes_by_members:
            return None
        path = model.paths()[side]
        field = model._meta.get_field(path.partition(LOOKUP_SEP)[0])
        return field.attname if field in model._meta.local_fields else None

    def respond_by(
        self, items: QuerySet[Any], requested_at: datetime
    ) -> datetime | Mapping[Any, datetime | None] | None:
        """Say until when suppliers have to answer requests; asked once for a batch of them.

        What is said is kept with each request, whatever the settings become.

        :param items: the order items, at most 1,000, whose rows are locked.
        :param requested_at: when the cancellations are requested; as all moments here it is aware
            of its time zone exactly if ``USE_TZ`` is on.
        :returns: one moment for all; or moments by the items' primary keys, where an item that is
            left out has no deadline; or ``None``, for no deadline.
        """
        within = settings.RESPOND_WITHIN
        return None if within is None else requested_at + within

    def on_deadline(self, cancellation: "Cancellation") -> str:
        """Say what becomes of an open cancellation whose deadline has passed; asked once for each.

        :param cancellation: with its ``order_item``, and what that one's declared paths lead to.
        :returns: ``"nothing"``, ``"confirm"`` or ``"reject"``.
        """
        return settings.ON_DEADLINE

    def is_operator(self, user: "User") -> bool:
        """Tell whether the user may act for either side and see everything."""
        return has_permission(user, "timp_orders.cancel_any_order")

    def is_auditor(self, user: "User") -> bool:
        """Tell whether the user may see everything."""
        return has_permission(user, "timp_orders.view_any_order")

    def may_cancel(self, user: "User") -> bool:
        """Tell whether the user may request, decide and withdraw on their own side."""
        return has_permission(user, "timp_orders.cancel_order")

    def standing(self, user: "User | System") -> Standing:
        """Sum up the three rules above; ``SYSTEM`` may do all."""
        if user is SYSTEM:
            return Standing(either_side=True, sees_all=True, may_cancel=True)
        operator = self.is_operator(user)
        return Standing(
            either_side=operator,
            sees_all=operator or self.is_auditor(user),
            may_cancel=operator or self.may_cancel(user),
        )
