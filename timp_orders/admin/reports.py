"""The messages after an action: counts per outcome, and what was refused with its reason."""

from collections.abc import Iterator

from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from timp_orders.admin.decisions import Refusals, Tally
from timp_orders.admin.wording import WORDINGS, counted
from timp_orders.states import Action

__all__ = ["REASONS", "report"]

REASONS = 20
"""Different reasons that are reported, each in a message of its own."""


def report(action: Action, tally: Tally) -> Iterator[tuple[int, str]]:
    """Yield the level and the text of each message."""
    wording = WORDINGS[action]
    if tally.changed:
        yield messages.SUCCESS, counted(wording.done, tally.changed)
    if tally.unchanged:
        yield messages.INFO, counted(wording.unchanged, tally.unchanged)
    reasons = sorted(tally.refused.items(), key=lambda reason: -reason[1].count)
    for reason, refusals in reasons[:REASONS]:
        yield messages.WARNING, _refused(reason, refusals)
    if unreported := sum(refusals.count for _reason, refusals in reasons[REASONS:]):
        yield (
            messages.WARNING,
            ngettext(
                "%(count)d more item was refused for another reason.",
                "%(count)d more items were refused for other reasons.",
                unreported,
            )
            % {"count": unreported},
        )


def _refused(reason: str, refusals: Refusals) -> str:
    message = ngettext(
        "%(count)d item was refused: %(reason)s",
        "%(count)d items were refused: %(reason)s",
        refusals.count,
    ) % {"count": refusals.count, "reason": reason}
    if not refusals.examples:
        return message
    items = ", ".join(map(str, refusals.examples))
    if more := refusals.count - len(refusals.examples):
        items = _("%(items)s and %(count)d more") % {"items": items, "count": more}
    return f"{message} ({items})"
