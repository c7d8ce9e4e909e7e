"""Filters of lists. A parameter that is unknown or malformed is an error, never ignored."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import django_filters
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError as InvalidValue
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from timp_orders.api.inputs import readable
from timp_orders.models import get_order_item_model

if TYPE_CHECKING:
    from rest_framework.views import APIView

__all__ = [
    "ItemStatusFilter",
    "PathFilter",
    "StrictFilterBackend",
    "SwitchFilter",
    "TimestampFilter",
    "parsed",
]


_FIRST = datetime(1, 1, 2, tzinfo=UTC)
_LAST = datetime(9999, 12, 30, tzinfo=UTC)


class _TimestampField(forms.CharField):
    """An ISO 8601 timestamp, in the current time zone where it names none."""

    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if timezone.is_naive(moment):
                moment = timezone.make_aware(moment)
            # A database in a time zone of its own must be able to convert it.
            moment = min(max(moment.astimezone(UTC), _FIRST), _LAST)
            return moment if settings.USE_TZ else timezone.make_naive(moment)
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError(
                _("This must be a timestamp, such as 2030-01-31T23:59:00Z.")
            ) from error


class TimestampFilter(django_filters.Filter):
    field_class = _TimestampField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)


class _PathValueField(forms.CharField):
    """A value of the column that a declared path leads to, compared as it was sent.

    :param column: the model's field, or ``None`` if the path leads to none.
    """

    def __init__(self, *, column: Any = None, **kwargs: Any) -> None:
        self.column = column
        super().__init__(strip=False, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return parsed(self.column, text) if text and self.column is not None else text


def parsed(column: Any, text: str) -> Any:
    """Return what a column holds where somebody writes this text.

    :raises django.core.exceptions.ValidationError: it holds no such value.
    """
    wrong = forms.ValidationError(_("This is no possible value."))
    try:
        found = column.to_python(text)
        column.run_validators(found)
        column.get_prep_value(found)
    except (InvalidValue, ValueError, TypeError, OverflowError) as error:
        raise wrong from error
    # Python reads " 7", "+7" and "7_0" as numbers, and a UUID in braces.
    is_number = isinstance(found, int | Decimal)
    if (is_number or isinstance(found, UUID)) and str(found) != text.lower():
        raise wrong
    return found


class PathFilter(django_filters.Filter):
    """Compares what stands at one of ``AbstractOrderItem.paths()``, exactly.

    :param path: its name there; by default that of the parameter.
    """

    field_class = _PathValueField

    def __init__(self, path: str = "", **kwargs: Any) -> None:
        self.path = path
        super().__init__(lookup_expr="exact", **kwargs)


class _ItemStatusesField(forms.MultipleChoiceField):
    """Statuses of items, as partners read them."""

    def clean(self, value: Any) -> list[Any]:
        return [self._status(text) for text in self.to_python(value)]

    def _status(self, text: str) -> Any:
        model = get_order_item_model()
        column = model.field_at(model.STATUS_FIELD)
        named = {model.status_name(status): status for status in model.known_statuses()}
        if text in named:
            return named[text]
        if not text.strip() or getattr(column, "choices", None):
            raise forms.ValidationError(_("This is not a status of an item."))
        found = parsed(column, text)
        if found in named.values():  # it has another name
            raise forms.ValidationError(_("This is not a status of an item."))
        return found


class ItemStatusFilter(django_filters.MultipleChoiceFilter):
    field_class = _ItemStatusesField

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        model = get_order_item_model()
        return qs.filter(**{f"{model.STATUS_FIELD}__in": value}) if value else qs


class _SwitchField(forms.CharField):
    """``true`` or ``false``."""

    def clean(self, value: Any) -> bool | None:
        text = super().clean(value)
        if text not in ("", "true", "false"):
            raise forms.ValidationError(_("This must be true or false."))
        return text == "true" if text else None


class SwitchFilter(django_filters.Filter):
    field_class = _SwitchField

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)


class StrictFilterBackend(DjangoFilterBackend):
    """Filter backend that refuses unknown and malformed parameters."""

    def filter_queryset(
        self,
        request: Request,  # type: ignore[override]  # the stubs of django-filter want Django's
        queryset: QuerySet[Any],
        view: "APIView",
    ) -> QuerySet[Any]:
        filterset: Any = self.get_filterset(request, queryset, view)
        paginator = view.paginator  # type: ignore[attr-defined]
        several = {
            name
            for name, found in filterset.filters.items()
            if isinstance(found, django_filters.MultipleChoiceFilter)
        }
        single = {
            *filterset.filters,
            paginator.cursor_query_param,
            paginator.page_size_query_param,
        } - several
        problems: dict[str, Any] = {}
        for name, values in request.query_params.lists():
            if not all(map(_is_text, values)):
                problems[readable(name)] = [_("This is not text.")]
            elif name in several:
                continue
            elif name not in single:
                # The name is what the client sent, but without it nobody finds the typing error.
                problems[readable(name)] = [_("There is no such parameter.")]
            elif len(values) != 1 or not values[0].strip():
                problems[name] = [_("This needs exactly one value.")]
        if not filterset.is_valid():
            problems = {**filterset.errors, **problems}
        if problems:
            raise ValidationError(problems)
        filtered: QuerySet[Any] = filterset.qs
        return filtered


def _is_text(value: str) -> bool:
    """Tell whether a value has no lone surrogate, which a strange charset may yield."""
    try:
        return bool(value.encode()) or not value
    except UnicodeEncodeError:
        return False
