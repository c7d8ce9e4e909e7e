"""Refunds equal confirmed cancellations exactly, whatever is killed at whichever step."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from refunds.models import Refund
from refunds.receivers import enqueue_refund
from refunds.tasks import LOOK_AGAIN_AFTER, refund_payment

from tests.servers import ROOT, redis_database
from tests.test_services import SERVICES
from timp_orders import errors, services
from timp_orders.services import SYSTEM
from timp_orders.signals import cancellation_confirmed
from timp_orders.testing import CancellationFactory

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _connected():
    cancellation_confirmed.connect(enqueue_refund)
    yield
    cancellation_confirmed.disconnect(enqueue_refund)


def run_worker():
    call_command("db_worker", batch=True, startup_delay=False, interval=0, verbosity=0)


@pytest.mark.django_db(transaction=True)
class TestInOneProcess:
    def test_confirming_enqueues_one_refund_in_the_same_transaction(self, cancellation, named):
        item = cancellation.order_item
        with transaction.atomic():
            services.confirm_cancellation(named(item), by=SYSTEM)
            (task,) = DBTaskResult.objects.all()
            assert task.args_kwargs["args"] == [str(cancellation.uuid)]
            transaction.set_rollback(True)
        assert not DBTaskResult.objects.exists()

    def test_a_veto_takes_the_task_back(self, cancellation, named):
        def veto(**kwargs):
            raise errors.Veto

        cancellation_confirmed.connect(veto)
        try:
            with pytest.raises(errors.Veto):
                services.confirm_cancellation(named(cancellation.order_item), by=SYSTEM)
        finally:
            cancellation_confirmed.disconnect(veto)
        assert not DBTaskResult.objects.exists()

    def test_the_worker_refunds_each_confirmed_cancellation_and_no_other(self, named):
        made = CancellationFactory.create_batch(6)
        for cancellation, action in zip(made, ["confirm", "reject", "withdraw"] * 2, strict=True):
            SERVICES[action](named(cancellation.order_item), by=SYSTEM)
        run_worker()
        assert set(Refund.objects.values_list("cancellation_uuid", flat=True)) == {
            made[0].uuid,
            made[3].uuid,
        }

    def test_a_replay_enqueues_nothing(self, cancellation, named):
        for _ in range(2):
            services.confirm_cancellation(named(cancellation.order_item), by=SYSTEM)
        assert DBTaskResult.objects.count() == 1

    def test_a_task_that_runs_again_refunds_nothing_more(self, cancellation, named):
        services.confirm_cancellation(named(cancellation.order_item), by=SYSTEM)
        said = [refund_payment.call(str(cancellation.uuid)) for _ in range(2)]
        assert said == ["refunded", "already refunded"]
        assert Refund.objects.get().cancellation_uuid == cancellation.uuid
        assert str(Refund.objects.get()) == str(cancellation.uuid)

    @pytest.mark.parametrize("status", ["rejected", "withdrawn"])
    def test_what_is_not_confirmed_is_not_refunded(self, status):
        uuid = CancellationFactory(status=status).uuid
        assert refund_payment.call(str(uuid)) == "nothing to refund"
        assert not Refund.objects.exists()
        assert not DBTaskResult.objects.exists()

    @pytest.mark.parametrize("status", ["requested", None])
    def test_what_is_not_decided_yet_is_looked_for_later_and_not_for_ever(self, status):
        uuid = CancellationFactory(status=status).uuid if status else uuid4()
        for looked, seconds in enumerate(LOOK_AGAIN_AFTER):
            before = timezone.now()
            assert refund_payment.call(str(uuid), looked) == "not decided yet"
            task = DBTaskResult.objects.get()
            assert task.args_kwargs["args"] == [str(uuid), looked + 1]
            assert timedelta() <= task.run_after - before - timedelta(seconds=seconds) < MINUTE
            task.delete()
        assert refund_payment.call(str(uuid), len(LOOK_AGAIN_AFTER)) == "nothing to refund"
        assert not DBTaskResult.objects.exists()
        assert not Refund.objects.exists()

    def test_the_sweep_enqueues_only_what_is_missing_and_old_enough(self, item, named):
        CancellationFactory(order_item=item)
        CancellationFactory(status="rejected")
        services.confirm_cancellation(named(item), by=SYSTEM)
        DBTaskResult.objects.all().delete()  # as if the queue had lost it
        assert self.swept() == "0 enqueued\n"
        assert self.swept(older_than=0) == "1 enqueued\n"
        run_worker()
        assert Refund.objects.count() == 1
        assert self.swept(older_than=0) == "0 enqueued\n"

    def swept(self, **options):
        out = StringIO()
        call_command("enqueue_missing_refunds", stdout=out, **options)
        return out.getvalue()


@pytest.fixture(scope="module")
def empty_sqlite(tmp_path_factory):
    path = tmp_path_factory.mktemp("refunds") / "empty.sqlite3"
    run("migrate", "--verbosity", "0", module="example_project/manage.py", url=f"sqlite:///{path}")
    return path


@pytest.fixture
def database(transactional_db, request, tmp_path):
    """The URL of a database that other processes can reach, with nothing in it."""
    if connection.vendor != "sqlite":
        server = os.environ["DATABASE_URL"].rpartition("/")[0]
        return f"{server}/{connection.settings_dict['NAME']}"
    path = tmp_path / "db.sqlite3"  # the database of the other tests is in the memory of this one
    path.write_bytes(request.getfixturevalue("empty_sqlite").read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(params=["database", "redis"])
def tasks(request):
    """The settings of the queue, as environment variables."""
    if request.param == "redis":
        return {"TASKS": "redis", "REDIS_URL": request.getfixturevalue("redis_url")}
    return {"TASKS": "database"}


@pytest.fixture(scope="module")
def redis_url():
    """A database of Redis. Without a server this fails: it never skips."""
    with redis_database() as url:
        yield url


def run(*arguments, url, module=None, steps="tests.refund_steps", tasks=None, killed=False):
    """Run steps in a process of their own; return how things stood at each step "state"."""
    command = [module] if module else ["-m", steps]
    process = subprocess.run(
        [sys.executable, *command, *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": url,
            **(tasks or {"TASKS": "database"}),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'example_project'}",
            "DJANGO_SETTINGS_MODULE": "example.settings",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == (-signal.SIGKILL if killed else 0), process.stderr
    lines = process.stdout.splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("state:")]


@pytest.mark.processes
class TestCrashes:
    @pytest.mark.parametrize("step", ["before_the_commit", "after_the_commit"])
    def test_of_the_process_that_confirms(self, database, tasks, step):
        run("make=2", f"confirm_killed_{step}", url=database, tasks=tasks, killed=True)
        # The worker may find the task of a decision that was rolled back; the client calls again.
        steps = ["state", "work", "confirm", "work", "state"]
        crashed, done = run(*steps, url=database, tasks=tasks)
        assert crashed["cancelled"] == len(crashed["confirmed"]) == (step == "after_the_commit")
        assert done["refunded"] == done["confirmed"]
        assert len(done["confirmed"]) == done["cancelled"] == 2

    def test_of_no_lock_that_waits_for_the_commit(self, database, tasks):
        """As on a cluster, where no lock crosses its nodes."""
        steps = ["make=2", "enqueue_too_early", "work", "state", "confirm_elsewhere"]
        early, done = run(*steps, "pause", "work", "state", url=database, tasks=tasks)
        assert early["refunded"] == []
        assert done["refunded"] == done["confirmed"]
        assert len(done["confirmed"]) == 2

    # (RQ carries a task out in a child of the worker's, whose death the worker survives.)
    @pytest.mark.parametrize(
        "step", ["before_its_work", "before_its_work_is_committed", "before_it_is_marked_done"]
    )
    def test_of_the_worker(self, database, tasks, step):
        steps = ["make=3", "confirm", f"work_killed_{step}"]
        run(*steps, url=database, tasks=tasks, killed=tasks["TASKS"] == "database")
        drained, done = run("work", "state", "sweep", "work", "state", url=database, tasks=tasks)
        assert set(drained["refunded"]) <= set(drained["confirmed"])
        assert done["refunded"] == done["confirmed"]
        assert len(done["confirmed"]) == done["cancelled"] == 3

    def test_of_the_payment_provider(self, database, tasks):
        steps = ["make=2", "confirm", "work_failing", "state"]
        (failed,) = run(*steps, url=database, tasks=tasks)
        assert failed["refunded"] == []
        (done,) = run("sweep", "work", "sweep", "work", "state", url=database, tasks=tasks)
        assert done["refunded"] == done["confirmed"]
        assert len(done["confirmed"]) == 2

    def test_of_redis_vetoes_and_nothing_is_decided(self, database):
        nowhere = {"TASKS": "redis", "REDIS_URL": "redis://127.0.0.1:1/0"}
        with pytest.raises(AssertionError, match="ConnectionError"):
            run("make=1", "confirm", url=database, tasks=nowhere)
        (stood,) = run("state", url=database)
        assert stood == {"cancelled": 0, "confirmed": [], "refunded": []}
