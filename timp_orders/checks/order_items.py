"""System checks of the order item model: what a host's own order line declares must be there."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import router
from django.db.models import Model, UUIDField
from django.db.models.constants import LOOKUP_SEP
from django.utils.module_loading import import_string

from timp_orders.conf import ORDER_ITEM_MODEL, Settings, order_item_model_label, settings
from timp_orders.models import (
    AbstractOrderItem,
    Cancellation,
    OrderItem,
    Organization,
    get_order_item_model,
)
from timp_orders.policy import Policy
from timp_orders.states import Side

__all__ = ["check_order_item_model"]

_OWN = ("uuid", "status")
_SHOWN_ONLY = ("sku_name", "quantity")
"""No query asks for these, so a property will do; "" is for a host that has no such thing."""
_STATUSES = ("CANCELLABLE_STATUSES", "SHIPPED_STATUSES", "CANCELLED_STATUS")

ItemModel = type[AbstractOrderItem]


def check_order_item_model(**kwargs: Any) -> list[CheckMessage]:
    """Check ``TIMP_ORDERS_ORDER_ITEM_MODEL`` and what the model that it names declares."""
    label = order_item_model_label()
    try:
        model: type[Model] = get_order_item_model()
    except (LookupError, ValueError, AttributeError):
        return [
            Error(
                f"{ORDER_ITEM_MODEL} is {label!r}, which is no installed model.",
                hint='Write "app_label.ModelName", such as "shop.OrderLine", and see that its app '
                "is in INSTALLED_APPS.",
                id="timp_orders.E008",
            )
        ]
    if not issubclass(model, AbstractOrderItem):
        return [
            Error(
                f"{ORDER_ITEM_MODEL} is {label!r}, which is no AbstractOrderItem.",
                hint=f"Write class {model.__name__}(timp_orders.models.AbstractOrderItem).",
                obj=model,
                id="timp_orders.E009",
            )
        ]
    checks = (_forgotten_setting, _uuid, _status, _paths, _sides, _database)
    return [message for check in checks for message in check(model)]


def _forgotten_setting(model: ItemModel) -> Iterator[CheckMessage]:
    if hasattr(django_settings, ORDER_ITEM_MODEL):
        return
    for other in apps.get_models():
        if issubclass(other, AbstractOrderItem) and not issubclass(other, OrderItem):
            label = other._meta.label
            yield Error(
                f"{label} is an AbstractOrderItem, but {ORDER_ITEM_MODEL} is not set.",
                hint=f'Write {ORDER_ITEM_MODEL} = "{label}" before the first migrate; or '
                f'"{model._meta.label}", if that is the model that is meant.',
                obj=other,
                id="timp_orders.E010",
            )


def _uuid(model: ItemModel) -> Iterator[CheckMessage]:
    field = _own_field(model, model.UUID_FIELD)
    if not (isinstance(field, UUIDField) and field.unique):
        yield Error(
            f"UUID_FIELD is {model.UUID_FIELD!r}, which is no unique UUIDField of the model.",
            hint="Name one, such as models.UUIDField(unique=True, default=uuid.uuid4).",
            obj=model,
            id="timp_orders.E011",
        )


def _status(model: ItemModel) -> Iterator[CheckMessage]:
    field = _own_field(model, model.STATUS_FIELD)
    if field is None or (field.is_relation and field.attname != model.STATUS_FIELD):
        yield Error(
            f"STATUS_FIELD is {model.STATUS_FIELD!r}, which is no plain field of the model.",
            hint='Name a field of the model itself; of a foreign key the column, "status_id".',
            obj=model,
            id="timp_orders.E012",
        )
        return
    for name in _STATUSES:
        yield from _declared_statuses(model, field, name)


def _declared_statuses(model: ItemModel, field: Any, name: str) -> Iterator[CheckMessage]:
    is_setting = issubclass(model, OrderItem)
    place = f'TIMP_ORDERS["{name}"]' if is_setting else name
    if not is_setting and not hasattr(model, name):
        yield Error(
            f"{model.__name__} does not declare {name}.",
            hint=f"Write {name} on the class: the statuses of your items are your own.",
            obj=model,
            id="timp_orders.E017",
        )
        return
    value = getattr(settings if is_setting else model, name)
    if not getattr(Settings, name).valid(value):
        if not is_setting:  # which is reported as E003
            yield Error(
                f"{name} must be {getattr(Settings, name).expected}.",
                hint=f"It is {value!r}.",
                obj=model,
                id="timp_orders.E018",
            )
        return
    for status in [value] if name == "CANCELLED_STATUS" else value:
        if not _may_hold(field, status):
            choices = f", out of {[key for key, _ in field.flatchoices]!r}" if field.choices else ""
            yield Error(
                f"{place}: {status!r} is no value of the field {model.STATUS_FIELD!r}.",
                hint=f"Declare {place} with statuses of your own{choices}.",
                obj=model,
                id="timp_orders.E013",
            )


def _may_hold(field: Any, status: Any) -> bool:
    """Tell whether the field can hold the status, as it is: ``"1"`` never equals a stored 1."""
    if field.choices:
        return status in [key for key, _ in field.flatchoices]
    try:
        field.run_validators(status)
        return status is not None and bool(field.to_python(status) == status)
    except (ValidationError, TypeError):
        return False


def _paths(model: ItemModel) -> Iterator[CheckMessage]:
    for name, path in model.paths().items():
        if name in _OWN:
            continue  # reported as E011 and E012
        if name in _SHOWN_ONLY:
            start, _, last = path.rpartition(LOOKUP_SEP)
            end = _end(model, start) if start else model
            resolves = path == "" or (end is not None and hasattr(end, last))
        else:
            resolves = _field(model, path) is not None
        if not resolves:
            declared = f"{name.upper()}_FIELD"
            yield Error(
                f"{declared} is {path!r}, which does not lead anywhere from the model.",
                hint=f"Declare {declared} on {model.__name__}: a field, or a path to one that "
                'follows foreign keys, such as "order__number".',
                obj=model,
                id="timp_orders.E014",
            )


def _sides(model: ItemModel) -> Iterator[CheckMessage]:
    try:
        if import_string(settings.POLICY).on_side is not Policy.on_side:
            return
    except (ImportError, AttributeError):
        return  # reported as E004
    for side in Side:
        path = model.paths()[side]
        field = _field(model, path)
        if field is not None and field.related_model is not Organization:
            yield Error(
                f"{side.name}_FIELD is {path!r}, which leads to no Organization.",
                hint='Name a policy of your own in TIMP_ORDERS["POLICY"], whose on_side() knows '
                "who belongs to which side; or a foreign key to timp_orders.Organization.",
                obj=model,
                id="timp_orders.E015",
            )


def _database(model: ItemModel) -> Iterator[CheckMessage]:
    items, cancellations = router.db_for_write(model), router.db_for_write(Cancellation)
    if items != cancellations:
        yield Error(
            f"Items are written to the database {items!r}, cancellations to {cancellations!r}.",
            hint="Write a router that names the same database for both: they change together, in "
            "one transaction.",
            obj=model,
            id="timp_orders.E016",
        )


def _own_field(model: type[Model], name: str) -> Any | None:
    """Return the model's own column of that name, ``None`` without one."""
    field = _field(model, name) if LOOKUP_SEP not in name else None
    return field if field is not None and field.concrete else None


def _field(model: type[Model], path: Any) -> Any | None:
    """Return the field at the end of a path that follows foreign keys, ``None`` without one."""
    start, _, last = str(path).rpartition(LOOKUP_SEP)
    end = _end(model, start) if start else model
    try:
        field = end._meta.get_field(end._meta.pk.name if last == "pk" else last) if end else None
    except FieldDoesNotExist:
        return None
    return None if field is None or field.one_to_many or field.many_to_many else field


def _end(model: type[Model], path: str) -> Any | None:
    """Return the model that a path of foreign keys leads to, ``None`` without one."""
    field = _field(model, path)
    return field.related_model if field is not None else None
