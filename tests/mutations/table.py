"""The guards, each with what takes it away and the tests that must notice."""

from dataclasses import dataclass

from tests.mutations import syntax
from tests.mutations.syntax import Change, constant, never, without_call, without_keyword

ALL = ("sqlite", "postgresql", "mysql")
SERVERS = ("postgresql", "mysql")

QUERYSETS = "models/querysets.py"
BATCHES = "services/batches.py"
DEADLINE_DECISIONS = "services/deadlines/decisions.py"
ENGINE = "services/engine.py"
LOCKS = "services/locks.py"
MARKS = "services/deadlines/marks.py"
READS = "services/reads.py"
RECEIVERS = "services/receivers.py"
RULES = "services/rules.py"
TARGETS = "services/targets.py"
TRAIL = "models/trail.py"
TRANSACTIONS = "services/transactions.py"
TRIGGERS = "triggers.py"
OPTIMISTIC = "services/optimistic.py"
WRITES = "services/writes.py"

CHANGES = "tests/test_changes.py"
CONTENTION = "tests/test_contention.py"
SIGNALS = "tests/test_signals.py"
SERVICES = "tests/test_services.py"
QUANTITIES = "tests/test_quantities.py"
DEADLINES = "tests/test_deadlines.py"
OF_DEADLINES = "tests/test_interleavings_of_deadlines.py"
OF_PARTS = "tests/test_interleavings_of_parts.py"


@dataclass(frozen=True)
class Mutation:
    """A change of one function of the package, and the tests that must notice."""

    name: str
    module: str
    function: str
    change: Change
    tests: str  # of pytest -k
    file: str = "tests/test_interleavings.py"
    databases: tuple[str, ...] = ALL


