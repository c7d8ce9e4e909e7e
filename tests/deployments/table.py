"""The table of what was seen, and of what is broken."""

import sys
import time
from typing import NamedTuple

from tests.races.stage import Broken


class Row(NamedTuple):
    deployment: str
    what: str
    seconds: float
    said: str

    def __str__(self):
        return f"{self.deployment:16} {self.what:42} {self.seconds:6.1f} s  {self.said}"


class Table:
    """Rows, each of which is told on stderr as soon as there is one."""

    def __init__(self):
        self.rows, self.broken, self.deployment = [], 0, ""

    def begin(self, deployment, title):
        self.deployment = deployment
        print(f"{deployment}: {title}", file=sys.stderr, flush=True)

    def run(self, what, scenario, *arguments, **options):
        """Run a scenario; what it returns, or what is broken, becomes a row.

        One that returns nothing has rows of its own, and gets none if it holds.
        """
        started = time.monotonic()
        try:
            said = scenario(*arguments, **options)
        except (Broken, AssertionError) as error:
            self.broken += 1
            said = f"BROKEN: {error}"
        if said is not None:
            row = Row(self.deployment, what, time.monotonic() - started, said)
            self.rows.append(row)
            print(row, file=sys.stderr, flush=True)

    def text(self):
        lines = [str(row) for row in self.rows]
        lines.append(f"{self.broken} broken" if self.broken else "all invariants hold")
        return "\n".join(lines)
