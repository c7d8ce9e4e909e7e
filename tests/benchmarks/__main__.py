import os
import sys
from pathlib import Path

# As pytest's "pythonpath" does: the settings are the example project's.
sys.path.append(str(Path(__file__).resolve().parents[2] / "example_project"))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"

from tests.benchmarks.command import main

main()
