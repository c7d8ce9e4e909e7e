"""Serializers of the body of a call with many changes."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from timp_orders.api.inputs import (
    BodySerializer,
    CancelSerializer,
    ConfirmationSerializer,
    DecisionSerializer,
    RejectionSerializer,
    RequestSerializer,
    StrictUUIDField,
    SwitchField,
)
from timp_orders.conf import settings
from timp_orders.services import Change
from timp_orders.states import Action

if TYPE_CHECKING:
    FieldBase = serializers.Field[Any, Any, Any, Any]
else:
    FieldBase = serializers.Field

__all__ = ["CHANGES", "ChangesField", "ChangesSerializer"]

_PROBLEMS = 100
"""Fields of which an answer says what is wrong with them."""


def _change(action: Action, body: type[BodySerializer]) -> type[BodySerializer]:
    """Return the serializer of one change: what the call on one item takes, and the item."""
    members = {
        "__doc__": f"One of many changes: {action.value}.",
        "__module__": __name__,
        "order_item_uuid": StrictUUIDField(),
        "action": serializers.ChoiceField([action.value]),
    }
    return type(f"{action.value.title()}ChangeSerializer", (body,), members)


CHANGES = {
    Action.REQUEST: _change(Action.REQUEST, RequestSerializer),
    Action.CONFIRM: _change(Action.CONFIRM, ConfirmationSerializer),
    Action.REJECT: _change(Action.REJECT, RejectionSerializer),
    Action.WITHDRAW: _change(Action.WITHDRAW, DecisionSerializer),
    Action.CANCEL: _change(Action.CANCEL, CancelSerializer),
}
"""The serializers of a change, by its action."""


class ChangesField(FieldBase):
    """A list of changes, at most one for each item."""

    default_error_messages = {
        "not_a_list": _("This must be a list."),
        "length": _("There must be from 1 to {maximum} changes."),
    }

    def to_internal_value(self, data: Any) -> list[Change]:
        if not isinstance(data, list):
            self.fail("not_a_list")
        if not 1 <= len(data) <= settings.MAX_CHANGES:
            self.fail("length", maximum=settings.MAX_CHANGES)
        kinds = {action.value: kind() for action, kind in CHANGES.items()}
        problems: dict[str, Any] = {}
        changes: dict[Any, Change] = {}
        for number, row in enumerate(data):
            try:
                values = _values(row, kinds)
                if (uuid := values.pop("order_item_uuid")) in changes:
                    text = _("There is a change of this item already.")
                    raise serializers.ValidationError({"order_item_uuid": [text]})
                changes[uuid] = Change(uuid, **values)
            except serializers.ValidationError as error:
                detail: Any = error.detail
                if isinstance(detail, list):
                    problems[f"[{number}]"] = detail
                else:
                    problems |= {f"[{number}].{name}": texts for name, texts in detail.items()}
                if len(problems) >= _PROBLEMS:
                    break
        if problems:
            raise serializers.ValidationError(problems)
        return list(changes.values())


def _values(row: Any, kinds: Mapping[str, BodySerializer]) -> dict[str, Any]:
    """Read one change by the serializer of its action."""
    if not isinstance(row, dict):
        raise serializers.ValidationError(_("This must be an object."))
    action = row.get("action")
    if not isinstance(action, str) or action not in kinds:
        text = _("This must be one of these: %(actions)s.") % {"actions": ", ".join(kinds)}
        raise serializers.ValidationError({"action": [text]})
    values: dict[str, Any] = kinds[action].run_validation(row)
    return values


class ChangesSerializer(BodySerializer):
    """The body of a call with many changes."""

    changes = ChangesField()
    all_or_nothing = SwitchField(help_text=_("If anything is refused, nothing is changed."))

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except serializers.ValidationError as error:
            detail = cast("dict[str, Any]", error.detail)
            raise serializers.ValidationError(dict(_flat(detail))) from error


def _flat(problems: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Name what is wrong in one change by its row, such as ``changes[3].quantity``."""
    for name, texts in problems.items():
        if isinstance(texts, dict):
            for place, those in texts.items():
                yield f"{name}{place}", those
        else:
            yield name, texts
