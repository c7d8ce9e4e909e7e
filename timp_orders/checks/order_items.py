"""System checks of the order item model: what a host's own order line declares must be there."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error
from django.db import router
from django.db.models import DecimalField, FloatField, IntegerField, Model, UUIDField
from django.db.models.constants import LOOKUP_SEP
from django.utils.module_loading import import_string

from timp_orders.checks.statuses import own_field, statuses
from timp_orders.conf import ORDER_ITEM_MODEL, Settings, order_item_model_label, settings
from timp_orders.models import (
    AbstractOrderItem,
    Cancellation,
    OrderItem,
    Organization,
    get_order_item_model,
)
from timp_orders.models.querysets import ANNOTATED
from timp_orders.policy import Policy
from timp_orders.states import Side

__all__ = ["check_order_item_model"]

_OWN = ("uuid", "status")
_SHOWN_ONLY = ("sku_name", "quantity")
"""No query asks for these, so a property will do; "" is for a host that has no such thing."""
_KINDS: dict[str, tuple[Any, str, str, str]] = {
    "order_uuid": (
        UUIDField,
        "UUIDField",
        'Lead to one; write "" if your orders have none: there are no calls on whole orders then.',
        "E022",
    ),
    "quantity": (
        (IntegerField, DecimalField, FloatField),
        "number",
        'Lead to a column of numbers; write "" if your items have no quantity.',
        "E021",
    ),
}

ItemModel = type[AbstractOrderItem]


def check_order_item_model(**kwargs: Any) -> list[CheckMessage]:
    """Check ``TIMP_ORDERS_ORDER_ITEM_MODEL`` and what the model that it names declares."""
    label = getattr(django_settings, ORDER_ITEM_MODEL, order_item_model_label())
    try:
        model: type[Model] = get_order_item_model()
    except (LookupError, ValueError):
        model = Model
    if model is Model or label != order_item_model_label():
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
    checks = (
        _forgotten_setting,
        _bases,
        _names,
        _uuid,
        statuses,
        _paths,
        _parts,
        _sides,
        _database,
    )
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


def _bases(model: ItemModel) -> Iterator[CheckMessage]:
    """Check that nothing of the shop's own base classes is overridden by this app's."""
    mro = model.__mro__
    for base in mro[mro.index(AbstractOrderItem) + 1 :] if AbstractOrderItem in mro else ():
        if not isinstance(base, type(Model)) or base is Model:
            continue
        fields = {field.name for field in base._meta.local_fields}
        options = vars(vars(base).get("Meta", object))
        own = {name for name in options if not name.startswith("_")} - {"abstract"}
        hidden = sorted(fields & {"uuid", "status"})
        if hidden or (own and "Meta" not in vars(model)):
            lost = " and ".join([*hidden, *(["Meta"] if own else [])])
            yield Error(
                f"{model.__name__} loses {lost} of its base {base.__name__} to AbstractOrderItem.",
                hint=f"Write AbstractOrderItem last: class {model.__name__}({base.__name__}, "
                "AbstractOrderItem).",
                obj=model,
                id="timp_orders.E025",
            )


def _names(model: ItemModel) -> Iterator[CheckMessage]:
    """Check that the model has nothing of its own under the names that the app attaches."""
    used = ("timp_cancellation", *ANNOTATED)
    fields = {field.name for field in model._meta.get_fields()}
    taken = [name for name in used if name in fields or hasattr(model, name)]
    # Django puts the app's reverse relation over whatever the class itself has by that name.
    if any("cancellations" in vars(base) for base in model.__mro__[1:]):
        taken.append("cancellations")
    for name in taken:
        yield Error(
            f"{model.__name__} has {name!r}, a name that this app uses on order items.",
            hint="Give it another name.",
            obj=model,
            id="timp_orders.E024",
        )


def _uuid(model: ItemModel) -> Iterator[CheckMessage]:
    field = own_field(model, model.UUID_FIELD)
    if not (isinstance(field, UUIDField) and field.unique):
        yield Error(
            f"UUID_FIELD is {model.UUID_FIELD!r}, which is no unique UUIDField of the model.",
            hint="Name one, such as models.UUIDField(unique=True, default=uuid.uuid4).",
            obj=model,
            id="timp_orders.E011",
        )


def _paths(model: ItemModel) -> Iterator[CheckMessage]:
    for name, path in model.paths().items():
        if name in _OWN:
            continue  # reported as E011 and E012
        if name in _SHOWN_ONLY:
            start, _, last = path.rpartition(LOOKUP_SEP)
            end = _end(model, start) if start else model
            resolves = path == "" or (end is not None and hasattr(end, last))
        else:
            resolves = _field(model, path) is not None or (name, path) == ("order_uuid", "")
        if not resolves:
            declared = f"{name.upper()}_FIELD"
            yield Error(
                f"{declared} is {path!r}, which does not lead anywhere from the model.",
                hint=f"Declare {declared} on {model.__name__}: a field, or a path to one that "
                'follows foreign keys, such as "order__number".',
                obj=model,
                id="timp_orders.E014",
            )
        elif name in _KINDS and (field := _field(model, path)):
            yield from _kind(model, name, field)


def _kind(model: ItemModel, name: str, field: Any) -> Iterator[CheckMessage]:
    """Check that a path leads to a column of the right kind; a property may be anything."""
    kinds, expected, hint, number = _KINDS[name]
    if not isinstance(field, kinds):
        declared = f"{name.upper()}_FIELD"
        yield Error(
            f"{declared} is {model.paths()[name]!r}, which is no {expected}.",
            hint=hint,
            obj=model,
            id=f"timp_orders.{number}",
        )


def _parts(model: ItemModel) -> Iterator[CheckMessage]:
    """Check that parts of a quantity can be compared with what was read."""
    if settings.PARTIAL_QUANTITIES and not model.counts_parts():
        yield Error(
            f'TIMP_ORDERS["PARTIAL_QUANTITIES"] is on, but QUANTITY_FIELD is '
            f"{model.QUANTITY_FIELD!r}, which is no integer column of the model's own table.",
            hint="Name a column that holds how many were ordered, such as "
            "models.PositiveIntegerField(); or switch the setting off.",
            obj=model,
            id="timp_orders.E027",
        )


def _sides(model: ItemModel) -> Iterator[CheckMessage]:
    if not Settings.POLICY.valid(settings.POLICY):
        return  # reported as E003
    try:
        policy = import_string(settings.POLICY)
    except ImportError:
        return  # reported as E004
    if getattr(policy, "on_side", None) is not Policy.on_side:
        return
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


def _field(model: ItemModel, path: Any) -> Any | None:
    """Return the field at the end of a path that follows foreign keys, ``None`` without one."""
    field = model.field_at(str(path))
    return None if field is None or field.one_to_many or field.many_to_many else field


def _end(model: ItemModel, path: str) -> Any | None:
    """Return the model that a path of foreign keys leads to, ``None`` without one."""
    field = _field(model, path)
    return field.related_model if field is not None else None
