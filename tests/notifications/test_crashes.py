"""Every confirmation is told, whatever is killed at whichever step, and each by one webhook-id."""

from functools import partial

import pytest

from tests import test_refunds
from tests.notifications.receiver import endpoint
from tests.notifications.steps import SECRET


@pytest.fixture
def inbox():
    with endpoint() as inbox:
        inbox.secrets = [SECRET]
        yield inbox


@pytest.fixture
def run(database, tasks):
    environment = {**tasks, "NOTIFICATIONS_ALLOW_LOCAL": "1"}
    steps = "tests.notifications.steps"
    return partial(test_refunds.run, url=database, steps=steps, tasks=environment)


def told(inbox):
    return sorted(payload["data"]["cancellation_uuid"] for payload in inbox.told)


@pytest.mark.processes
class TestCrashes:
    @pytest.mark.parametrize("step", ["before_the_commit", "after_the_commit"])
    def test_of_the_process_that_confirms(self, run, inbox, step):
        run(f"make={inbox.port}", f"confirm_killed_{step}", killed=True)
        swept = ["an_hour_passes", "sweep", "work", "state"]
        crashed, done = run(*swept, "confirm", "work", *swept)
        assert len(crashed["confirmed"]) == len(crashed["states"]) == (step == "after_the_commit")
        assert told(inbox) == done["confirmed"]
        assert done["states"] == ["delivered"] * 3
        assert inbox.forged == 0

    @pytest.mark.parametrize(
        ("step", "calls"),
        [
            ("before_it_has_a_message", 0),
            ("before_it_calls", 0),
            ("before_it_has_an_answer", 1),
            ("before_it_writes_the_answer_down", 1),
        ],
    )
    def test_of_the_worker(self, run, inbox, tasks, step, calls):
        # RQ carries a task out in a child of the worker's, whose death the worker survives.
        is_killed = tasks["TASKS"] == "database"
        run(f"make={inbox.port}", "confirm", f"work_killed_{step}", killed=is_killed)
        before = calls * (1 if is_killed else 3)
        assert len(inbox.calls) == before
        (done,) = run("work", "an_hour_passes", "sweep", "work", "state")
        assert told(inbox) == done["confirmed"]
        assert len(done["confirmed"]) == 3
        assert done["states"] == ["delivered"] * 3
        assert inbox.forged == 0
        # What came twice came by the same id.
        assert len(inbox.calls) == 3 + before
        assert len(inbox.verified) == 3
