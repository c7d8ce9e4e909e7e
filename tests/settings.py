"""The settings of the tests: the example project's, so that what is tested is what people copy."""

from example.settings import *  # noqa: F403
