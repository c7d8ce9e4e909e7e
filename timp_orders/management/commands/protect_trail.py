"""``manage.py protect_trail``: the database itself refuses to delete or change the audit trail."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connections, router

from timp_orders.models import Cancellation
from timp_orders.triggers import protect, unprotect

__all__ = ["Command"]


class Command(BaseCommand):
    """Create the triggers, or drop them; either may be repeated.

    :raises django.core.management.CommandError: the database has no table of cancellations, is of
        a kind without these triggers, or refuses them.
    """

    help = (
        "Create triggers in the database that refuse to delete cancellations, and to change facts "
        "of those that are decided, whoever asks for it. Erasing names and notes, and deleting "
        "users, works as before. It may be run again at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--remove", action="store_true", help="drop the triggers")
        parser.add_argument(
            "--database",
            metavar="ALIAS",
            choices=tuple(connections),
            help="by default the one that cancellations are written to",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        using = options["database"] or router.db_for_write(Cancellation)
        try:
            if options["remove"]:
                unprotect(using)
            else:
                protect(using)
        except (DatabaseError, LookupError) as error:
            raise CommandError(f"{error}") from error
        state = "not protected" if options["remove"] else "protected"
        self.stdout.write(f"The audit trail in the database {using!r} is {state} by triggers.")
