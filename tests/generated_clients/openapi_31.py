"""The example project with a schema in OpenAPI 3.1."""

from example.settings import *  # noqa: F403
from example.settings import SPECTACULAR_SETTINGS

SPECTACULAR_SETTINGS = {**SPECTACULAR_SETTINGS, "OAS_VERSION": "3.1.0"}
