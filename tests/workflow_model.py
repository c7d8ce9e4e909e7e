"""The workflow a second time, in plain Python: one item, its quantity and its cancellations.

Written from the contract, not from the code; the service is held against it by sequences of calls
that hypothesis makes up, and by what two sessions do at the same time.
"""

from dataclasses import dataclass, field

OBSTACLES = {"HasTracking": "already_shipped", "Cancelled": "already_cancelled"}
SIDES = {
    "request": {"retailer", "operator"},
    "withdraw": {"retailer", "operator"},
    "confirm": {"supplier", "operator"},
    "reject": {"supplier", "operator"},
    "cancel": {"operator"},
}


@dataclass
class Asked:
    """A cancellation: what was asked, and what became of it."""

    name: object
    quantity: int | None
    status: str = "requested"
    confirmed: int | None = None
    is_whole: bool = False
    """Nothing was left of the item."""


@dataclass
class Item:
    """An item of which ``ordered`` were ordered.

    :ivar others: names of other items' cancellations.
    """

    ordered: int
    status: str = "Allocated"
    trail: list[Asked] = field(default_factory=list)
    others: set = field(default_factory=set)

    @property
    def latest(self):
        return self.trail[-1] if self.trail else None

    @property
    def left(self):
        if self.status == "Cancelled":
            return 0
        cancelled = 0
        for asked in self.trail:
            # What was cancelled wholly, and is not cancelled any more, the host has set back.
            cancelled = 0 if asked.is_whole else cancelled + (asked.confirmed or 0)
        return self.ordered - cancelled

    def named(self, name):
        return next((asked for asked in self.trail if name and asked.name == name), None)

    def act(self, action, *, by="operator", quantity=None, name=None):
        """Take an action.

        :returns: "change", "replay", or the code of what refuses it.
        """
        if by not in SIDES[action]:
            return "wrong_side"
        if action in ("request", "cancel") and name in self.others:
            return "uuid_reused"
        return getattr(self, action)(quantity, name)

    # What the five do, each in the order in which the contract says it.

    def request(self, quantity, name):
        latest = self.latest
        if asked := self.named(name):
            return "replay" if asked.quantity == quantity else "uuid_reused"
        if latest and latest.status == "requested":
            same = name is None and latest.quantity == quantity
            return "replay" if same else "already_requested"
        if self.status == "Cancelled" and latest and latest.is_whole:
            return "already_confirmed"
        if self.status in OBSTACLES:
            return OBSTACLES[self.status]
        if quantity and quantity > self.left:
            return "quantity_too_great"
        self.trail.append(Asked(name or object(), quantity))
        return "change"

    def confirm(self, quantity, name):
        latest = self.latest
        if refused := self.undecidable(name, "confirmed", quantity):
            return refused
        if self.status in OBSTACLES:
            return OBSTACLES[self.status]
        if name is None and self.was_confirmed:
            return "must_be_named"
        asked = latest.quantity or self.left
        if (quantity or asked) > min(asked, self.left):
            return "quantity_too_great"
        self.cancel_of(latest, quantity or asked)
        return "change"

    def reject(self, quantity, name):
        if refused := self.undecidable(name, "rejected"):
            return refused
        if name is None and self.was_confirmed:
            return "must_be_named"
        self.latest.status = "rejected"
        return "change"

    def withdraw(self, quantity, name):
        if refused := self.undecidable(name, "withdrawn"):
            return refused
        self.latest.status = "withdrawn"
        return "change"

    def cancel(self, quantity, name):
        latest, asked = self.latest, self.named(name)
        is_open = bool(latest and latest.status == "requested")
        if asked and asked.status == "confirmed" and quantity:
            return "replay" if asked.confirmed == quantity else "uuid_reused"
        if asked and asked is not latest:
            is_done = asked.status == "confirmed" and self.status == "Cancelled"
            return "replay" if is_done else "superseded"
        if asked and asked.status in ("rejected", "withdrawn"):
            return f"already_{asked.status}"
        if name and not asked and is_open:
            return "superseded"
        if self.status == "Cancelled" and latest and latest.is_whole:
            fits = quantity in (None, latest.confirmed)
            return "replay" if fits else "already_confirmed"
        if self.status in OBSTACLES:
            return OBSTACLES[self.status]
        if quantity and name is None and self.was_confirmed:
            repeats = latest.status == "confirmed" and latest.confirmed == quantity
            return "replay" if repeats else "must_be_named"
        at_most = min(latest.quantity or self.left, self.left) if is_open else self.left
        if quantity and quantity > at_most:
            return "quantity_too_great"
        if is_open:
            self.cancel_of(latest, quantity or at_most)
        if not is_open or (quantity is None and self.left):
            self.trail.append(Asked(name if name and not asked else object(), quantity))
            self.cancel_of(self.latest, quantity or self.left)
        return "change"

    @property
    def was_confirmed(self):
        return any(asked.status == "confirmed" for asked in self.trail)

    def undecidable(self, name, result, quantity=None):
        """Return what refuses a decision, or that it is one already; ``None`` if it is open."""
        latest = self.latest
        if latest is None:
            return "not_requested"
        if name and latest.name != name:
            return "superseded"
        if latest.status == "requested":
            return None
        if latest.is_whole and self.status != "Cancelled" and result == "confirmed":
            return "not_requested"
        fits = quantity in (None, latest.confirmed)
        return "replay" if latest.status == result and fits else f"already_{latest.status}"

    def cancel_of(self, asked, quantity):
        asked.is_whole = quantity == self.left
        asked.status, asked.confirmed = "confirmed", quantity
        if asked.is_whole:
            self.status = "Cancelled"
