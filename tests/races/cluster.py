"""A PostgreSQL cluster of our own, which is stopped as by pulling the plug."""

import glob
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.servers import free_port


class Cluster:
    """A context: the cluster runs, with a superuser ``postgres`` who needs no password.

    :param settings: of the server, such as ``wal_level``.
    """

    def __init__(self, **settings):
        self.settings = settings

    def __enter__(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [
            str(Path(shutil.which("initdb")).parent)
        ]
        self.bin = found[-1]
        self.directory = Path(tempfile.mkdtemp(prefix="timp-orders-cluster-"))
        self.port = free_port()
        self.own(self.directory)
        self.run("initdb", "-A", "trust", "-U", "postgres", "-D", f"{self.directory}/data")
        self.start()
        self.run("createdb", "-h", "127.0.0.1", "-p", f"{self.port}", "-U", "postgres", "races")
        return self

    def __exit__(self, *error):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/races"

    def own(self, path):
        """Give a directory to the user that the server runs as."""
        if os.geteuid() == 0:  # PostgreSQL does not run as root
            shutil.chown(path, "postgres", "postgres")

    def run(self, program, *arguments, **options):
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*as_postgres, f"{self.bin}/{program}", *arguments]
        options = {"stdout": subprocess.DEVNULL, **options}
        return subprocess.run(command, check=True, cwd=self.directory, **options)

    def sql(self, statement):
        """Run a statement; return what it prints."""
        options = ["-h", "127.0.0.1", "-p", f"{self.port}", "-U", "postgres", "-Atq", "races"]
        done = self.run("psql", *options, "-c", statement, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()

    def start(self):
        settings = {"listen_addresses": "127.0.0.1", **self.settings}
        options = f"-p {self.port} -k {self.directory}"
        options += "".join(f" -c {name}={value}" for name, value in settings.items())
        log = f"{self.directory}/log"
        self.run("pg_ctl", "-D", f"{self.directory}/data", "-o", options, "-l", log, "-w", "start")

    def kill(self):
        self.run("pg_ctl", "-D", f"{self.directory}/data", "-m", "immediate", "stop")
