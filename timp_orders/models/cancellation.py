"""The cancellation: a request, and the decision on it."""

import uuid
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from django.conf import settings as django_settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from timp_orders.conf import order_item_model_label
from timp_orders.models.trail import (
    GuardedQuerySet,
    UnguardedQuerySet,
    refuse_deletion,
    refuse_facts,
)
from timp_orders.states import CancellationStatus, OnDeadline, Party, Via

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

__all__ = ["Cancellation"]

_OPEN = Q(status=CancellationStatus.REQUESTED)


def _user_field(label: "_StrPromise") -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=label,
        related_name="+",
        db_constraint=False,  # users may live in another database
    )


def _side_field(label: "_StrPromise") -> "models.CharField[Any, Any]":
    # The database knows the default, so that processes of the release before can go on.
    return models.CharField(
        label, max_length=8, choices=Party.choices, blank=True, default="", db_default=""
    )


class Cancellation(models.Model):
    """One request to cancel one item, and the decision on it: the audit trail.

    Written by the functions of ``timp_orders.services`` only; never deleted, never changed once
    decided. An item's cancellations follow each other in the order of their primary keys.

    ``objects`` and instances refuse all that; ``unguarded`` is how the services write.
    """

    uuid = models.UUIDField(_("UUID"), unique=True, default=uuid.uuid4, editable=False)
    order_item = models.ForeignKey(
        order_item_model_label(),
        on_delete=models.PROTECT,
        verbose_name=_("order item"),
        related_name="cancellations",
        db_index=False,  # the index on the item and the key begins with it
    )
    status = models.CharField(
        _("status"),
        max_length=16,
        choices=CancellationStatus.choices,
        default=CancellationStatus.REQUESTED,
    )
    # True or NULL, made by the database. NULLs do not collide in a unique constraint, so "at most
    # one open cancellation" needs no conditional one, which MariaDB does not have.
    open = models.GeneratedField(
        expression=Case(When(_OPEN, then=Value(True))),
        output_field=models.BooleanField(null=True),
        db_persist=True,
        verbose_name=_("open"),
    )

    quantity = models.PositiveIntegerField(_("quantity"), null=True, blank=True)
    """How many of the item are to be cancelled; ``None`` means all that is left."""
    quantity_available = models.PositiveIntegerField(_("quantity available"), null=True, blank=True)
    """How many were left when it was requested; ``None`` where items are cancelled whole."""
    quantity_confirmed = models.PositiveIntegerField(_("quantity confirmed"), null=True, blank=True)
    """How many were cancelled; ``None`` where the whole item was."""
    quantity_left = models.PositiveIntegerField(_("quantity left"), null=True, blank=True)
    """How many were left once it was confirmed; without any, the item became cancelled."""

    reason = models.CharField(_("reason"), max_length=64, blank=True)
    note = models.TextField(_("note"), blank=True)
    requested_at = models.DateTimeField(_("requested at"), default=timezone.now)
    requested_via = models.CharField(
        _("requested via"), max_length=8, choices=Via.choices, default=Via.CODE
    )
    requested_by = _user_field(_("requested by"))
    requested_by_name = models.CharField(_("requested by (name)"), max_length=255, blank=True)
    requested_side = _side_field(_("requested by (side)"))

    respond_by = models.DateTimeField(_("answer by"), null=True, blank=True)
    """Until when the supplier has to answer, as was said when it was requested; or never."""
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True)
    """When ``cancellation_due`` was sent."""
    overdue_at = models.DateTimeField(_("overdue since"), null=True, blank=True)
    """When it was marked as overdue, some time after the deadline."""
    on_deadline = models.CharField(
        _("on the deadline"),
        max_length=8,
        choices=OnDeadline.choices,
        blank=True,
        default="",
        db_default="",
    )
    """What is to become of it since it is overdue; empty before, and once that was refused."""

    item_status = models.CharField(
        _("item status before"), max_length=255, blank=True, default="", db_default=""
    )
    """The item's own status before the decision, in the host's words."""
    decision_reason = models.CharField(
        _("decision reason"), max_length=64, blank=True, default="", db_default=""
    )
    decision_note = models.TextField(_("decision note"), blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_via = models.CharField(_("decided via"), max_length=8, choices=Via.choices, blank=True)
    decided_by = _user_field(_("decided by"))
    decided_by_name = models.CharField(_("decided by (name)"), max_length=255, blank=True)
    decided_side = _side_field(_("decided by (side)"))

    objects: ClassVar[models.Manager["Cancellation"]] = GuardedQuerySet.as_manager()
    unguarded: ClassVar[models.Manager["Cancellation"]] = UnguardedQuerySet.as_manager()

    class Meta:
        # By its base manager, Django moves the cancellations of one item to another
        # (``item.cancellations.add()``), and sets the references to deleted users to NULL.
        base_manager_name = "objects"
        verbose_name = _("cancellation")
        verbose_name_plural = _("cancellations")
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [
            ("cancel_order", _("Can request, decide and withdraw cancellations on their own side")),
            ("cancel_any_order", _("Can request, decide and withdraw any cancellation")),
            ("view_any_order", _("Can see the cancellations of every organization")),
        ]
        constraints = [
            # Not the item first: InnoDB would use the index for the foreign key, and each decision,
            # which changes it, would then lock the item after the cancellation: a deadlock with
            # every call that locks the item before.
            models.UniqueConstraint(
                fields=["open", "order_item"], name="timp_orders_cancellation_one_open"
            ),
            models.CheckConstraint(
                condition=Q(status__in=CancellationStatus.values),
                name="timp_orders_cancellation_status_known",
            ),
            models.CheckConstraint(
                condition=(_OPEN & Q(decided_at=None)) | (~_OPEN & Q(decided_at__isnull=False)),
                name="timp_orders_cancellation_decided_at",
            ),
            models.CheckConstraint(
                condition=Q(quantity=None)
                | Q(
                    quantity__gte=1,
                    quantity_available__isnull=False,
                    quantity__lte=F("quantity_available"),
                ),
                name="timp_orders_cancellation_quantity_available",
            ),
            models.CheckConstraint(
                condition=Q(quantity_confirmed=None)
                | (
                    Q(status=CancellationStatus.CONFIRMED, quantity_confirmed__gte=1)
                    & (Q(quantity=None) | Q(quantity_confirmed__lte=F("quantity")))
                ),
                name="timp_orders_cancellation_quantity_confirmed",
            ),
        ]
        indexes = [
            # "The latest cancellation of an item."
            models.Index(fields=["order_item", "id"], name="timp_orders_cancel_item_idx"),
            # "The open cancellations, oldest first."
            models.Index(fields=["status", "id"], name="timp_orders_cancel_status_idx"),
            # What was requested, or decided, since a moment.
            models.Index(fields=["requested_at"], name="timp_orders_cancel_request_idx"),
            models.Index(fields=["decided_at"], name="timp_orders_cancel_decided_idx"),
            # "The open ones whose deadline comes first."
            models.Index(fields=["status", "respond_by"], name="timp_orders_cancel_respond_idx"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write names and notes that ``update_fields`` names; facts are the services' to write.

        :raises timp_orders.models.ProtectedTrail: anything else would be written.
        """
        refuse_facts(kwargs.get("update_fields"))
        super().save(*args, **kwargs)

    save.alters_data = True  # type: ignore[attr-defined]  # as Django's: no template may call it

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse.

        :raises timp_orders.models.ProtectedTrail: always.
        """
        refuse_deletion()

    delete.alters_data = True  # type: ignore[attr-defined]

    @property
    def requested_party(self) -> str:
        """Who requested: a side, or ``"system"``."""
        # Rows of earlier releases have no side. They have the name of whoever was a user.
        found = Party.RETAILER if self.requested_by_name else Party.SYSTEM
        return self.requested_side or found.value

    @property
    def decided_door(self) -> str | None:
        """The door that the decision came through; ``None`` while it is open."""
        return self.decided_via or None

    @property
    def decided_party(self) -> str | None:
        """Who decided or withdrew: a side, or ``"system"``; ``None`` while it is open."""
        if self.status == CancellationStatus.REQUESTED:
            return None
        withdrawn = self.status == CancellationStatus.WITHDRAWN
        side = Party.RETAILER if withdrawn else Party.SUPPLIER
        return self.decided_side or (side if self.decided_by_name else Party.SYSTEM).value
