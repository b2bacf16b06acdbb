"""What is asked where something is done to a lead."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from foundation.divisions.models import Division
from foundation.people.models import User
from foundation.people.queries import can, colleagues
from foundation.people.states import Permission
from interfaces.desk.forms.plain import note_field
from leads.states import CloseReason


class AssignForm(forms.Form):
    """Who looks after a lead: oneself, or a colleague, for those who may give out work."""

    to = forms.ModelChoiceField(label=_("Who looks after it"), queryset=User.objects.none(), empty_label=None)

    def __init__(self, *args: Any, division: Division, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = colleagues(division, Permission.WORK_LEADS)
        if not can(user, Permission.ASSIGN_WORK, division):
            people = people.filter(pk=user.pk)
        self.fields["to"].queryset = people.order_by("name")  # type: ignore[attr-defined]
        self.fields["to"].initial = user


class NoteForm(forms.Form):
    """What was said or found out."""

    text = note_field(_("Note"))
    was_reached = forms.BooleanField(label=_("I spoke with them"), required=False)


class CloseForm(forms.Form):
    """Why a lead leads nowhere."""

    reason = forms.ChoiceField(label=_("Reason"), choices=[("", _("Choose a reason")), *CloseReason.choices])
