"""Sphinx's configuration: ``python -m sphinx -W docs docs/_build``."""

import os
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "example_project")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")

import django  # noqa: E402

django.setup()

metadata = ConfigParser()
metadata.read(ROOT / "setup.cfg")

project = "timp_orders"
author = copyright = metadata["metadata"]["author"]
version = release = metadata["metadata"]["version"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": metadata["metadata"]["description"], "fixed_sidebar": True}
