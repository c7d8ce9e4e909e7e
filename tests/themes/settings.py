"""The example project with the theme that the variable ``THEME`` names."""

import os

from example.settings import *  # noqa: F403
from example.settings import INSTALLED_APPS, TIMP_ORDERS

from tests.themes.catalogue import THEMES

THEME = theme = THEMES[os.environ["THEME"]]
others = [name for name in INSTALLED_APPS if name != "django.contrib.admin"]
recipe = ["shop"] if theme.needs_recipe else []
INSTALLED_APPS = [*theme.apps, *theme.admin, *recipe, *others, *theme.apps_at_the_end]
ROOT_URLCONF = "tests.themes.urls"
TIMP_ORDERS = {**TIMP_ORDERS, "REJECTION_NEEDS_REASON": True}
globals().update(theme.settings)
