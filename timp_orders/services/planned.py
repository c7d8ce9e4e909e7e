"""A change that is about to be written: what becomes of the item, and of its quantity."""

from collections.abc import Hashable
from typing import Any, NamedTuple

from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.facts import Facts
from timp_orders.services.rules import quantity_to_confirm
from timp_orders.states import Action, Lifecycle

__all__ = ["Planned", "plan"]


class Planned(NamedTuple):
    """A command that an item's facts allow.

    :ivar confirmed: how many it cancels; ``None`` where items are cancelled whole, or none is.
    :ivar left: how many are left then.
    :ivar item_status: the item's status from then on.
    """

    facts: Facts
    command: Command
    confirmed: int | None
    left: int | None
    item_status: Hashable

    @property
    def has_open(self) -> bool:
        """Tell whether it decides an open cancellation, rather than to write one."""
        return bool(self.facts.latest and self.facts.latest.is_open)

    @property
    def leaves_rest(self) -> bool:
        """Tell whether all that is left is to be cancelled, and the open one is about a part."""
        command = self.command
        return command.action == Action.CANCEL and command.quantity is None and bool(self.left)

    def facts_after(self) -> Facts:
        """Return the facts once the open cancellation is confirmed for what it asks."""
        facts = self.facts
        return facts._replace(latest=None, cancelled=facts.cancelled + (self.confirmed or 0))

    def request_columns(self, lifecycle: Lifecycle) -> dict[str, Any]:
        """Return what a new cancellation says of this item alone."""
        facts, command = self.facts, self.command
        is_new_name = command.named is not None and facts.named is None
        return {
            **({"uuid": command.named} if is_new_name else {}),
            "order_item_id": facts.pk,
            "reason": command.reason,
            "note": command.note,
            "quantity": command.quantity,
            "quantity_available": facts.quantity_left(lifecycle),
        }

    def decision_columns(self) -> dict[str, Any]:
        """Return what a decided cancellation says of this item alone."""
        columns: dict[str, Any] = {
            "item_status": str(self.facts.status),
            "decision_reason": self.command.reason,
            "decision_note": self.command.note,
        }
        if self.confirmed is not None:
            columns |= {"quantity_confirmed": self.confirmed, "quantity_left": self.left}
        return columns


def plan(caller: Caller, command: Command, facts: Facts) -> Planned:
    """Work out what a command that a verdict allows does."""
    lifecycle = caller.lifecycle
    if not command.action.cancels:
        return Planned(facts, command, None, None, facts.status)
    confirmed = quantity_to_confirm(command, facts, lifecycle)
    if confirmed is None:
        return Planned(facts, command, None, None, lifecycle.cancelled)
    left = (facts.quantity_left(lifecycle) or 0) - confirmed
    return Planned(facts, command, confirmed, left, facts.status if left else lifecycle.cancelled)
