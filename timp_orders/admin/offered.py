"""Which actions a user could ever take: only these are offered in lists."""

from django.http import HttpRequest

from timp_orders.services.caller import Caller
from timp_orders.states import Action, Side, Via

__all__ = ["BY_NAME", "could_ever"]

BY_NAME = {
    "confirm_cancellation": Action.CONFIRM,
    "reject_cancellation": Action.REJECT,
    "request_cancellation": Action.REQUEST,
    "withdraw_cancellation": Action.WITHDRAW,
    "cancel_items": Action.CANCEL,
}
"""The admin's actions, by the names of their methods."""


_KEPT = "_timp_could_ever"


def could_ever(request: HttpRequest) -> set[Action]:
    """Return the actions of the sides on which the user is, of any order; asked once for a page.

    Where the policy is the host's own, these are all: only each item can tell then.
    """
    if not hasattr(request, _KEPT):
        setattr(request, _KEPT, _of_own_sides(request))
    found: set[Action] = getattr(request, _KEPT)
    return found


def _of_own_sides(request: HttpRequest) -> set[Action]:
    own = Caller.of(request.user, via=Via.ADMIN).organizations
    sides = set(Side) if own is None else {side for side, found in own.items() if found}
    return {action for action in Action if action.side in sides}
