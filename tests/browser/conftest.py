import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from django.contrib.auth.hashers import make_password

from timp_orders.testing import UserFactory


@pytest.fixture(scope="session")
def chromium():
    """Skip where there is no Chromium; in CI that is a failure."""
    missing = [program for program in ("chromium", "chromedriver") if not shutil.which(program)]
    if not importlib.util.find_spec("selenium"):
        missing.append("selenium")
    if missing:
        reason = f"The browser tests need {', '.join(missing)}."
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


@pytest.fixture
def folder(tmp_path):
    """Where screenshots are saved: the one that SCREENSHOTS names, if it is set."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def open_window(chromium, live_server, folder):
    """Open windows, each with a session of its own."""
    from tests.browser.window import Window

    windows = []

    def open_window():
        windows.append(Window(live_server.url, folder))
        return windows[-1]

    yield open_window
    for window in windows:
        errors = window.errors()
        window.close()
        assert errors == []


@pytest.fixture
def window(open_window):
    return open_window()


@pytest.fixture
def admin(transactional_db):
    return UserFactory(
        username="admin", password=make_password("open sesame"), is_staff=True, is_superuser=True
    )


@pytest.fixture
def signed_in(window, admin):
    window.log_in("admin", "open sesame")
    return window
