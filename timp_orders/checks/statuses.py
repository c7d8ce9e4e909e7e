"""System checks of the statuses of order items: their column, and what the host says they mean."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ValidationError
from django.db.models.constants import LOOKUP_SEP
from django.utils.functional import Promise

from timp_orders.conf import Settings, settings
from timp_orders.models import AbstractOrderItem, OrderItem

__all__ = ["own_field", "statuses"]

_DECLARED = ("CANCELLABLE_STATUSES", "SHIPPED_STATUSES", "CANCELLED_STATUS")

ItemModel = type[AbstractOrderItem]


def statuses(model: ItemModel) -> Iterator[CheckMessage]:
    """Check the status column of the order item model, and each declaration of statuses."""
    field = own_field(model, model.STATUS_FIELD)
    is_plain = field is not None and not (field.is_relation and field.attname != model.STATUS_FIELD)
    # Of a parent's column, Django would make a SELECT and an UPDATE by key that compares nothing.
    if not is_plain or field not in model._meta.local_fields:
        yield Error(
            f"STATUS_FIELD is {model.STATUS_FIELD!r}, which is no plain field of the model's own "
            "table.",
            hint="Name a field of the model itself, not of a parent that it inherits; of a foreign "
            'key the column, "status_id".',
            obj=model,
            id="timp_orders.E012",
        )
        return
    problems = [message for name in _DECLARED for message in _declared(model, field, name)]
    yield from problems or _overlapping(model)
    names: Any = model.STATUS_NAMES
    if not (
        isinstance(names, Mapping)
        and all(_may_hold(field, status) for status in names)
        and all(isinstance(name, str | Promise) and name for name in names.values())
        and len({str(name) for name in names.values()}) == len(names)
    ):
        yield Error(
            "STATUS_NAMES must map statuses of the model to different names.",
            hint='Write, for example, STATUS_NAMES = {10: "New", 30: "Sent"}.',
            obj=model,
            id="timp_orders.E026",
        )


def _declared(model: ItemModel, field: Any, name: str) -> Iterator[CheckMessage]:
    is_setting = issubclass(model, OrderItem)
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
    place = f'TIMP_ORDERS["{name}"]' if is_setting else name
    for status in [value] if name == "CANCELLED_STATUS" else value:
        if not _may_hold(field, status):
            choices = f", out of {[key for key, _ in field.flatchoices]!r}" if field.choices else ""
            yield Error(
                f"{place}: {status!r} is no value of the field {model.STATUS_FIELD!r}.",
                hint=f"Declare {place} with statuses of your own{choices}.",
                obj=model,
                id="timp_orders.E013",
            )


def _overlapping(model: ItemModel) -> Iterator[CheckMessage]:
    if issubclass(model, OrderItem) and not all(
        getattr(Settings, name).valid(getattr(settings, name)) for name in _DECLARED
    ):
        return  # reported as E003
    lifecycle = model.lifecycle()
    twice = (lifecycle.cancellable & lifecycle.shipped) | (
        {lifecycle.cancelled} & (lifecycle.cancellable | lifecycle.shipped)
    )
    for status in sorted(twice, key=str):
        yield Error(
            f"The status {status!r} is declared to mean two things.",
            hint="An item is cancellable, shipped or cancelled: list each status once in "
            "CANCELLABLE_STATUSES, SHIPPED_STATUSES and CANCELLED_STATUS.",
            obj=model,
            id="timp_orders.E019",
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


def own_field(model: ItemModel, name: str) -> Any | None:
    """Return the model's column of that name, a parent's too; ``None`` without one."""
    field = model.field_at(name) if LOOKUP_SEP not in name else None
    return field if field is not None and field.concrete else None
