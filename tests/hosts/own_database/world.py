from tests.hosts.plain.world import (  # noqa: F401
    APPS,
    CANCELLED,
    DROPPED,
    LISTED,
    OPEN,
    SHIPPED,
    STATUS,
    make_world,
)