MUTATIONS = [
    Mutation(
        "no lock on the items",
        QUERYSETS,
        "locked",
        without_call("select_for_update"),
        "several_items_wait or between_the_naming",
        databases=SERVERS,
    ),
    Mutation(
        "locks in another order",
        QUERYSETS,
        "locked",
        without_call("order_by"),
        "OrderOfLocks",
        databases=SERVERS,
    ),
    Mutation(
        "no lock on the cancellations",
        LOCKS,
        "_locked_trails",
        syntax.instead_of_call("locked", "rows.using(caller.using)"),
        "several_items_wait or InsideAnother",
        databases=("mysql",),
    ),
    Mutation(
        "which cancellation is the latest is read without a lock",
        QUERYSETS,
        "OrderItemQuerySet.with_locked_latest",
        without_call("select_for_update"),
        "several_items_wait or InsideAnother",
        databases=("mysql",),
    ),
    Mutation(
        "batches in the order of the selection",
        TARGETS,
        "_of_query_set",
        without_call("sorted"),
        "OrderOfLocks",
        databases=SERVERS,
    ),
    Mutation(
        "batches in no order",
        TARGETS,
        "_of_query_set",
        syntax.argument("order_by", "'-pk'"),
        "OrderOfLocks",
        databases=SERVERS,
    ),
    Mutation(
        "batches of a list in the order of the list",
        TARGETS,
        "_of_iterable",
        without_call("sorted"),
        "OrderOfLocks",
        databases=SERVERS,
    ),
    Mutation(
        "no reading again under the lock",
        BATCHES,
        "_planned",
        syntax.instead_of_call(
            "locked_facts",
            "{f.pk: f for f in __import__('timp_orders.services.reads', fromlist=['_'])"
            ".facts_of(caller, caller.items().filter(pk__in=list(batch)))}",
        ),
        "several_items_wait",
        databases=SERVERS,
    ),
    Mutation(
        "the sides are asked before the lock",
        LOCKS,
        "locked_facts",
        syntax.asked_before(
            "_sides_of",
            "caller, (sides := {side: [pk for pk, command in commands.items()"
            " if command.action.side == side] for side in Side}),"
            " _latest_as_they_act(caller, sides, asks_for_confirmed=False)",
        ),
        "MovedToAnother and while",
        databases=SERVERS,
    ),
    Mutation(
        "a loser is not ruled on again",
        ENGINE,
        "_change_one",
        syntax.handler("ConcurrentUpdate", "raise errors.Busy from None"),
        "between_the_unlocked_read",
    ),
    Mutation(
        "no compare-and-set of the cancellation",
        WRITES,
        "undecided",
        without_call("filter"),
        "under_the_lock",
    ),
    Mutation(
        "one item is cancelled whatever its status",
        OPTIMISTIC,
        "_cancel",
        syntax.without_key("STATUS_FIELD"),
        "between_the_unlocked_read or under_the_lock",
    ),
    Mutation(
        "many items are cancelled whatever their status",
        WRITES,
        "_cancel_items",
        without_keyword("still_cancellable"),
        "under_the_lock",
    ),
    Mutation(
        "rows that were written are not counted",
        WRITES,
        "require_written",
        never("count"),
        "between_the_unlocked_read or under_the_lock",
    ),
    Mutation(
        "an item that moved is not compared",
        OPTIMISTIC,
        "decide_one",
        syntax.choice_of("column", "{}"),
        "MovedToAnother",
    ),
    Mutation(
        "a policy of the host's is not asked again",
        OPTIMISTIC,
        "decide_one",
        never("is_on_side"),
        "OfAHosts",
    ),
    Mutation(
        "a rejection does not lock the item",
        OPTIMISTIC,
        "_lock",
        without_call("locked"),
        "MovedToAnother",
        databases=SERVERS,
    ),
    Mutation(
        "no constraint: two open cancellations",
        "migrations/0002_order_items.py",
        "",
        constant(("open", "order_item"), ("open", "order_item", "id")),
        "second_open or made_under_the_lock",
    ),
    Mutation(
        "a violated constraint is not begun again",
        WRITES,
        "open_cancellations",
        never("is_duplicate"),
        "made_under_the_lock",
    ),
    Mutation(
        "many rows that changed are not begun again",
        ENGINE,
        "perform_many",
        without_keyword("again"),
        "under_the_lock",
    ),
    Mutation(
        "a stale view of the item in another's transaction",
        ENGINE,
        "_with_item",
        never("savepoint_ids"),
        "InsideAnother and one_item",
        databases=("mysql",),
    ),
    Mutation(
        "never tried again",
        TRANSACTIONS,
        "in_transaction",
        syntax.choice("1"),
        "TransactionOfItsOwn",
        CONTENTION,
    ),
    Mutation(
        "tried again in another's transaction",
        TRANSACTIONS,
        "in_transaction",
        syntax.choice("2"),
        "SomebodyElses",
        CONTENTION,
    ),
    Mutation(
        "tried again for ever",
        TRANSACTIONS,
        "in_transaction",
        syntax.without_countdown(),
        "busy_twice or never_tried",
        CONTENTION,
    ),
    Mutation(
        "every error is tried again",
        TRANSACTIONS,
        "in_transaction",
        never("is_busy"),
        "lost_at_the_commit or any_other_error",
        CONTENTION,
    ),
    Mutation(
        "no transaction",
        TRANSACTIONS,
        "in_transaction",
        syntax.without_with("atomic"),
        "TransactionOfItsOwn",
        CONTENTION,
    ),
    Mutation(
        "a broken transaction is not noticed",
        RECEIVERS,
        "_require_whole",
        never("needs_rollback"),
        "SwallowedDatabaseErrors",
        SIGNALS,
    ),
    Mutation(
        "what was written is not looked for again",
        RECEIVERS,
        "_require_whole",
        syntax.test("needs_rollback", "connections[caller.using].needs_rollback"),
        "SwallowedDatabaseErrors and silence",
        SIGNALS,
    ),
    Mutation(
        "a veto undoes nothing",
        RECEIVERS,
        "around_vetoes",
        syntax.without_with("atomic"),
        "TestVetoes",
        CHANGES,
    ),
    Mutation(
        "what was all or nothing stays half done",
        ENGINE,
        "perform_many",
        without_keyword("all_or_nothing"),
        "TestAllOrNothing",
        CHANGES,
    ),
    Mutation(
        "what the caller may not see is locked",
        TARGETS,
        "_of_iterable",
        syntax.choice("caller.items()"),
        "TestHidden",
        CHANGES,
    ),
    Mutation(
        "receivers hear of replays too",
        BATCHES,
        "_planned",
        syntax.test("change", "ruled in ('change', 'replay')"),
        "a_replay",
        SIGNALS,
    ),
    Mutation(
        "a superseded cancellation is decided",
        RULES,
        "_by_name",
        syntax.choice_of("uuid", "None"),
        "WithdrawnAndRequestedAnew",
    ),
    Mutation(
        "a confirmation that was set back counts",
        RULES,
        "_status",
        never("is_set_back"),
        "SetBack",
        SERVICES,
    ),
    Mutation(
        "any of several cancellations is taken for the latest",
        OPTIMISTIC,
        "item_with_one_cancellation",
        syntax.test("rows", "not rows"),
        "SetBack",
        SERVICES,
    ),
    Mutation(
        "nobody is taken for somebody",
        "policy.py",
        "require_actor",
        syntax.test("is_authenticated", "True"),
        "TestCaller",
        SERVICES,
    ),
    Mutation(
        "the quantity is not compared",
        OPTIMISTIC,
        "_cancel",
        never("counts_parts"),
        "between_the_read",
        QUANTITIES,
    ),
    Mutation(
        "what is left is read before the lock",
        LOCKS,
        "_with_parts",
        syntax.test("counts_parts", "True"),
        "TestAnotherSession",
        OF_PARTS,
    ),
    Mutation(
        "a repetition decides a later request",
        RULES,
        "_unnamed",
        never("was_confirmed"),
        "TestNaming",
        QUANTITIES,
    ),
    Mutation(
        "the name of a request is not looked for under the lock",
        LOCKS,
        "_named",
        syntax.test("wanted", "True"),
        "request and several",
        OF_PARTS,
    ),
    Mutation(
        "more than is left is cancelled",
        RULES,
        "_too_great",
        syntax.choice_of("wanted", "None"),
        "TestAnotherSession",
        OF_PARTS,
    ),
    Mutation(
        "what the host set back stays counted",
        LOCKS,
        "_locked_parts",
        syntax.choice_of("is_part", "before + (found.confirmed or 0)"),
        "set_back",
        QUANTITIES,
    ),
    Mutation(
        "the rest of an outright cancellation is forgotten",
        BATCHES,
        "_writes",
        never("leaves_rest"),
        "rest_cancelled",
        QUANTITIES,
    ),
    Mutation(
        "a mark is not compared with what was read",
        MARKS,
        "_Mark._locked",
        syntax.instead_of_call(
            "update", "rows.update(**varying({key: values[key] for key in keys}))"
        ),
        "is_compared",
        OF_DEADLINES,
    ),
    Mutation(
        "what was decided meanwhile becomes overdue",
        MARKS,
        "_Mark._locked",
        syntax.instead_of_call(
            "by_item", "by_item(caller, [one.pk for one in batch], is_shown=is_shown)"
        ),
        "mark and reject",
        OF_DEADLINES,
    ),
    Mutation(
        "a run does not lock the items",
        MARKS,
        "_Mark._locked",
        syntax.instead_of_call(
            "locked_facts",
            "{f.pk: f for f in __import__('timp_orders.services.reads', fromlist=['_'])"
            ".facts_of(caller, caller.items().filter(pk__in=[one.item for one in batch]))}",
        ),
        "waiting and (mark or remind)",
        OF_DEADLINES,
        databases=SERVERS,
    ),
    Mutation(
        "silence decides a newer cancellation",
        DEADLINE_DECISIONS,
        "_Decision._commands",
        without_keyword("named"),
        "confirm and withdraw",
        OF_DEADLINES,
    ),
    Mutation(
        "what silence decides is not marked as overdue",
        WRITES,
        "decide",
        never("DEADLINE"),
        "every_default and untold",
        DEADLINES,
    ),
    Mutation(
        "what cannot be decided is tried for ever",
        DEADLINE_DECISIONS,
        "_Decision._answer_after",
        syntax.choice_of("Veto", "self.action.value"),
        "every_default",
        DEADLINES,
    ),
    Mutation(
        "a busy batch ends the run",
        "services/deadlines/__init__.py",
        "_enforce",
        syntax.handler("Busy", "raise"),
        "busy_waits",
        DEADLINES,
    ),
    Mutation(
        "facts are written around the services",
        TRAIL,
        "refuse_facts",
        syntax.test("names", "True"),
        "TestWhatIsRefused",
        "tests/test_trail.py",
    ),
    Mutation(
        "decided cancellations are changed in the database",
        TRIGGERS,
        "_changed",
        never("_GENERATED"),
        "TestWhatIsRefused",
        "tests/test_triggers.py",
    ),
    Mutation(
        "names are replaced in the database",
        TRIGGERS,
        "_changed",
        never("_EMPTY"),
        "TestWhatIsRefused or TestWhatWorks",
        "tests/test_triggers.py",
    ),
    Mutation(
        "triggers that a migration lost are not made again",
        TRIGGERS,
        "protect_again",
        never("_suspended"),
        "TestMigrations",
        "tests/test_triggers.py",
    ),
]
