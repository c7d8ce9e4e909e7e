"""Tries the themes; see the package."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from selenium.common.exceptions import WebDriverException

from tests.themes.catalogue import THEMES
from tests.themes.environments import installed, served
from tests.themes.themed_window import ThemedWindow
from tests.themes.walk import Walk


def tried(theme, environments, folder):
    """Walk through the pages in a theme; give what is wrong."""
    python = installed(theme, environments)
    with tempfile.TemporaryDirectory() as data, served(theme, python, data) as base:
        window = ThemedWindow(base, folder, theme)
        try:
            window.log_in("admin", "admin")
            walk = Walk(window, theme)
            for step in (walk.look, walk.search, walk.decide):
                try:
                    step()
                except (AssertionError, WebDriverException) as error:
                    window.shoot(f"{theme.name}-{step.__name__}-failed")
                    message = f"{type(error).__name__} {error}".partition("\n")[0]
                    walk.problems.append(f"{step.__name__}: {message}")
            return walk.problems
        finally:
            window.close()


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.themes", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(THEMES)}")
    parser.add_argument("--folder", type=Path, help="where the screenshots are saved")
    parser.add_argument("--environments", type=Path, help="virtual environments that are kept")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(THEMES):
        parser.error(f"there is no theme {', '.join(sorted(unknown))}")
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or Path(scratch) / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        for name in arguments.names or THEMES:
            began = time.monotonic()
            problems = tried(THEMES[name], arguments.environments or Path(scratch), folder)
            print(f"{name}: {len(problems)} problems, {time.monotonic() - began:.0f} s", flush=True)
            for problem in problems:
                print("   ", problem, flush=True)
            wrong += len(problems)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
