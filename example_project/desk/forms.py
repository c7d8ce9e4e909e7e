from django import forms

from timp_orders.conf import settings
from timp_orders.states import Action


class DecisionForm(forms.Form):
    """A decision on the cancellation that the page showed."""

    action = forms.ChoiceField(choices=[(Action.CONFIRM, "Confirm"), (Action.REJECT, "Reject")])
    cancellation = forms.UUIDField()
    note = forms.CharField(required=False, strip=False)

    def clean_note(self):
        note = self.cleaned_data["note"]
        if len(note) > settings.NOTE_MAX_LENGTH:
            raise forms.ValidationError("The note is too long.")
        return note
