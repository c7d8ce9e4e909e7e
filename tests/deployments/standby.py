"""A primary of PostgreSQL with a streaming standby, which takes its place."""

import tempfile
import time
from pathlib import Path

from tests.races.cluster import Cluster
from tests.servers import PATIENCE, free_port


class Standby(Cluster):
    """A context: a copy of another cluster runs, and follows it."""

    def __init__(self, primary):
        super().__init__(**primary.settings)
        self.primary = primary

    def __enter__(self):
        self.bin = self.primary.bin
        self.directory = Path(tempfile.mkdtemp(prefix="timp-orders-standby-"))
        self.port = free_port()
        self.own(self.directory)
        source = ["-h", "127.0.0.1", "-p", f"{self.primary.port}", "-U", "postgres"]
        self.run("pg_basebackup", *source, "-R", "-c", "fast", "-D", f"{self.directory}/data")
        self.start()
        return self

    def promote(self):
        self.run("pg_ctl", "-D", f"{self.directory}/data", "-w", "promote")


class Pair:
    """A context: a primary, and a standby that follows it; they change places by ``fail_over``.

    :param synchronous: a commit waits for the standby.
    """

    def __init__(self, *, synchronous):
        self.synchronous, self.standby = synchronous, None
        self.primary = Cluster(max_wal_senders=5, hot_standby="on", synchronous_commit="on")

    def __enter__(self):
        self.primary.__enter__()
        try:
            self.follow()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        for cluster in filter(None, [self.standby, self.primary]):
            cluster.__exit__()

    def follow(self):
        """Start a standby of the primary, and wait until it follows."""
        self.standby = Standby(self.primary).__enter__()
        self.wait_for("SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'")
        if self.synchronous:
            self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.primary.sql("SELECT pg_reload_conf()")
            self.wait_for("SELECT bool_or(sync_state = 'sync') FROM pg_stat_replication")

    def wait_for(self, question):
        deadline = time.monotonic() + PATIENCE
        while self.primary.sql(question) != "t":
            if time.monotonic() > deadline:
                raise RuntimeError(f"It never became true: {question}")
            time.sleep(0.1)

    def wait_until_replayed(self):
        at = self.primary.sql("SELECT pg_current_wal_lsn()")
        self.wait_for(f"SELECT bool_and(replay_lsn >= '{at}') FROM pg_stat_replication")

    def cut_line(self):
        """Let nothing reach the standby any more."""
        self.standby.sql("ALTER SYSTEM SET primary_conninfo = ''")
        self.standby.sql("SELECT pg_reload_conf()")

    def fail_over(self):
        """Pull the plug of the primary, and let the standby take its place."""
        self.primary.__exit__()
        self.primary, self.standby = self.standby, None
        self.primary.promote()
        if self.synchronous:  # until there is another standby
            self.primary.sql("ALTER SYSTEM RESET synchronous_standby_names")
            self.primary.sql("SELECT pg_reload_conf()")
