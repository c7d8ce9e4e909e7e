"""``manage.py erase_personal_data``: names, and notes if asked, leave the audit trail."""

from argparse import ArgumentTypeError
from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date

from timp_orders.errors import Busy
from timp_orders.management.progress import progress
from timp_orders.services.erasure import erased_by_batches

__all__ = ["Command"]


def _day(text: str) -> datetime:
    """Return when a day begins, in the project's time zone."""
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise ArgumentTypeError("a day such as 2030-12-31 is needed")
    midnight = datetime.combine(day, time.min)
    return timezone.make_aware(midnight) if settings.USE_TZ else midnight


class Command(BaseCommand):
    """Erase, a thousand cancellations at a time; what is erased already is left alone.

    :raises django.core.management.CommandError: the database was busy; the exit code is 1.
    """

    help = (
        "Erase the names of users from cancellations: one user's, or everybody's from those that "
        "were decided before a day. The sides, moments, quantities and reasons stay, and the trail "
        "says which side acted. It may be run again at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--user", metavar="PK", help="the primary key of a user")
        whose.add_argument("--name", help="the name that a user had who was deleted")
        whose.add_argument(
            "--decided-before", type=_day, metavar="DATE", help="everybody, as 2030-12-31"
        )
        parser.add_argument("--notes", action="store_true", help="erase what they wrote, too")

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("user", "name", "decided_before", "notes")
        erased = 0
        with progress(" cancellations") as bar:
            try:
                for count in erased_by_batches(**{name: options[name] for name in names}):
                    erased += count
                    bar.update(count)
            except (TypeError, ValueError) as error:
                raise CommandError("There is no such primary key.") from error
            except Busy as busy:
                raise CommandError(f"{busy} Erased before: {erased}.") from busy
        self.stdout.write(f"Erased from {erased} cancellations.")
