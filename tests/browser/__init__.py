"""The admin in real browsers: skipped where there are none, but not in CI."""

import os
import shutil
from importlib.util import find_spec

import pytest

MISSING = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
MISSING += [name for name in ("selenium", "selenium_axe_python") if not find_spec(name)]
SKIPPED = bool(MISSING) and not os.environ.get("CI")
REASON = f"The browser tests need {', '.join(MISSING)}."
BROWSER = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(SKIPPED, reason=REASON),
]
"""The marks of a module whose tests open windows."""
