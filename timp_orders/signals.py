"""Signals: for each cancellation that changed, for all that a batch changed, and for deadlines.

The four of the actions are sent with ``sender=Cancellation`` and the same arguments:

:cancellation: the ``Cancellation`` as this call wrote it; ``cancellation.order_item`` likewise, and
    ``cancellation.item_status`` is the item's status before. (In a call on many items, an earlier
    signal's receiver may have written them since.)
:by: the user, or ``timp_orders.services.SYSTEM``.
:via: the door: ``"api"``, ``"admin"``, ``"code"``, or ``"deadline"`` for what silence decided.

:data:`cancellations_changed` follows them, once for each batch of at most 1,000 items. In place of
``cancellation`` it has ``action`` (an ``Action``) and ``cancellations`` (a list, in the order of
their items' primary keys), so that a receiver can lock shared rows in one order, give back one
payment, or send one mail.

:data:`cancellation_due` and :data:`cancellation_overdue` are about what did not happen. They have
the arguments of the four, and are sent by ``timp_orders.services.enforce_deadlines``.

They are sent *inside* the transaction, with the rows locked: what a receiver writes commits or
rolls back with the decision. A receiver that raises vetoes it (``timp_orders.errors.Veto`` is
answered as a refusal, anything else is the host's own error). What must wait until the decision is
durable belongs in ``django.db.transaction.on_commit``. A replay sends nothing; a transaction that
the database makes the service repeat sends again, after everything before was rolled back.
"""

from django.dispatch import Signal

from timp_orders.states import Action

__all__ = [
    "BY_ACTION",
    "cancellation_confirmed",
    "cancellation_due",
    "cancellation_overdue",
    "cancellation_rejected",
    "cancellation_requested",
    "cancellation_withdrawn",
    "cancellations_changed",
]

cancellation_requested = Signal()
"""A retailer asked to cancel an item: ``cancellation`` is new and open."""

cancellation_confirmed = Signal()
"""The supplier confirmed, or the item was cancelled outright.

``cancellation.quantity_confirmed`` says how many of the item, ``None`` that the whole item was;
``cancellation.order_item`` is cancelled, unless ``cancellation.quantity_left`` says that some are
left.
"""

cancellation_rejected = Signal()
"""The supplier refused: the item stays as it was."""

cancellation_withdrawn = Signal()
"""The retailer took the request back: the item stays as it was."""

cancellation_due = Signal()
"""The supplier's time is nearly over (``TIMP_ORDERS["REMIND_BEFORE"]``): once for a cancellation.

``cancellation.reminded_at`` is committed with what receivers write; after a veto it is sent again.
"""

cancellation_overdue = Signal()
"""The supplier's time is over: once for a cancellation, before anything is decided by that.

``cancellation.on_deadline`` says what will be decided. ``cancellation.overdue_at`` is committed
with what receivers write; after a veto it is sent again.
"""

cancellations_changed = Signal()
"""A batch changed, all by the same ``action``; ``"cancel"`` has confirmed them."""

BY_ACTION = {
    Action.REQUEST: cancellation_requested,
    Action.CONFIRM: cancellation_confirmed,
    Action.REJECT: cancellation_rejected,
    Action.WITHDRAW: cancellation_withdrawn,
    Action.CANCEL: cancellation_confirmed,
}
