import os
from pathlib import Path

import pytest
from django.contrib.auth.hashers import make_password

from tests.browser import MISSING, REASON
from timp_orders.testing import UserFactory


@pytest.fixture
def folder(tmp_path):
    """Where screenshots are saved: the one that SCREENSHOTS names, if it is set."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def open_window(live_server, folder):
    """Open windows, each with a session of its own."""
    assert not MISSING, REASON
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
