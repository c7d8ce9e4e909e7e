"""Take one guard away at a time, and show that a test fails without it.

``python -m tests.mutations [NAME …]`` runs on the database of ``DATABASE_URL`` and fails if a
mutant survives. Some guards matter on some databases only: SQLite's IMMEDIATE transactions do the
work of the locks, so there those mutants are left out, and the table says so.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALL = ("sqlite", "postgresql", "mysql")
PATIENCE = 300
SERVERS = ("postgresql", "mysql")


@dataclass(frozen=True)
class Mutation:
    """A text of one module of the package that is replaced, and the tests that must notice."""

    name: str
    module: str
    old: str
    new: str
    tests: str  # of pytest -k
    file: str = "tests/test_interleavings.py"
    databases: tuple[str, ...] = ALL


MUTATIONS = [
    Mutation(
        "no lock on the items",
        "models/querysets.py",
        '.order_by("pk").select_for_update(no_key=no_key)',
        '.order_by("pk")',
        "several_items_wait or between_the_naming",
        databases=SERVERS,
    ),
    Mutation(
        "no lock on the cancellations",
        "services/reads.py",
        "cancellations: QuerySet[Any] = locked(trail, using)",
        'cancellations = trail.using(using).order_by("pk")',
        "several_items_wait or InsideAnother",
        databases=("mysql",),
    ),
    Mutation(
        "locks in another order",
        "models/querysets.py",
        'order_by("pk").select_for_update',
        "select_for_update",
        "OrderOfLocks",
        databases=SERVERS,
    ),
    Mutation(
        "batches in the order of the selection",
        "services/targets.py",
        "dict(sorted((row.pk, getattr(row, self._uuid_field)) for row in rows))",
        "dict((row.pk, getattr(row, self._uuid_field)) for row in rows)",
        "OrderOfLocks",
        databases=SERVERS,
    ),
    Mutation(
        "batches in no order",
        "services/targets.py",
        '.values("pk")).order_by("pk")',
        '.values("pk")).order_by("-pk")',
        "OrderOfLocks",
        databases=SERVERS,
    ),
    Mutation(
        "no reading again under the lock",
        "services/engine.py",
        "found = locked_facts(batch, call.by, call.standing, call.action.side, call.using)",
        "found = {i.pk: attach(i, call.standing) for i in"
        " described(call.by, call.standing, call.using).filter(pk__in=batch)}",
        "several_items_wait",
        databases=SERVERS,
    ),
    Mutation(
        "the sides are asked before the lock",
        "services/reads.py",
        "    rows = list(held",
        "    asked = globals()['_on_side_of'](pks, user, standing, side, using)\n"
        "    _on_side_of = lambda pks, *rest: asked & set(pks)\n"
        "    rows = list(held",
        "another_suppliers",
        databases=SERVERS,
    ),
    Mutation(
        "a loser is not ruled on again",
        "services/engine.py",
        "        except trail.Changed:\n            pass\n",
        "        except trail.Changed:\n            raise errors.Busy from None\n",
        "between_the_unlocked_read",
    ),
    Mutation(
        "no compare-and-set of the cancellation",
        "services/writes.py",
        "using(using).filter(decided_at=None)",
        "using(using)",
        "between_the_unlocked_read or under_the_lock",
    ),
    Mutation(
        "no compare-and-set of the item",
        "services/writes.py",
        '_Rows(items.filter(**{f"{model.STATUS_FIELD}__in": lifecycle.cancellable}))',
        "_Rows(items)",
        "between_the_unlocked_read or under_the_lock",
    ),
    Mutation(
        "cancellations written are not counted",
        "services/writes.py",
        "update(keys, values) != len(changing):",
        "update(keys, values) < 0:",
        "between_the_unlocked_read or under_the_lock",
    ),
    Mutation(
        "items written are not counted",
        "services/writes.py",
        "for facts in changing], cancelled) != len(changing):",
        "for facts in changing], cancelled) < 0:",
        "between_the_unlocked_read or under_the_lock",
    ),
    Mutation(
        "no constraint: two open cancellations",
        "migrations/0002_order_items.py",
        'fields=("open", "order_item")',
        'fields=("open", "order_item", "id")',
        "second_open or made_under_the_lock",
    ),
    Mutation(
        "the constraint's index serves the foreign key",
        "migrations/0002_order_items.py",
        'fields=("open", "order_item")',
        'fields=("order_item", "open")',
        "ADecisionThatTakesNoLock and confirmation",
        databases=("mysql",),
    ),
    Mutation(
        "a violated constraint is not begun again",
        "services/writes.py",
        "if is_duplicate(error):",
        "if False:",
        "made_under_the_lock",
    ),
    Mutation(
        "rows that changed are not begun again",
        "services/engine.py",
        "lambda: _perform_locked(call, uuids), call.using, again=trail.Changed",
        "lambda: _perform_locked(call, uuids), call.using",
        "under_the_lock",
    ),
    Mutation(
        "a stale view of the item in another's transaction",
        "services/engine.py",
        "if connections[call.using].savepoint_ids:",
        "if False:",
        "InsideAnother and one_item",
        databases=("mysql",),
    ),
    Mutation(
        "never tried again",
        "services/transactions.py",
        "tries = 2 if is_own else 1",
        "tries = 1",
        "TransactionOfItsOwn",
        "tests/test_contention.py",
    ),
    Mutation(
        "tried again in another's transaction",
        "services/transactions.py",
        "tries = 2 if is_own else 1",
        "tries = 2",
        "SomebodyElses",
        "tests/test_contention.py",
    ),
    Mutation(
        "tried again for ever",
        "services/transactions.py",
        "        tries -= 1\n",
        "",
        "busy_twice or never_tried",
        "tests/test_contention.py",
    ),
    Mutation(
        "every error is tried again",
        "services/transactions.py",
        "and not is_contention(error)",
        "and False",
        "lost_at_the_commit or any_other_error",
        "tests/test_contention.py",
    ),
    Mutation(
        "no transaction",
        "services/transactions.py",
        "with transaction.atomic(using=using):",
        "if True:",
        "TransactionOfItsOwn",
        "tests/test_contention.py",
    ),
    Mutation(
        "a broken transaction is not noticed",
        "services/writes.py",
        "if connections[call.using].needs_rollback or written.count() != len(changing):",
        "if False:",
        "SwallowedDatabaseErrors",
        "tests/test_signals.py",
    ),
    Mutation(
        "what was written is not looked for again",
        "services/writes.py",
        "if connections[call.using].needs_rollback or written.count() != len(changing):",
        "if connections[call.using].needs_rollback:",
        "SwallowedDatabaseErrors and silence",
        "tests/test_signals.py",
    ),
    Mutation(
        "receivers are told of replays too",
        "services/engine.py",
        'if verdict == "change":\n                changing',
        'if verdict in ("change", "replay"):\n                changing',
        "a_replay",
        "tests/test_signals.py",
    ),
    Mutation(
        "a superseded cancellation is decided",
        "services/reads.py",
        "facts.cancellation_uuid != expected",
        "False",
        "WithdrawnAndRequestedAnew",
    ),
    Mutation(
        "any open or confirmed cancellation is taken for the newest",
        "services/engine.py",
        "if len(found) == 1 and",
        "if found and",
        "ImportedCancellations",
        "tests/test_hard_cases.py",
    ),
]


def vendor() -> str:
    scheme = os.environ.get("DATABASE_URL", "sqlite").partition(":")[0]
    return {"postgres": "postgresql", "mariadb": "mysql"}.get(scheme, scheme)


def run(mutation: Mutation | None, *pytest: str) -> subprocess.CompletedProcess:
    """Run tests on a copy of the package, mutated."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory)
        for name in ("tests", "example_project", "setup.cfg", "pyproject.toml"):
            (copy / name).symlink_to(ROOT / name)
        package = copy / "timp_orders"
        shutil.copytree(ROOT / "timp_orders", package, ignore=shutil.ignore_patterns("__pycache__"))
        if mutation:
            module = package / mutation.module
            source = module.read_text()
            if mutation.old not in source:
                raise LookupError(f"its text is not in {mutation.module}")
            module.write_text(source.replace(mutation.old, mutation.new))
        env = {**os.environ, "PYTHONPATH": directory, "PYTHONDONTWRITEBYTECODE": "1"}
        if "DATABASE_URL" in env:  # a database for each that runs at the same time
            env["DATABASE_URL"] += f"_{threading.get_native_id()}"
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *pytest],
            cwd=copy,
            env=env,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )


