"""The system checks: of the settings, and of the order item model that is in force."""

from timp_orders.checks.order_items import check_order_item_model
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
    "check_settings",
    "check_sqlite",
    "check_throttling",
]
