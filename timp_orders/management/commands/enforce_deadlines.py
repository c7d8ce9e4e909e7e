"""``manage.py enforce_deadlines``: what a deadline leads to, for cron and its like."""

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timp_orders.management.progress import progress
from timp_orders.services import Enforced
from timp_orders.services.deadlines import enforced_by_batches

__all__ = ["Command"]


class Command(BaseCommand):
    """Remind suppliers, mark what became overdue, and decide what silence decides.

    :raises django.core.management.CommandError: something was busy, vetoed or otherwise refused;
        all else is done. The exit code is 1.
    """

    help = (
        "Remind suppliers of cancellations whose deadline is near, mark those whose deadline has "
        "passed, and decide what silence decides. It may be run at any time, several times, and on "
        "several machines at once. The exit code is 1 if anything was busy, vetoed or refused; all "
        "else is done then."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--limit",
            type=int,
            metavar="N",
            help="remind, mark, confirm and reject at most N cancellations each",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run = options["dry_run"]
        try:
            batches = enforced_by_batches(None, options["limit"], dry_run=dry_run)
        except ValueError as error:
            raise CommandError(f"--{error}") from error
        done = Enforced()
        with progress(" cancellations") as bar:
            for batch in batches:
                done += batch
                bar.update(batch.count)
        told = {
            "Would remind" if dry_run else "Reminded": done.reminded,
            "would be overdue" if dry_run else "overdue": done.overdue,
            "would confirm" if dry_run else "confirmed": done.confirmed,
            "would reject" if dry_run else "rejected": done.rejected,
        }
        self.stdout.write(f"{', '.join(f'{words}: {count}' for words, count in told.items())}.")
        if done.refused:
            codes = Counter(error.code for error in done.refused.values())
            refused = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
            raise CommandError(f"Refused: {refused}. The log names the items.")
