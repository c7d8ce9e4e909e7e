"""The part of an order item that a host's own order line inherits."""

import uuid
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models.constants import LOOKUP_SEP
from django.utils.translation import gettext_lazy as _

from timp_orders.conf import settings
from timp_orders.models.querysets import OrderItemQuerySet
from timp_orders.states import ItemStatus, Lifecycle

__all__ = ["AbstractOrderItem", "StaleStatus"]


class StaleStatus(Exception):
    """``save()`` would have written another status over that of a cancelled item."""


class AbstractOrderItem(models.Model):
    """Base class of a host's own order line; it has no foreign keys.

    The attributes in capitals tell the app what the host's fields are called. Those that end in
    ``_FIELD`` are paths from the item, ``__`` following foreign keys. A host without names of SKUs
    or without quantities declares ``""`` for these. The statuses have no defaults.
    """

    uuid = models.UUIDField(_("UUID"), unique=True, default=uuid.uuid4, editable=False)
    status = models.CharField(
        _("status"), max_length=32, choices=ItemStatus.choices, default=ItemStatus.UNALLOCATED
    )

    objects: ClassVar[models.Manager[Any]] = OrderItemQuerySet.as_manager()

    UUID_FIELD: ClassVar[str] = "uuid"
    STATUS_FIELD: ClassVar[str] = "status"
    ORDER_UUID_FIELD: ClassVar[str] = "order__uuid"
    PO_NUMBER_FIELD: ClassVar[str] = "order__po_number"
    RETAILER_FIELD: ClassVar[str] = "order__retailer"
    SUPPLIER_FIELD: ClassVar[str] = "supplier"
    SKU_ID_FIELD: ClassVar[str] = "sku_id"
    SKU_NAME_FIELD: ClassVar[str] = "sku_name"
    QUANTITY_FIELD: ClassVar[str] = "quantity_ordered"

    CANCELLABLE_STATUSES: ClassVar[Sequence[Hashable]]
    """Statuses in which an item may be cancelled."""
    SHIPPED_STATUSES: ClassVar[Sequence[Hashable]]
    """Statuses that mean shipped."""
    CANCELLED_STATUS: ClassVar[Hashable]
    """The status that means cancelled."""

    STATUS_NAMES: ClassVar[Mapping[Any, str]] = {}
    """How partners read statuses that are numbers or codes; others are shown as they are."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.value_of(self.UUID_FIELD))

    @classmethod
    def lifecycle(cls) -> Lifecycle:
        """Return what this model's statuses mean to a cancellation."""
        return Lifecycle(
            frozenset(cls.CANCELLABLE_STATUSES),
            frozenset(cls.SHIPPED_STATUSES),
            cls.CANCELLED_STATUS,
        )

    @classmethod
    def counts_parts(cls) -> bool:
        """Tell whether a part of an item's quantity can be cancelled.

        ``TIMP_ORDERS["PARTIAL_QUANTITIES"]`` must be on, and the quantity an integer column of the
        item's own table: a decision compares it with what was read.
        """
        if not settings.PARTIAL_QUANTITIES:
            return False
        field = cls.field_at(cls.QUANTITY_FIELD)
        return isinstance(field, models.IntegerField) and field in cls._meta.local_fields

    @classmethod
    def status_name(cls, status: Any) -> str:
        """Return a status as partners read it, in the API and the export."""
        return str(cls.STATUS_NAMES.get(status, status))

    @classmethod
    def known_statuses(cls) -> list[Any]:
        """Return the statuses that the class declares, or its column has as choices."""
        choices = getattr(cls.field_at(cls.STATUS_FIELD), "flatchoices", ())
        lifecycle = cls.lifecycle()
        declared = {*lifecycle.cancellable, *lifecycle.shipped, lifecycle.cancelled}
        return [*dict.fromkeys([*(value for value, _ in choices), *cls.STATUS_NAMES, *declared])]

    @classmethod
    def paths(cls) -> dict[str, str]:
        """Return the declared paths by what they lead to; ``""`` is for what the host has not."""
        return {
            "uuid": cls.UUID_FIELD,
            "status": cls.STATUS_FIELD,
            "order_uuid": cls.ORDER_UUID_FIELD,
            "po_number": cls.PO_NUMBER_FIELD,
            "retailer": cls.RETAILER_FIELD,
            "supplier": cls.SUPPLIER_FIELD,
            "sku_id": cls.SKU_ID_FIELD,
            "sku_name": cls.SKU_NAME_FIELD,
            "quantity": cls.QUANTITY_FIELD,
        }

    @classmethod
    def field_at(cls, path: str) -> Any | None:
        """Return the field at the end of a path; ``None`` if there is a property, or nothing."""
        model: Any = cls
        field = None
        for name in path.split(LOOKUP_SEP):
            if model is None:
                return None
            try:
                field = model._meta.pk if name == "pk" else model._meta.get_field(name)
            except FieldDoesNotExist:
                return None
            model = field.related_model
        return field

    @classmethod
    def order_relations(cls) -> list[str]:
        """Return the relations to join for what an answer says about the order and the SKU."""
        paths = cls.paths()
        del paths["retailer"], paths["supplier"]
        return sorted({path.rpartition(LOOKUP_SEP)[0] for path in paths.values()} - {""})

    @classmethod
    def every_relation(cls) -> list[str]:
        """Return the relations to join so that to follow any declared path sends no statement."""
        relations: set[str] = set()
        for path in cls.paths().values():
            steps = path.split(LOOKUP_SEP)
            starts = [LOOKUP_SEP.join(steps[:length]) for length in range(1, len(steps) + 1)]
            relations.update(
                start for start in starts if isinstance(cls.field_at(start), models.ForeignKey)
            )
        return sorted(relations)

    def value_of(self, path: str) -> Any:
        """Follow a path such as ``order__po_number`` from this item."""
        value: Any = self
        for name in path.split(LOOKUP_SEP):
            value = getattr(value, name, None)
        return value

    def set_back(self, status: Any) -> None:
        """Give a cancelled item another status, on purpose; ``save()`` alone refuses that.

        Its confirmed cancellation stays in the audit trail, and a new one can be requested.

        :param status: the item's status from now on.
        """
        setattr(self, self.STATUS_FIELD, status)
        self._timp_is_set_back = True
        try:
            self.save(update_fields=[self._meta.get_field(self.STATUS_FIELD).name])
        finally:
            del self._timp_is_set_back

    set_back.alters_data = True  # type: ignore[attr-defined]  # no template may call it

    def _do_update(
        self, base_qs: Any, using: Any, pk_val: Any, values: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Write the row, as long as that does not undo a cancellation.

        The instance may have been read before the cancellation was confirmed. The comparison is
        part of Django's own UPDATE, so it costs no statement.

        :raises StaleStatus: the stored status is the cancelled one, and another is to be written.
        """
        cancelled = self.lifecycle().cancelled
        column = self._meta.get_field(self.STATUS_FIELD)
        written = {field: value for field, _, value in values}
        is_guarded = column in written and written[column] != cancelled
        if not is_guarded or hasattr(self, "_timp_is_set_back"):
            return super()._do_update(base_qs, using, pk_val, values, *args, **kwargs)
        rows = base_qs.exclude(**{self.STATUS_FIELD: cancelled})
        updated = super()._do_update(rows, using, pk_val, values, *args, **kwargs)
        if not updated and base_qs.filter(pk=pk_val).exists():
            raise StaleStatus(
                f"{self._meta.label} {pk_val} is cancelled; save() would have written another "
                "status. Read it again, save with update_fields, or call set_back()."
            )
        return updated
