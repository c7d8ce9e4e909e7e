"""``manage.py cancellations``: list cancellations, and decide them."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import F, QuerySet
from django.http import QueryDict

from timp_orders import errors
from timp_orders.api.filter_sets import CancellationFilterSet
from timp_orders.management import deciding
from timp_orders.management.progress import progress
from timp_orders.management.written import FORMATS, Meant, Row, read_meant, write
from timp_orders.models import Cancellation
from timp_orders.models.lookups import Among
from timp_orders.models.querysets import by_pages
from timp_orders.services import SYSTEM
from timp_orders.services.caller import Caller
from timp_orders.services.command import Command as Decision
from timp_orders.services.reads import visible_cancellations
from timp_orders.states import Action, CancellationStatus

__all__ = ["Command"]

_PAGE = 2000
_DECISIONS = (Action.CONFIRM, Action.REJECT, Action.WITHDRAW)


class Command(BaseCommand):
    """Print a row for each cancellation; of those that are decided, with the result.

    :raises django.core.management.CommandError: an argument is wrong; or a decision was refused,
        after all rows were printed. The exit code is 1.
    """

    help = (
        "List cancellations, or decide them: those that the filters keep, or those of the items "
        "that the standard input names, by UUIDs or by CSV as this command writes it. What is "
        "decided is written a thousand items at a time. The exit code is 1 if any was refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "input", nargs="?", choices=["-"], help="read the items from the standard input"
        )
        filters = parser.add_argument_group("filters, as the API has them")
        for name in CancellationFilterSet.base_filters:
            filters.add_argument(_flag(name), action="append", default=[])
        filters.add_argument("--all", action="store_true", help="decide all that are open")
        decisions = parser.add_mutually_exclusive_group()
        for action in _DECISIONS:
            decisions.add_argument(
                _flag(action),
                dest="action",
                action="store_const",
                const=action,
                help=str(action.label),
            )
        parser.add_argument("--note", default="", help="of the decision")
        parser.add_argument("--reason", default="", help="of a rejection")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument("--as", dest="username", help="a user; by default the system itself")
        parser.add_argument("--format", choices=list(FORMATS), default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"]
        caller = Caller.of(_user(username) if username else SYSTEM)
        decision = _decision(caller, options)
        filters = _filters(options)
        named = read_meant(sys.stdin) if options["input"] else None
        if named and filters:
            raise CommandError("Filters and the standard input do not go together.")
        if decision and not (named or filters or options["all"]):
            raise CommandError("Say which: by filters, by - for the standard input, or by --all.")
        if decision is None:
            rows = _listed(caller, filters, named)
        else:
            filters.setlistdefault("status", [CancellationStatus.REQUESTED.value])
            found = _filtered(caller, filters)
            meant = named or deciding.meant_by(found, caller.model.UUID_FIELD)
            rows = self._decided(caller, decision, meant, dry_run=options["dry_run"])
        self.refused = 0
        write(rows, self.stdout, options["format"])
        if self.refused:
            raise CommandError(f"Refused: {self.refused}.")

    def _decided(
        self, caller: Caller, decision: Decision, meant: Iterable[Meant], *, dry_run: bool
    ) -> Iterator[Row]:
        decide = deciding.foresee if dry_run else deciding.carry_out
        with progress(" items") as bar:
            for batch in deciding.batches(meant):
                try:
                    results = decide(caller, decision, batch)
                except errors.Busy as busy:
                    raise CommandError(f"{busy} What is printed above is decided.") from busy
                bar.clear()  # the rows are printed in its place
                for row in deciding.rows_of(caller, results):
                    self.refused += row["result"] not in ("changed", "would change", "unchanged")
                    yield row
                bar.update(len(batch))


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _user(username: str) -> Any:
    users = get_user_model()
    try:
        user = users._default_manager.get_by_natural_key(username)
    except users.DoesNotExist as error:
        raise CommandError("There is no such user.") from error
    if not user.is_active:
        raise CommandError("The user is not active.")
    return user


def _decision(caller: Caller, options: dict[str, Any]) -> Decision | None:
    """Return what is to be decided; ``None`` if nothing is."""
    if options["action"] is None:
        if options["note"] or options["reason"] or options["dry_run"] or options["all"]:
            raise CommandError("Say what to decide: --confirm, --reject or --withdraw.")
        return None
    decision = Decision(options["action"], options["note"], options["reason"])
    try:
        decision.validate(caller.model)
    except ValueError as error:
        raise CommandError(str(error)) from error
    return decision


def _filters(options: dict[str, Any]) -> QueryDict:
    filters = QueryDict(mutable=True)
    for name in CancellationFilterSet.base_filters:
        if values := options[name]:
            if name != "status" and len(values) > 1:
                raise CommandError(f"{_flag(name)} needs exactly one value.")
            filters.setlist(name, values)
    return filters


def _filtered(caller: Caller, filters: QueryDict) -> QuerySet[Cancellation]:
    filterset = CancellationFilterSet(filters, visible_cancellations(caller))
    blank = {name for name, values in filters.lists() if not all(map(str.strip, values))}
    for name in [*blank, *(name for name in filters if name not in filterset.filters)]:
        raise CommandError(f"{_flag(name)} is no filter here, or needs a value.")
    for name, texts in filterset.errors.items():
        raise CommandError(f"{_flag(name)}: {' '.join(map(str, texts))}")
    found: QuerySet[Cancellation] = filterset.qs
    return found


def _listed(caller: Caller, filters: QueryDict, named: Iterable[Meant] | None) -> Iterator[Row]:
    """Tell of cancellations, in the order of their keys; of named items, item by item."""
    found = _filtered(caller, filters).order_by("pk")
    if named is None:
        for page in by_pages(found, _PAGE):
            yield from (deciding.row(one.order_item, one) for one in page)
        return
    item_uuid = F(f"order_item__{caller.model.UUID_FIELD}")
    for batch in deciding.batches(named):
        uuids = [one.order_item_uuid for one in batch]
        for cancellation in found.filter(Among(item_uuid, uuids)):
            yield deciding.row(cancellation.order_item, cancellation)
