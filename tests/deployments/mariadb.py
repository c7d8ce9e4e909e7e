"""A MariaDB server of our own, and nodes of a Galera cluster."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.servers import PATIENCE, free_port, listens


class MariaDB:
    """A context: the server runs, with a user ``root`` who needs no password.

    :param options: more of its command line.
    """

    def __init__(self, *options):
        self.port = free_port()
        self.options = options
        self.process = None

    def __enter__(self):
        self.prepare()
        self.install()
        self.start()
        return self

    def __exit__(self, *error):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def prepare(self):
        self.directory = Path(tempfile.mkdtemp(prefix="timp-orders-mariadb-"))
        self.data = self.directory / "data"
        self.own()

    def install(self):
        run = ["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", *self.as_user()]
        run += ["--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(run, check=True, capture_output=True)

    def own(self):
        """Give all files to the user that the server runs as."""
        if os.geteuid() == 0:  # it does not run as root
            subprocess.run(["chown", "-R", "mysql:mysql", self.directory], check=True)

    def as_user(self):
        return ["--user=mysql"] if os.geteuid() == 0 else []

    def url(self, name):
        return f"mysql://root@127.0.0.1:{self.port}/{name}"

    def start(self, *options):
        command = ["mariadbd", "--no-defaults", f"--datadir={self.data}", *self.as_user()]
        command += [f"--port={self.port}", "--bind-address=127.0.0.1"]
        command += [f"--socket={self.directory}/socket", f"--pid-file={self.directory}/pid"]
        command += ["--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=2"]
        with open(self.directory / "log", "a") as log:
            self.process = subprocess.Popen(
                [*command, *self.options, *options], stdout=log, stderr=log
            )
        self.wait()

    def wait(self):
        if listens(self.process, self.port):
            return
        self.kill()
        raise RuntimeError(f"MariaDB did not start:\n{(self.directory / 'log').read_text()}")

    def stop(self):
        self.sql("SHUTDOWN")
        self.process.wait(PATIENCE)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def sql(self, statement):
        """Run a statement; return its rows as texts."""
        command = ["mariadb", "--no-defaults", "-h127.0.0.1", f"-P{self.port}", "-uroot", "-NB"]
        done = subprocess.run(
            [*command, "-e", statement], check=True, capture_output=True, text=True, timeout=60
        )
        return [line.split("\t") for line in done.stdout.splitlines()]
