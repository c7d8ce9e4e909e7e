"""gunicorn with several workers, some of which are killed."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.servers import ROOT, free_port, wait_for

WORKERS = 4
THREADS = 4


class Server:
    """A context: the server runs, on the database of the URL.

    :param parts: it counts parts of quantities.
    :param settings: the module of its settings.
    :param variables: more of its environment.
    """

    def __init__(
        self, url, *, parts=False, settings="tests.races.settings", workers=WORKERS, **variables
    ):
        self.count = workers
        self.port = free_port()
        self.log = tempfile.NamedTemporaryFile("w+", suffix=".log", delete=False)  # noqa: SIM115
        self.environment = {
            **os.environ,
            "DATABASE_URL": url,
            **({"RACES_PARTS": "1"} if parts else {}),
            "DJANGO_SETTINGS_MODULE": settings,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "example_project")]),
            **variables,
        }

    def command(self):
        """Return the command line, with the port in it."""
        options = {
            "workers": self.count,
            "threads": THREADS,
            "bind": f"127.0.0.1:{self.port}",
            "timeout": 120,
            "log-level": "warning",
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        # Preloaded, so that a killed worker is replaced by a fork, at once.
        command = [sys.executable, "-m", "gunicorn", "--preload", *arguments]
        return [*command, "tests.races.wsgi:application"]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command(),
            cwd=ROOT,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
        )
        self.wait()
        return self

    def wait(self):
        wait_for(f"http://127.0.0.1:{self.port}", self.process)

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait()

    def workers(self):
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


class Killer(threading.Thread):
    """Kills a worker every now and then, until it is stopped."""

    def __init__(self, server, pause=0.3):
        super().__init__(daemon=True)
        self.server, self.pause, self.kills = server, pause, 0
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(self.pause * random.uniform(0.5, 1.5)):
            workers = self.server.workers()
            if workers:
                os.kill(random.choice(workers), signal.SIGKILL)
                self.kills += 1

    def stop(self):
        self.stopped.set()
        self.join()
        time.sleep(0.2)
