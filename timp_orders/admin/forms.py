"""The form of the confirmation page."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from timp_orders.conf import settings
from timp_orders.states import Action

__all__ = ["ActionForm", "NoteField"]


class NoteField(forms.CharField):
    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        # Browsers send a line break as two characters, and count it as one for maxlength.
        return value.replace("\r\n", "\n") if isinstance(value, str) else value


class ActionForm(forms.Form):
    """The note of an action, and the reason of a request.

    A note is required for a rejection: somebody waits to hear why.
    """

    required_css_class = "required"

    def __init__(self, action: Action, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if action == Action.REQUEST:
            self.fields["reason"] = forms.ChoiceField(
                label=_("Reason"),
                required=False,
                choices=[("", "---------"), *settings.REASONS.items()],
            )
        self.fields["note"] = NoteField(
            label=_("Note"),
            required=action == Action.REJECT,
            max_length=settings.NOTE_MAX_LENGTH,
            widget=forms.Textarea({"rows": 4, "class": "vLargeTextField"}),
            help_text=_("Kept in the trail of each item; both sides of the order can read it."),
        )
