"""What is asked about rewards: what holds them, and what payees say and are told."""

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from commissions.models import LONGEST_WORDS
from commissions.states import ClaimWay
from foundation.people.models import User
from interfaces.desk.forms.plain import note_field


class ReleaseForm(forms.Form):
    """Which of the reasons that hold a reward is gone."""

    reason = forms.ChoiceField(label=_("What no longer holds it"))

    def __init__(self, *args: Any, reasons: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = reasons  # type: ignore[attr-defined]


class HandOverDisputeForm(forms.Form):
    """To whom a dispute goes, and with what word."""

    to = forms.TypedChoiceField(label=_("Colleague"), coerce=int)
    note = forms.CharField(
        label=_("Note for them"),
        max_length=LONGEST_WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stands on the dispute. The payee does not read it."),
    )

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.pk: person for person in people}
        choices = [("", _("Choose a colleague")), *((pk, str(person)) for pk, person in self.people.items())]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]

    def clean_to(self) -> User:
        """Return the colleague."""
        return self.people[self.cleaned_data["to"]]


class DisputeWordsForm(forms.Form):
    """What is said to a payee before the answer: a question, or something that shows how it is."""

    key = forms.CharField(max_length=60, widget=forms.HiddenInput)
    text = forms.CharField(
        label=_("Your words"),
        max_length=LONGEST_WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("The payee reads it, word for word: nothing about the friend’s address, bills or payments."),
    )


class AnswerDisputeForm(forms.Form):
    """What is answered to a payee who disputes something."""

    outcome = forms.ChoiceField(
        label=_("Is the payee right?"),
        choices=[
            ("explained", _("No: say why it is as it is")),
            ("upheld", _("Yes: the payee gets something on top")),
        ],
        widget=forms.RadioSelect,
    )
    amount = forms.DecimalField(
        label=_("What the payee gets on top"),
        max_digits=10,
        decimal_places=2,
        min_value=Decimal("0.01"),
        required=False,
        help_text=_(
            "Only where the payee is right: no more than the line itself, or than the rule would have given. It goes into the "
            "next batch, and another person reads it."
        ),
    )
    answer = forms.CharField(
        label=_("Your answer"),
        max_length=LONGEST_WORDS,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("The payee reads it, word for word: nothing about the friend’s address, bills or payments."),
    )

    def __init__(self, *args: Any, may_give: bool = True, **kwargs: Any) -> None:
        """
        Offer what can be answered.

        :param may_give: whether something can be posted for the payee; else the answer is words
        """
        super().__init__(*args, **kwargs)
        if not may_give:
            outcome = cast("forms.ChoiceField", self.fields["outcome"])
            outcome.choices = [("explained", _("In words: nothing can be posted"))]
            outcome.initial = "explained"
            del self.fields["amount"]

    def clean(self) -> dict[str, Any]:
        """Ask for an amount where there is one to be paid, and for none where there is not."""
        answers: dict[str, Any] = super().clean() or self.cleaned_data
        is_upheld = answers.get("outcome") == "upheld"
        if is_upheld and answers.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", _("Enter what the payee gets on top."))
        if answers.get("outcome") == "explained" and answers.get("amount") is not None:
            self.add_error("amount", _("Leave it empty where nothing is added."))
        return answers


class EndClaimForm(forms.Form):
    """What is to be done about a claim that nothing is left to set off against."""

    way = forms.ChoiceField(label=_("What is to be done"), choices=ClaimWay.choices, widget=forms.RadioSelect)
    amount = forms.DecimalField(label=_("Amount"), max_digits=10, decimal_places=2, min_value=Decimal("0.01"))
    reason = forms.CharField(label=_("Why it cannot be set off"), max_length=300)


class DecideClaimForm(forms.Form):
    """Whether somebody else's question about a claim is agreed to."""

    outcome = forms.ChoiceField(
        label=_("Your decision"),
        choices=[("approved", _("I agree")), ("refused", _("The claim stays as it is"))],
        widget=forms.RadioSelect,
    )
    reference = forms.CharField(
        label=_("Number of the charge in the billing system"),
        max_length=100,
        required=False,
        help_text=_("Of what is charged: it is charged there by hand, before you agree."),
    )


class DecideSignalForm(forms.Form):
    """What somebody found out about a signal."""

    outcome = forms.ChoiceField(
        label=_("What did you find?"),
        choices=[("genuine", _("The referral is genuine")), ("fraud", _("It is not genuine: nothing is paid"))],
        widget=forms.RadioSelect,
    )
    note = note_field(_("How do you know?"))
