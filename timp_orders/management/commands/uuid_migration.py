"""``manage.py uuid_migration``: write the migration that gives rows which exist a UUID each."""

from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.writer import MigrationWriter
from django.db.models import UUIDField

from timp_orders.conf import order_item_model_label

__all__ = ["Command"]

_EMPTY = "models.UUIDField(null=True, editable=False)"

_TEMPLATE = '''\
import uuid

from django.db import migrations, models

FIELDS = [{fields}]


def fill(apps, schema_editor):
    for model, field in FIELDS:
        rows = apps.get_model("{app}", model)._base_manager.using(schema_editor.connection.alias)
        for pk in rows.filter(**{{field: None}}).values_list("pk", flat=True):
            rows.filter(pk=pk).update(**{{field: uuid.uuid4()}})


class Migration(migrations.Migration):
    """One UUID for all rows would not be unique: so the column is added, filled, made unique."""

    dependencies = [("{app}", "{last}")]
    run_before = {before}
    # PostgreSQL changes no table that has rows to be checked in the same transaction.
    atomic = False

    operations = [
{added}
        migrations.RunPython(fill, migrations.RunPython.noop),
{altered}
    ]
'''


class Command(BaseCommand):
    """Write it, for the models of one app that have got a unique ``UUIDField``; print its path.

    :raises django.core.management.CommandError: there is no such model, or no such field; or the
        models are of several apps.
    """

    help = (
        "Write the migration that adds the unique UUID of a model (or of several of one app) to a "
        "table that has rows, which makemigrations cannot write. For tables of millions, see the "
        "documentation."
    )
    # The tables are not yet as the models say.
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("models", nargs="+", metavar="app.Model")
        parser.add_argument("--dry-run", action="store_true", help="print it instead")

    def handle(self, *args: Any, **options: Any) -> None:
        models = [_model(label) for label in options["models"]]
        labels = {model._meta.app_label for model in models}
        if len(labels) > 1:
            raise CommandError("Models of one app at a time, please: each has its own migration.")
        (app,) = labels
        fields = [_field(model) for model in models]
        leaves = MigrationLoader(None).graph.leaf_nodes(app)
        if len(leaves) != 1:
            raise CommandError(f"{app} must have migrations, and one that is the last.")
        ((_, last),) = leaves
        items = order_item_model_label().lower()
        is_before = items in {model._meta.label_lower for model in models}
        text = _TEMPLATE.format(
            app=app,
            fields=", ".join(f"({_named(field)})" for field in fields),
            last=last,
            before='[("timp_orders", "0002_order_items")]' if is_before else "[]",
            added="\n".join(_operation("AddField", field, _EMPTY) for field in fields),
            altered="\n".join(
                _operation("AlterField", field, MigrationWriter.serialize(field)[0])
                for field in fields
            ),
        )
        if options["dry_run"]:
            self.stdout.write(text, ending="")
            return
        number = int(last[:4]) + 1 if last[:4].isdecimal() else 1
        path = _folder(app) / f"{number:04}_uuids.py"
        path.write_text(text)
        self.stdout.write(str(path))


def _folder(app: str) -> Path:
    """Return where an app's migrations are."""
    module: Any = MigrationLoader.migrations_module(app)[0]
    return Path(import_module(module).__path__[0])


def _model(label: str) -> Any:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError) as error:
        raise CommandError(f"There is no model {label}.") from error


def _field(model: Any) -> Any:
    """Return the model's unique UUID."""
    for field in model._meta.local_fields:
        if isinstance(field, UUIDField) and field.unique and not field.primary_key:
            return field
    raise CommandError(f"{model._meta.label} has no unique UUIDField.")


def _named(field: Any) -> str:
    return f'"{field.model._meta.model_name}", "{field.name}"'


def _operation(kind: str, field: Any, described: str) -> str:
    return f"        migrations.{kind}({_named(field)}, {described}),"
