"""The form of the confirmation page."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from timp_orders.conf import settings
from timp_orders.services.command import lacks_reason
from timp_orders.states import Action

__all__ = ["ActionForm", "NoteField"]


class NoteField(forms.CharField):
    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        # Browsers send a line break as two characters, and count it as one for maxlength.
        return value.replace("\r\n", "\n") if isinstance(value, str) else value


class ActionForm(forms.Form):
    """The reason and the note of an action, and how many of the item, where it is about one.

    :param at_most: how many of the one item it can be; ``None`` if nobody is to say how many.
    """

    required_css_class = "required"

    def __init__(
        self, action: Action, *args: Any, at_most: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.action = action
        reasons = settings.REASONS if action.opens else settings.REJECTION_REASONS
        if action.opens or action == Action.REJECT:
            self.fields["reason"] = forms.ChoiceField(
                label=_("Reason"),
                required=False,
                choices=[("", "---------"), *reasons.items()],
            )
        if at_most is not None:
            self.fields["quantity"] = forms.IntegerField(
                label=_("Quantity"),
                required=False,
                min_value=1,
                max_value=at_most,
                help_text=_("At most %(count)d; if it is left empty, all of them.")
                % {"count": at_most},
            )
        self.fields["note"] = NoteField(
            label=_("Note"),
            required=False,
            max_length=settings.NOTE_MAX_LENGTH,
            widget=forms.Textarea({"rows": 4, "class": "vLargeTextField"}),
            help_text=_("Kept in the trail of each item; both sides of the order can read it."),
        )

    def full_clean(self) -> None:
        super().full_clean()
        for name in self.fields:
            if name in self.errors:  # the first of them, where a reader goes on
                self.fields[name].widget.attrs["autofocus"] = True
                break

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if self.data.get("quantity") and "quantity" not in self.fields:
            raise forms.ValidationError(_("A quantity can be given for a single item only."))
        says_too_little = lacks_reason(values.get("reason", ""), values.get("note", ""))
        if self.action == Action.REJECT and says_too_little and not self.errors:
            self.add_error("reason", _("A reason or a note is needed."))
        return values
