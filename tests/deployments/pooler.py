"""PgBouncer in transaction mode, before a cluster of PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.servers import free_port, listens

SETTINGS = """
[databases]
* = host=127.0.0.1 port={database} user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 500
"""


class PgBouncer:
    """A context: the pooler runs, with this many connections to the database.

    :param port: of the database.
    """

    def __init__(self, port, *, size):
        self.database, self.size = port, size

    def __enter__(self):
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="timp-orders-pgbouncer-"))
        settings = self.directory / "pgbouncer.ini"
        settings.write_text(SETTINGS.format(database=self.database, port=self.port, size=self.size))
        as_postgres = []
        if os.geteuid() == 0:  # it does not run as root
            shutil.chown(self.directory, "postgres", "postgres")
            as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        with open(self.directory / "log", "w") as log:
            command = [*as_postgres, "pgbouncer", settings]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        if listens(self.process, self.port):
            return self
        self.process.kill()
        raise RuntimeError(f"PgBouncer did not start:\n{(self.directory / 'log').read_text()}")

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory)

    @property
    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/races"
