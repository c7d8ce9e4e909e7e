"""The settings: ``TIMP_ORDERS``, one dictionary, read when used and never at import."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from django.conf import settings as django_settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from timp_orders.states import OnDeadline

if TYPE_CHECKING:
    from rest_framework.authentication import BaseAuthentication

    from timp_orders.policy import Policy

__all__ = ["ORDER_ITEM_MODEL", "Setting", "Settings", "order_item_model_label", "settings"]

T = TypeVar("T")

ORDER_ITEM_MODEL = "TIMP_ORDERS_ORDER_ITEM_MODEL"


def order_item_model_label() -> str:
    """``TIMP_ORDERS_ORDER_ITEM_MODEL``, which works as ``AUTH_USER_MODEL`` does."""
    # A default, since hosts that use the app's own items never set it; and for a value that is no
    # label, so that the system checks are reached, which refuse it.
    label = getattr(django_settings, ORDER_ITEM_MODEL, None)
    is_label = isinstance(label, str) and re.fullmatch(r"\w+\.\w+", label)
    return label if is_label else "timp_orders.OrderItem"  # type: ignore[return-value]


class Setting(Generic[T]):
    """One key of ``TIMP_ORDERS``: its default, and what a right value looks like.

    :param default: used while the host does not set the key.
    :param valid: tells whether a value is right; asked by the system checks.
    :param expected: a right value described, for the checks' hints.
    """

    def __init__(self, default: T, valid: Callable[[Any], bool], expected: str) -> None:
        self.default = default
        self.valid = valid
        self.expected = expected

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "Setting[T]": ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> "Setting[T] | T":
        if instance is None:
            return self
        declared = getattr(django_settings, "TIMP_ORDERS", {})
        if not isinstance(declared, Mapping):
            return self.default  # so that the system checks are reached, which refuse it
        value: T = declared.get(self.name, self.default)
        return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_dotted(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"\w+(\.\w+)+", value))


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes)


def _is_list_of_dotted(value: Any) -> bool:
    return _is_list(value) and bool(value) and all(map(_is_dotted, value))


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_span(value: object) -> bool:
    # Ten years, so that no moment leaves the calendar.
    return value is None or (
        isinstance(value, timedelta) and timedelta(0) < value <= timedelta(days=3660)
    )


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


def _is_reasons(value: object) -> bool:
    return isinstance(value, Mapping) and all(_is_text(key) and len(key) <= 64 for key in value)


_SPAN = "a timedelta of more than nothing and at most ten years, or None"


class Settings:
    """``TIMP_ORDERS`` with its defaults; each attribute is a key of it."""

    POLICY = Setting("timp_orders.policy.Policy", _is_dotted, "the dotted path of a Policy class")
    AUTHENTICATION_CLASSES = Setting[Sequence[str]](
        (
            "rest_framework.authentication.TokenAuthentication",
            "rest_framework.authentication.SessionAuthentication",
        ),
        _is_list_of_dotted,
        "a list of dotted paths of REST framework authentication classes",
    )
    CANCELLABLE_STATUSES = Setting[Sequence[Any]](
        ("Unallocated", "Allocated", "Backordered"), _is_list, "a list of item statuses"
    )
    SHIPPED_STATUSES = Setting[Sequence[Any]](("HasTracking",), _is_list, "a list of item statuses")
    CANCELLED_STATUS = Setting[Any](
        "Cancelled", lambda value: isinstance(value, str | int), "one item status"
    )
    REASONS = Setting[Mapping[str, Any]](
        {
            "customer_request": _("Customer request"),
            "out_of_stock": _("Out of stock"),
            "pricing_error": _("Pricing error"),
            "undeliverable_address": _("Undeliverable address"),
            "fraud": _("Fraud"),
            "order_mistake": _("Order mistake"),
            "other": _("Other"),
        },
        _is_reasons,
        "a dictionary of reason codes (at most 64 characters) and their labels",
    )
    SUPPLIER_FAULT_REASONS = Setting[Sequence[str]](
        ("out_of_stock", "pricing_error"), _is_list, "a list of the codes of REASONS"
    )
    REJECTION_REASONS = Setting[Mapping[str, Any]](
        {
            "already_shipped": _("Already shipped"),
            "in_production": _("In production"),
            "other": _("Other"),
        },
        _is_reasons,
        "a dictionary of reason codes (at most 64 characters) and their labels",
    )
    REJECTION_NEEDS_REASON = Setting(False, _is_switch, "True or False")
    PARTIAL_QUANTITIES = Setting(False, _is_switch, "True or False")
    SUPPLIER_MAY_CANCEL = Setting(False, _is_switch, "True or False")
    RESPOND_WITHIN = Setting[timedelta | None](None, _is_span, _SPAN)
    ON_DEADLINE = Setting(
        OnDeadline.NOTHING.value,
        lambda value: isinstance(value, str) and value in OnDeadline.values,
        f"one of {', '.join(OnDeadline.values)}",
    )
    REMIND_BEFORE = Setting[timedelta | None](None, _is_span, _SPAN)
    NOTE_MAX_LENGTH = Setting(2000, _is_positive, "a positive number of characters")
    MAX_BODY_BYTES = Setting(64 * 1024, _is_positive, "a positive number of bytes")
    MAX_CHANGES = Setting(500, _is_positive, "a positive number of changes")
    MAX_CHANGES_BODY_BYTES = Setting(8 * 1024 * 1024, _is_positive, "a positive number of bytes")
    PAGE_SIZE = Setting(50, _is_positive, "a positive number of rows")
    MAX_PAGE_SIZE = Setting(500, _is_positive, "a positive number of rows")
    RETRY_AFTER = Setting(1, _is_positive, "a positive number of seconds")

    @property
    def policy(self) -> "Policy":
        """The policy: made once, and anew after a setting was changed in a test."""
        return _policy(self.POLICY)

    @property
    def authentication_classes(self) -> "list[type[BaseAuthentication]]":
        return [import_string(path) for path in self.AUTHENTICATION_CLASSES]


@cache
def _policy(path: str) -> "Policy":
    policy: Policy = import_string(path)()
    return policy


@receiver(setting_changed)
def _forget_policy(**kwargs: Any) -> None:
    _policy.cache_clear()


settings = Settings()
