"""A progress bar for commands that may take a while."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["Progress", "progress"]


class Progress(Protocol):
    """What moves the bar on, or does nothing where there is none."""

    def clear(self) -> object:
        """Take the bar away until the next :meth:`update`, so that lines can be printed."""

    def update(self, n: int) -> object:
        """Count ``n`` more as done."""


class _None:
    def clear(self) -> None:
        """Nothing is shown."""

    def update(self, n: int) -> None:
        """Nothing is shown."""


@contextmanager
def progress(unit: str) -> Iterator[Progress]:
    """Show a progress bar, where there is a terminal and tqdm is installed.

    :param unit: what is counted, after a blank.
    """
    try:
        from tqdm import tqdm  # type: ignore[import-untyped]
    except ImportError:
        yield _None()
        return
    if not sys.stderr.isatty():
        yield _None()
        return
    with tqdm(unit=unit, file=sys.stderr, leave=False) as bar:
        yield bar
