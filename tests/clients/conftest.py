"""The example project as a process, called over real connections."""

import os
import shutil
import sqlite3
import sys

import pytest

from tests.servers import MANAGE, demo, environment, serve

GUNICORN = ("-m", "gunicorn", "--workers=2", "--bind=127.0.0.1:{port}", "example.wsgi")
RUNSERVER = (str(MANAGE), "runserver", "--noreload", "127.0.0.1:{port}")


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    """The path of a database of its own, which the demo fills."""
    return tmp_path_factory.mktemp("clients") / "demo.sqlite3"


@pytest.fixture(scope="session")
def url(database):
    return f"sqlite:///{database}"


@pytest.fixture(scope="session")
def demo_server(url):
    with demo(DATABASE_URL=url) as base:
        yield base


@pytest.fixture(scope="session")
def gunicorn(demo_server, url):
    with serve(*GUNICORN, env=environment(DATABASE_URL=url)) as base:
        yield base


@pytest.fixture(scope="session")
def runserver(demo_server, url):
    with serve(*RUNSERVER, env=environment(DATABASE_URL=url)) as base:
        yield base


@pytest.fixture
def undecided(database, demo_server):
    """Take back what other tests decided."""
    with sqlite3.connect(database, timeout=20) as connection:
        connection.execute(
            "DELETE FROM timp_orders_cancellation WHERE id NOT IN (SELECT id FROM first)"
        )
        connection.execute(
            "UPDATE timp_orders_cancellation SET (status, decided_at, quantity_confirmed) ="
            " (SELECT status, decided_at, quantity_confirmed FROM first f"
            " WHERE f.id = timp_orders_cancellation.id)"
        )
        connection.execute(
            "UPDATE timp_orders_orderitem SET status ="
            " (SELECT status FROM items i WHERE i.id = timp_orders_orderitem.id)"
        )
    connection.close()


@pytest.fixture(scope="session", autouse=True)
def kept(database, demo_server):
    """Keep a copy of what can be decided."""
    with sqlite3.connect(database, timeout=20) as connection:
        connection.execute(
            "CREATE TABLE first AS SELECT id, status, decided_at, quantity_confirmed"
            " FROM timp_orders_cancellation"
        )
        connection.execute("CREATE TABLE items AS SELECT id, status FROM timp_orders_orderitem")
    connection.close()


@pytest.fixture
def program():
    """Find a client; one that is missing skips the test, but never in CI."""

    def program(name):
        beside = os.path.join(os.path.dirname(sys.executable), name)
        found = beside if os.path.exists(beside) else shutil.which(name)
        if not found:
            assert not os.environ.get("CI"), f"{name} is not installed"
            pytest.skip(f"{name} is not installed")
        return found

    return program
