"""Three nodes of a Galera cluster on 127.0.0.1."""

import shutil
import subprocess
import time
from contextlib import ExitStack

from tests.deployments.mariadb import MariaDB
from tests.servers import PATIENCE, free_port

PROVIDER = "/usr/lib/galera/libgalera_smm.so"
# Shorter than by default, so that a node soon knows that it is alone.
TIMEOUTS = "evs.keepalive_period=PT0.3S;evs.suspect_timeout=PT1S;evs.inactive_timeout=PT3S"


class Node(MariaDB):
    """A context: a node runs, alone in a cluster of its own until it is started again.

    :param peers: the addresses of all nodes.
    """

    def __init__(self, address, peers):
        provider = f"gcache.size=32M;gmcast.listen_addr=tcp://{address};ist.recv_addr=127.0.0.1:{free_port()}"
        super().__init__(
            "--wsrep-on=ON",
            f"--wsrep-provider={PROVIDER}",
            f"--wsrep-cluster-address=gcomm://{','.join(peers)}",
            f"--wsrep-node-address={address}",
            f"--wsrep-provider-options={provider};{TIMEOUTS}",
            "--wsrep-slave-threads=2",
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
        )

    def status(self, name):
        ((_, value),) = self.sql(f"SHOW GLOBAL STATUS LIKE 'wsrep_{name}'")
        return value

    def isolate(self, is_isolated):
        """Cut the node off from the others, or join them again."""
        value = int(is_isolated)
        self.sql(f"SET GLOBAL wsrep_provider_options = 'gmcast.isolate={value}'")

    def wait_for(self, name, value):
        deadline = time.monotonic() + PATIENCE
        while self.told(name) != value:
            if time.monotonic() > deadline or self.process.poll() is not None:
                log = (self.directory / "log").read_text()
                raise RuntimeError(f"wsrep_{name} is not {value}:\n{log[-5000:]}")
            time.sleep(0.1)

    def told(self, name):
        try:
            return self.status(name)
        except subprocess.CalledProcessError:  # it takes no statements yet
            return None


class Galera:
    """A context: the nodes run, and are one cluster."""

    def __init__(self, count=3):
        peers = [f"127.0.0.1:{free_port()}" for _ in range(count)]
        self.nodes = [Node(address, peers) for address in peers]
        self.first = self.nodes[0]

    def __enter__(self):
        with ExitStack() as started:
            for node in self.nodes:
                node.prepare()
                started.callback(node.__exit__)
            self.first.install()
            self.first.start("--wsrep-new-cluster")
            self.first.wait_for("local_state_comment", "Synced")
            self.first.stop()
            # Whoever begins with its files has nothing to be sent.
            for node in self.nodes[1:]:
                shutil.copytree(self.first.data, node.data)
                node.own()
            self.first.start("--wsrep-new-cluster")
            for node in self.nodes[1:]:
                node.start()
                node.wait_for("local_state_comment", "Synced")
            self.first.wait_for("cluster_size", str(len(self.nodes)))
            self.started = started.pop_all()
        return self

    def __exit__(self, *error):
        self.started.close()

    def total(self, name):
        return sum(int(node.status(name)) for node in self.nodes)
