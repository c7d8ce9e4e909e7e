"""System checks of the settings; those of the order item model are in ``checks.order_items``.

Every check has an id, and a hint that says what to write. All but that of ``checks.tables`` open no
database connection, and run with every ``check``, ``migrate`` and ``runserver``.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, cast

from django.apps import apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections, router
from django.utils.module_loading import import_string
from rest_framework.authentication import BaseAuthentication, TokenAuthentication
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle, ScopedRateThrottle

from timp_orders.checks.order_items import check_order_item_model
from timp_orders.checks.receivers import check_receivers
from timp_orders.checks.tables import check_foreign_key
from timp_orders.conf import Setting, Settings, settings
from timp_orders.models import Cancellation
from timp_orders.policy import Policy, gives_deadlines
from timp_orders.states import OnDeadline

__all__ = ["TAG", "check_authtoken", "check_settings", "check_sqlite", "check_throttling"]

TAG = "timp_orders"
"""``manage.py check --tag timp_orders`` runs these alone."""

_SCOPES = ("timp_orders_read", "timp_orders_write")
_KNOWN = {name: value for name, value in vars(Settings).items() if isinstance(value, Setting)}
_BASES = {"POLICY": Policy, "AUTHENTICATION_CLASSES": BaseAuthentication}

register(TAG)(check_order_item_model)
register(TAG)(check_receivers)
register(TAG, Tags.database)(check_foreign_key)


@register(TAG)
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Check the keys of ``TIMP_ORDERS``, their values, and where their dotted paths lead."""
    declared = getattr(django_settings, "TIMP_ORDERS", {})
    if not isinstance(declared, Mapping):
        return [
            Error(
                "TIMP_ORDERS must be a dictionary.",
                hint='Write, for example, TIMP_ORDERS = {"PAGE_SIZE": 100}.',
                id="timp_orders.E001",
            )
        ]
    found = [message for key, value in declared.items() for message in _setting(key, value)]
    return found or [*_page_sizes(), *_deadlines()]


def _page_sizes() -> Iterator[CheckMessage]:
    if settings.PAGE_SIZE > settings.MAX_PAGE_SIZE:
        yield Error(
            f'TIMP_ORDERS["PAGE_SIZE"] is {settings.PAGE_SIZE}, over MAX_PAGE_SIZE, which is '
            f"{settings.MAX_PAGE_SIZE}.",
            hint="Lower PAGE_SIZE, or raise MAX_PAGE_SIZE.",
            id="timp_orders.E020",
        )


def _deadlines() -> Iterator[CheckMessage]:
    within, before = settings.RESPOND_WITHIN, settings.REMIND_BEFORE
    if within is not None and before is not None and before >= within:
        yield Error(
            f'TIMP_ORDERS["REMIND_BEFORE"] is {before}, not shorter than RESPOND_WITHIN, which is '
            f"{within}: suppliers would be reminded of what was just requested.",
            hint="Lower REMIND_BEFORE, or raise RESPOND_WITHIN.",
            id="timp_orders.E028",
        )
    if not gives_deadlines():
        unused = {"ON_DEADLINE": settings.ON_DEADLINE != OnDeadline.NOTHING}
        unused["REMIND_BEFORE"] = before is not None
        for name in (name for name, is_set in unused.items() if is_set):
            yield Error(
                f"TIMP_ORDERS[{name!r}] is set, but no request has a deadline.",
                hint='Set TIMP_ORDERS["RESPOND_WITHIN"], or override respond_by() of the policy.',
                id="timp_orders.E029",
            )


