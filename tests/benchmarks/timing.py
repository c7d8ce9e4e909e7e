"""Contenders interleaved call by call, so that a noisy machine is noisy to all of them."""

import random
import sys
import time
from statistics import median, quantiles

try:
    from tqdm import tqdm
except ImportError:  # the extra "benchmark" has it
    tqdm = None

WARM_UP = 50
"""Rounds that are not counted: connections, imports, the planner's and the filesystem's caches."""


def progress(steps, title):
    """Show a progress bar on stderr; a few lines of it where nobody watches."""
    if tqdm is None:
        return steps
    seldom = 1 if sys.stderr.isatty() else 30
    return tqdm(steps, desc=title, file=sys.stderr, mininterval=seldom)


def interleave(work, rounds, title):
    """Time each piece of work once a round, in an order that is shuffled anew each round.

    :param work: callables by contender; each is called with the number of the round.
    :param rounds: how many rounds are counted; ``WARM_UP`` more precede them.
    :returns: by contender, the seconds of each round, and those of them on this process' CPU.
    """
    shuffled = random.Random(7)
    times = {name: [] for name in work}
    names = list(work)
    for number in progress(range(rounds + WARM_UP), title):
        shuffled.shuffle(names)
        for name in names:
            start, start_cpu = time.perf_counter(), time.process_time()
            work[name](number)
            spent, spent_cpu = time.perf_counter() - start, time.process_time() - start_cpu
            if number >= WARM_UP:
                times[name].append((spent, spent_cpu))
    return times


def summed_up(times, reference):
    """Compare medians.

    :returns: by contender, what a row of the report says: ``throughput`` is relative to the
        reference's, the ratio of the medians.
    """
    base = median(spent for spent, _ in times[reference])
    rows = {}
    for name, measured in times.items():
        spent, cpu = zip(*measured, strict=True)
        rows[name] = {
            "median ms": round(median(spent) * 1000, 2),
            "p95 ms": round(quantiles(spent, n=20)[-1] * 1000, 2),
            "CPU ms": round(median(cpu) * 1000, 2),
            "throughput": round(base / median(spent), 2),
        }
    return rows
