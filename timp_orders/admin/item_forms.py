"""Forms of order items that never write the status, which a decision may have changed meanwhile."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import router
from django.http import HttpRequest

if TYPE_CHECKING:
    from django.forms.models import BaseModelFormSet

    Admin = admin.ModelAdmin[Any]
    Inline = admin.options.InlineModelAdmin[Any, Any]
    Formset = BaseModelFormSet[Any, Any]
else:
    Admin = Inline = Formset = object

__all__ = ["OrderItemInlineMixin", "StatusKeptMixin", "leave_out", "status_field"]


def status_field(model: Any) -> Any:
    """Return the field that holds the status of an order item model."""
    return model._meta.get_field(model.STATUS_FIELD)


def leave_out(item: Any, *names: str) -> None:
    """Make ``item.save()`` write all columns but these; they are read anew if they are asked for.

    :param names: of fields.
    """
    for name in names:
        field = item._meta.get_field(name)
        item.__dict__.pop(field.attname, None)
        item._state.fields_cache.pop(field.name, None)
    # Django writes the rest alone only where it was read: not if that was a replica.
    item._state.db = router.db_for_write(type(item), instance=item)


class StatusKeptMixin(Admin):
    """Mixin for the ``ModelAdmin`` of an item model: it never writes an existing item's status."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        status = status_field(self.model).name
        return fields if obj is None or status in fields else (*fields, status)

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        return _keeping_status(super().get_changelist_formset(request, **kwargs))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            leave_out(obj, status_field(self.model).name)
        super().save_model(request, obj, form, change)


class OrderItemInlineMixin(Inline):
    """Mixin for an inline of order items in a host's own admin of orders.

    The status can be chosen for new items only. It is never written to an item that exists, so
    that saving the order does not undo a decision::

        class LineInline(OrderItemInlineMixin, admin.TabularInline):
            model = OrderLine
    """

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return _keeping_status(super().get_formset(request, obj, **kwargs))


class _StatusKeptFormset(Formset):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        status = form.fields.get(status_field(self.model).name)
        if status and not form.instance._state.adding:
            status.disabled = True

    def save_existing(self, form: Any, obj: Any, commit: bool = True) -> Any:
        leave_out(form.instance, status_field(self.model).name)
        return super().save_existing(form, obj, commit=commit)


def _keeping_status(formset: "type[BaseModelFormSet[Any, Any]]") -> Any:
    """Derive a formset that never writes the status from the host's."""
    return type(formset.__name__, (_StatusKeptFormset, formset), {})