def verdict(mutation: Mutation) -> str:
    if vendor() not in mutation.databases:
        return "only matters on " + ", ".join(mutation.databases)
    try:
        result = run(mutation, mutation.file, "-k", mutation.tests)
    except subprocess.TimeoutExpired:
        return "noticed (it hangs)"
    except LookupError as error:
        return f"BROKEN: {error}"
    if result.returncode == 0:
        return "SURVIVED"
    if result.returncode != 1:  # collection failed, say: that proves nothing
        return "BROKEN\n" + result.stdout[-2000:]
    failed = [line for line in result.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return "noticed by " + failed[0].split("::", 1)[-1].split(" - ")[0]


def main() -> int:
    wanted = sys.argv[1:]
    chosen = [m for m in MUTATIONS if not wanted or any(word in m.name for word in wanted)]
    started = time.monotonic()
    bad = 0
    with ThreadPoolExecutor(2) as pool:
        unchanged = pool.submit(run, None, *sorted({mutation.file for mutation in chosen}))
        for mutation, said in zip(chosen, pool.map(verdict, chosen), strict=True):
            bad += said.startswith(("SURVIVED", "BROKEN"))
            print(f"{mutation.name:52} {said}", flush=True)
        result = unchanged.result()
    if result.returncode:
        print("The tests fail without any mutation.", result.stdout[-2000:])
        return 1
    seconds = time.monotonic() - started
    print(f"{len(chosen)} on {vendor()} in {seconds:.0f} s; {bad} survived or broken")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
