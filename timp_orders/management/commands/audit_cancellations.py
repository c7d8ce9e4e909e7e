"""``manage.py audit_cancellations``: list rows that contradict each other."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timp_orders.reconciliation import INCONSISTENCIES, find_inconsistencies

__all__ = ["Command"]


class Command(BaseCommand):
    """Print a line for each finding.

    :raises django.core.management.CommandError: there are findings; the exit code is 1.
    """

    help = (
        "List cancellations that contradict their items or themselves; nothing is changed. "
        "The exit code is 1 if there are any. Kinds: "
        + " ".join(f"{kind.code}: {kind.description}" for kind in INCONSISTENCIES)
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a JSON object in each line")

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        for count, finding in enumerate(find_inconsistencies(), start=1):  # noqa: B007
            values = finding._asdict()
            if options["json"]:
                line = json.dumps(values, default=str)
            else:
                code = values.pop("code")
                line = " ".join([code, *(f"{name}={value}" for name, value in values.items())])
            self.stdout.write(line)
        if count:
            raise CommandError(f"Findings: {count}.")
        if not options["json"]:
            self.stdout.write("Nothing was found.")
