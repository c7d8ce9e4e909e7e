"""The example project as a process of its own on a free port of 127.0.0.1."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection, socket

import redis

ROOT = Path(__file__).resolve().parent.parent
MANAGE = ROOT / "example_project" / "manage.py"
PATIENCE = 60
"""Seconds to wait for a server to start."""
REDIS_SERVER = os.environ.get("REDIS_SERVER", "redis://127.0.0.1:6379")


def free_port():
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(process, port):
    """Wait until a process listens on a port; tell whether it came to that."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def environment(**more):
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "example.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "example_project")]),
        **more,
    }


@contextmanager
def demo(python=sys.executable, **more):
    """Run the demo command as the README has it; give its base URL.

    :param python: the one that runs it.
    :param more: variables of its environment.
    """
    command = [str(python), "-u", str(MANAGE), "demo", "--port", "0"]
    with subprocess.Popen(
        command, env=environment(**more), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            for line in process.stdout:
                if found := re.search(r"(http://127\.0\.0\.1:\d+)/timp", line):
                    break
            else:
                raise RuntimeError("The demo did not start.")
            yield found[1]
        finally:
            process.terminate()


@contextmanager
def serve(*command, python=sys.executable, env=None):
    """Run a server, its port in place of ``{port}``; give its base URL once it answers."""
    port = free_port()
    command = [part.format(port=port) for part in command]
    with subprocess.Popen(
        [python, *command],
        env=env or environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        base = f"http://127.0.0.1:{port}"
        try:
            wait_for(base, process)
            yield base
        finally:
            process.terminate()


def wait_for(base, process):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{base}/timp/orders/items/cancel/").close()
        except urllib.error.HTTPError as error:
            error.close()
            return  # it answers: 401
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("The server did not start.")


@contextmanager
def redis_database():
    """Give the URL of a database of Redis that no other run uses."""
    for number in range(1, 16):
        url = f"{REDIS_SERVER}/{number}"
        with redis.Redis.from_url(url) as client:
            if client.set("tests", os.getpid(), nx=True, ex=3600):
                client.delete(*set(client.keys()) - {b"tests"}, "none")
                yield url
                client.flushdb()
                return
    raise RuntimeError("Every database of Redis is in use by other runs of these tests.")
