"""A Celery worker and a beat, some of whose processes are killed."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from tests.servers import ROOT

WORKER = ["worker", "--concurrency=2", "--without-gossip", "--without-mingle"]


class Celery:
    """A context: a worker and a beat run.

    :param environment: of both.
    """

    def __init__(self, environment):
        self.directory = tempfile.TemporaryDirectory(prefix="timp-orders-celery-")
        self.log = Path(self.directory.name) / "log"
        self.environment = environment
        self.processes = {}

    def __enter__(self):
        for name in ("worker", "beat"):
            self.start(name)
        return self

    def __exit__(self, *error):
        for name in self.processes:
            self.kill(name)
        self.directory.cleanup()

    def start(self, name):
        schedule = f"--schedule={self.directory.name}/schedule"
        command = {"worker": WORKER, "beat": ["beat", schedule, "--max-interval=1"]}[name]
        with open(self.log, "a") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "example", *command, "--loglevel=WARNING"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name):
        """Kill a process with its children, as a machine that fails does."""
        process = self.processes[name]
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def start_ended(self):
        """Start what has ended by itself, as a process manager does.

        A worker whose children are killed before they are up gives up.
        """
        for name, process in self.processes.items():
            if process.poll() is not None:
                self.start(name)

    def kill_a_child(self):
        """Kill a process that carries tasks out, as the kernel does when there is no memory."""
        pid = self.processes["worker"].pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            os.kill(int(random.choice(children)), signal.SIGKILL)


class CeleryKiller(threading.Thread):
    """Kills children of the worker, now and then all of it or the beat, until it is stopped."""

    def __init__(self, celery, pause=0.5):
        super().__init__(daemon=True)
        self.celery, self.pause = celery, pause
        self.kills = 0
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(self.pause * random.uniform(0.5, 1.5)):
            self.kills += 1
            self.celery.start_ended()
            if self.kills % 10 in (4, 9):
                name = "beat" if self.kills % 10 == 9 else "worker"
                self.celery.kill(name)
                self.celery.start(name)
            else:
                self.celery.kill_a_child()

    def stop(self):
        self.stopped.set()
        self.join()
