"""What operators fill in about referrals beyond a row's own fields."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext, gettext_lazy as _

from referrals.models import Programme

LONGEST_GONE = 120
"""Months after which anybody is new again."""


class ProgrammeForm(forms.ModelForm[Programme]):
    """A programme; terms that somebody has agreed to keep their words under their version."""

    class Meta:
        model = Programme
        fields = (
            "names",
            "code",
            "division",
            "starts_on",
            "ends_on",
            "headlines",
            "landing_texts",
            "subjects",
            "invitation_texts",
            "rewards_in_words",
            "friend_rewards_in_words",
            "terms_version",
            "terms_texts",
            "window_days",
            "preference",
            "new_after_months",
            "most_per_form",
            "most_per_day",
            "most_ever",
            "tells_when_earned",
        )

    def clean_new_after_months(self) -> int:
        """Refuse a time after which nobody would ever be new again."""
        months: int = self.cleaned_data["new_after_months"]
        if months > LONGEST_GONE:
            raise forms.ValidationError(gettext("At most %(most)d months.") % {"most": LONGEST_GONE})
        return months

    def clean(self) -> dict[str, Any]:
        """Ask for a new version where the terms say something else than what was agreed to."""
        cleaned = super().clean() or {}
        says_something_else = "terms_texts" in self.changed_data and "terms_version" not in self.changed_data
        if says_something_else and self.instance.pk and self.instance.referrers.exists():
            self.add_error(
                "terms_version",
                gettext("Somebody has agreed to the terms of this version. Give the new words a version of their own."),
            )
        return cleaned


class TestLetterForm(forms.Form):
    """Where an invitation is sent to try it."""

    to = forms.EmailField(
        label=_("Send it to"), help_text=_("Only there. Nobody is invited by it, and nothing counts.")
    )
    language = forms.ChoiceField(label=_("Language"), choices=lambda: settings.LANGUAGES)


class ReasonForm(forms.Form):
    """Why a referrer is suspended, or takes part again."""

    reason = forms.CharField(label=_("Why"), max_length=200, help_text=_("The referrer is not shown it; the desk is."))


class DecisionForm(forms.Form):
    """What a person found out about a signal."""

    verdict = forms.ChoiceField(
        label=_("What did you find?"),
        widget=forms.RadioSelect,
        choices=[
            ("genuine", _("It is genuine: this signal holds the money no longer")),
            ("fraud", _("It is not genuine: nothing is earned for this referral")),
        ],
    )
    note = forms.CharField(
        label=_("How do you know?"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept with your name."),
    )  # fmt: skip
