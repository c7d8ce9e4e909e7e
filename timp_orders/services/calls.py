"""What callers ask for, from their arguments to commands that are addressed to items."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from timp_orders.models import AbstractOrderItem
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command
from timp_orders.services.engine import perform_many, perform_one
from timp_orders.services.outcome import Outcome
from timp_orders.services.targets import Items, Target, Targets, single_target, targets_of
from timp_orders.states import Action

if TYPE_CHECKING:
    from timp_orders.policy import System, User

__all__ = ["Change", "Named", "apply", "perform"]

Named = UUID | Mapping[UUID, UUID] | None


@dataclass(frozen=True)
class Change:
    """An item, and what is to be done to it.

    :ivar item: an order item, or its UUID.
    :ivar action: an ``Action``, or its value, such as ``"confirm"``.
    :ivar reason: of a request, a rejection or an outright cancellation.
    :ivar quantity: of a request, a confirmation or an outright cancellation.
    :ivar cancellation_uuid: the cancellation that is meant; of a request or an outright
        cancellation, also the one that is to be written.
    """

    item: AbstractOrderItem | UUID
    action: str
    note: str = ""
    reason: str = ""
    quantity: int | None = None
    cancellation_uuid: UUID | None = None

    @property
    def command(self) -> Command:
        """What is asked.

        :raises TypeError: ``cancellation_uuid`` is no UUID.
        :raises ValueError: there is no such action.
        """
        named = self.cancellation_uuid
        if not isinstance(named, UUID | None):
            raise TypeError("cancellation_uuid must be a UUID.")
        return Command(Action(self.action), self.note, self.reason, named, self.quantity)


def perform(
    command: Command, items: Items, by: "User | System", via: str, named: Named = None
) -> Outcome:
    """Carry out the same command on all items.

    :param named: which cancellation is meant, or to be written, for which item.
    """
    caller = Caller.of(by, via=via)
    model = caller.model
    command.validate(model)
    target = single_target(items, model)
    if target is None:
        targets = targets_of(items, caller)
        if len(targets.uuids) != 1 or targets.missing:
            return _perform_many(caller, command, named, targets)
        ((pk, uuid),) = targets.uuids.items()
        target = Target({"pk": pk}, uuid)
    meant = _names_of(named, [target.uuid]).get(target.uuid)
    return perform_one(caller, target, replace(command, named=meant) if meant else command)


def _perform_many(caller: Caller, command: Command, named: Named, targets: Targets) -> Outcome:
    names = _names_of(named, targets.uuids.values())
    by_item = {uuid: replace(command, named=meant) for uuid, meant in names.items()}
    return perform_many(caller, targets, lambda uuid: by_item.get(uuid, command))


def _names_of(named: Named, uuids: Iterable[UUID]) -> Mapping[UUID, UUID]:
    """Return which cancellation is meant for which item."""
    if isinstance(named, Mapping):
        if not all(isinstance(uuid, UUID) for pair in named.items() for uuid in pair):
            # It would guard nothing.
            raise TypeError("expected and cancellation_uuid must map UUIDs to UUIDs.")
        return named
    if named is None:
        return {}
    if not isinstance(named, UUID):
        raise TypeError("expected and cancellation_uuid must be UUIDs, or map UUIDs to UUIDs.")
    found = list(uuids)
    if len(found) > 1:
        raise ValueError(
            "expected and cancellation_uuid must map UUIDs to UUIDs where there are several items."
        )
    return dict.fromkeys(found, named)


def apply(
    changes: Iterable[Change], by: "User | System", via: str, *, all_or_nothing: bool
) -> Outcome:
    """Carry out a command on each item."""
    caller = Caller.of(by, via=via)
    items: list[Any] = []
    commands: dict[UUID, Command] = {}
    for number, change in enumerate(changes):
        try:
            uuid, command = _read(change, caller.model)
            if uuid in commands:
                raise ValueError("There is a change of this item already.")
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"changes[{number}]: {error}") from error
        items.append(change.item)
        commands[uuid] = command
    return perform_many(
        caller,
        targets_of(items, caller),
        commands.__getitem__,
        around_vetoes=True,
        all_or_nothing=all_or_nothing,
    )


def _read(change: Any, model: type[AbstractOrderItem]) -> tuple[UUID, Command]:
    if not isinstance(change, Change):
        raise TypeError(f"This is a {type(change).__qualname__}, not a Change.")
    target = single_target(change.item, model)
    if target is None:
        raise TypeError("The item must be an order item or a UUID.")
    command = change.command
    command.validate(model)
    return target.uuid, command
