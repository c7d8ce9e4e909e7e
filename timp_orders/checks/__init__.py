"""The system checks: of the settings, the order item model that is in force, and receivers."""

from timp_orders.checks.order_items import check_order_item_model
from timp_orders.checks.receivers import check_receivers
from timp_orders.checks.settings import (
    TAG,
    check_authtoken,
    check_settings,
    check_sqlite,
    check_throttling,
)
from timp_orders.checks.tables import check_foreign_key

__all__ = [
    "TAG",
    "check_authtoken",
    "check_foreign_key",
    "check_order_item_model",
    "check_receivers",
    "check_settings",
    "check_sqlite",
    "check_throttling",
]
