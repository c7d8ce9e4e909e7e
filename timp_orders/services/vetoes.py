"""Service calls on many items that go on without those that a receiver vetoes."""

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from timp_orders import errors
from timp_orders.services.outcome import Outcome

__all__ = ["around_vetoes"]


def around_vetoes(
    service: Callable[[Sequence[UUID]], Outcome], uuids: Sequence[UUID]
) -> Iterator[Outcome]:
    """Call a service function on many items, so that a veto costs its own item only.

    A veto undoes its whole call, and says which item it is about. What comes before that item is
    then sent again, which no receiver refuses, and what comes after it by a call of its own: two
    calls more for each veto.

    :param service: called with the UUIDs of items; may be called again with some of them.
    :param uuids: in the order of their items' primary keys, which is that of the signals.
    :returns: the outcome of each call, and one for each veto; together they hold all items.
    """
    waiting = [list(uuids)]
    while waiting:
        batch = waiting.pop()
        if not batch:
            continue
        try:
            yield service(batch)
        except errors.Veto as veto:
            vetoed = veto.order_item_uuid
            if vetoed not in batch:  # it is about all of them
                yield Outcome(refused=dict.fromkeys(batch, veto))
                continue
            at = batch.index(vetoed)
            yield Outcome(refused={vetoed: veto})
            waiting += [batch[at + 1 :], batch[:at]]