def _setting(key: Any, value: Any) -> Iterator[CheckMessage]:
    if key not in _KNOWN:
        close = get_close_matches(str(key).upper(), _KNOWN, n=1)
        yield Error(
            f"TIMP_ORDERS has no key {key!r}.",
            hint=f"Write {close[0]!r}." if close else f"The keys are: {', '.join(sorted(_KNOWN))}.",
            id="timp_orders.E002",
        )
    elif not _KNOWN[key].valid(value):
        yield Error(
            f"TIMP_ORDERS[{key!r}] must be {_KNOWN[key].expected}.",
            hint=f"It is {value!r}; the default is {_KNOWN[key].default!r}.",
            id="timp_orders.E003",
        )
    elif key in _BASES:
        for path in [value] if isinstance(value, str) else value:
            yield from _dotted_path(key, path, _BASES[key])


def _dotted_path(key: str, path: str, base: type) -> Iterator[CheckMessage]:
    try:
        found = import_string(path)
    except ImportError as error:
        yield Error(
            f"TIMP_ORDERS[{key!r}]: {path!r} cannot be imported: {error}",
            hint='Write the dotted path of a class, such as "shop.policies.CompanyPolicy".',
            id="timp_orders.E004",
        )
        return
    if not (isinstance(found, type) and issubclass(found, base)):
        yield Error(
            f"TIMP_ORDERS[{key!r}]: {path!r} is no subclass of {base.__name__}.",
            hint=f"Derive it from {base.__module__}.{base.__name__}.",
            id="timp_orders.E005",
        )


@register(TAG)
def check_authtoken(**kwargs: Any) -> list[CheckMessage]:
    """Check that the tokens that are asked for have a table."""
    if apps.is_installed("rest_framework.authtoken") or check_settings():
        return []
    used = [
        authentication.__name__
        for authentication in settings.authentication_classes
        if issubclass(authentication, TokenAuthentication)
        # A subclass may keep its tokens elsewhere.
        and authentication.model is None
        and authentication.get_model is TokenAuthentication.get_model
    ]
    return [
        Error(
            f"{name} is used, but rest_framework.authtoken is not installed.",
            hint='Add "rest_framework.authtoken" to INSTALLED_APPS and migrate, or name other '
            'classes in TIMP_ORDERS["AUTHENTICATION_CLASSES"].',
            id="timp_orders.E006",
        )
        for name in used
    ]


@register(TAG)
def check_throttling(**kwargs: Any) -> list[CheckMessage]:
    """Check that scoped throttles know a rate for the calls: without one, each would be a 500."""
    # The stubs tell what is written in the settings; these are the classes.
    classes = cast("list[type[BaseThrottle]]", api_settings.DEFAULT_THROTTLE_CLASSES)
    missing = {
        scope
        for throttle in classes
        if issubclass(throttle, ScopedRateThrottle)
        for scope in _SCOPES
        if scope not in _rates(throttle)
    }
    return [
        Error(
            f"ScopedRateThrottle has no rate for the scope {scope!r}.",
            hint=f'Add "{scope}": "600/min", say, to REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]; '
            "None is no limit.",
            id="timp_orders.E007",
        )
        for scope in sorted(missing)
    ]


def _rates(throttle: type[ScopedRateThrottle]) -> Any:
    # REST framework copies the setting into its class as it is imported; a subclass may differ.
    if throttle.THROTTLE_RATES is not ScopedRateThrottle.THROTTLE_RATES:
        return throttle.THROTTLE_RATES
    return api_settings.DEFAULT_THROTTLE_RATES


@register(TAG)
def check_sqlite(**kwargs: Any) -> list[CheckMessage]:
    """Check that SQLite, which ignores row locks, takes its write lock as a transaction begins."""
    alias = router.db_for_write(Cancellation)
    connection = connections[alias]
    mode = connection.settings_dict["OPTIONS"].get("transaction_mode") or ""
    if connection.vendor != "sqlite" or mode.upper() in ("IMMEDIATE", "EXCLUSIVE"):
        return []
    return [
        Warning(
            f"The SQLite database {alias!r} begins its transactions without the write lock.",
            hint=f'Write DATABASES[{alias!r}]["OPTIONS"] = {{"transaction_mode": "IMMEDIATE"}}: '
            "otherwise two decisions at a time can fail as busy without waiting.",
            id="timp_orders.W001",
        )
    ]
