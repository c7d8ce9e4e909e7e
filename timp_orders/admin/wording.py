"""Texts of the admin about each action."""

from typing import TYPE_CHECKING, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from timp_orders.states import Action

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

__all__ = ["REFUSED", "WORDINGS", "Wording", "counted"]

Text = str | Promise


class Wording(NamedTuple):
    """Those with a ``%(count)d`` are filled in with the number of items.

    :ivar logged: what was changed, as Django's history says it: "Changed … ."
    """

    title: "_StrPromise"
    button: Text
    will: Text
    already: Text
    submit: Text
    done: Text
    unchanged: Text
    logged: Text


REFUSED = ngettext_lazy(
    "%(count)d item cannot be changed; it stays as it is",
    "%(count)d items cannot be changed; they stay as they are",
    "count",
)

WORDINGS = {
    Action.CONFIRM: Wording(
        title=_("Confirm cancellation"),
        button=_("Confirm"),
        will=ngettext_lazy(
            "%(count)d item will be cancelled", "%(count)d items will be cancelled", "count"
        ),
        already=ngettext_lazy(
            "%(count)d cancellation is already confirmed; nothing changes",
            "%(count)d cancellations are already confirmed; nothing changes",
            "count",
        ),
        submit=ngettext_lazy(
            "Confirm %(count)d cancellation", "Confirm %(count)d cancellations", "count"
        ),
        done=ngettext_lazy(
            "%(count)d cancellation was confirmed.",
            "%(count)d cancellations were confirmed.",
            "count",
        ),
        unchanged=ngettext_lazy(
            "%(count)d cancellation was already confirmed.",
            "%(count)d cancellations were already confirmed.",
            "count",
        ),
        logged=_("cancellation (confirmed)"),
    ),
    Action.REJECT: Wording(
        title=_("Reject cancellation"),
        button=_("Reject"),
        will=ngettext_lazy(
            "%(count)d cancellation will be rejected; the item stays as it is",
            "%(count)d cancellations will be rejected; the items stay as they are",
            "count",
        ),
        already=ngettext_lazy(
            "%(count)d cancellation is already rejected; nothing changes",
            "%(count)d cancellations are already rejected; nothing changes",
            "count",
        ),
        submit=ngettext_lazy(
            "Reject %(count)d cancellation", "Reject %(count)d cancellations", "count"
        ),
        done=ngettext_lazy(
            "%(count)d cancellation was rejected.",
            "%(count)d cancellations were rejected.",
            "count",
        ),
        unchanged=ngettext_lazy(
            "%(count)d cancellation was already rejected.",
            "%(count)d cancellations were already rejected.",
            "count",
        ),
        logged=_("cancellation (rejected)"),
    ),
    Action.REQUEST: Wording(
        title=_("Request cancellation"),
        button=_("Request cancellation"),
        will=ngettext_lazy(
            "The cancellation of %(count)d item will be requested",
            "The cancellation of %(count)d items will be requested",
            "count",
        ),
        already=ngettext_lazy(
            "The cancellation of %(count)d item is already requested; nothing changes",
            "The cancellation of %(count)d items is already requested; nothing changes",
            "count",
        ),
        submit=ngettext_lazy(
            "Request %(count)d cancellation", "Request %(count)d cancellations", "count"
        ),
        done=ngettext_lazy(
            "%(count)d cancellation was requested.",
            "%(count)d cancellations were requested.",
            "count",
        ),
        unchanged=ngettext_lazy(
            "%(count)d cancellation was already requested.",
            "%(count)d cancellations were already requested.",
            "count",
        ),
        logged=_("cancellation (requested)"),
    ),
    Action.WITHDRAW: Wording(
        title=_("Withdraw cancellation"),
        button=_("Withdraw"),
        will=ngettext_lazy(
            "%(count)d request will be withdrawn; the item stays as it is",
            "%(count)d requests will be withdrawn; the items stay as they are",
            "count",
        ),
        already=ngettext_lazy(
            "%(count)d request is already withdrawn; nothing changes",
            "%(count)d requests are already withdrawn; nothing changes",
            "count",
        ),
        submit=ngettext_lazy("Withdraw %(count)d request", "Withdraw %(count)d requests", "count"),
        done=ngettext_lazy(
            "%(count)d request was withdrawn.", "%(count)d requests were withdrawn.", "count"
        ),
        unchanged=ngettext_lazy(
            "%(count)d request was already withdrawn.",
            "%(count)d requests were already withdrawn.",
            "count",
        ),
        logged=_("cancellation (withdrawn)"),
    ),
    Action.CANCEL: Wording(
        title=_("Cancel now"),
        button=_("Cancel now"),
        will=ngettext_lazy(
            "%(count)d item will be cancelled at once",
            "%(count)d items will be cancelled at once",
            "count",
        ),
        already=ngettext_lazy(
            "%(count)d item is already cancelled; nothing changes",
            "%(count)d items are already cancelled; nothing changes",
            "count",
        ),
        submit=ngettext_lazy("Cancel %(count)d item now", "Cancel %(count)d items now", "count"),
        done=ngettext_lazy(
            "%(count)d item was cancelled.", "%(count)d items were cancelled.", "count"
        ),
        unchanged=ngettext_lazy(
            "%(count)d item was already cancelled.",
            "%(count)d items were already cancelled.",
            "count",
        ),
        logged=_("cancellation (confirmed at once)"),
    ),
}


def counted(text: Text, count: int) -> str:
    """Fill the number of items into a text."""
    return str(text % {"count": count})
