"""What a referrer types."""

from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Account
from commissions.models import LONGEST_WORDS
from commissions.services.bank import BankDetails, problems_of
from commissions.states import BankAccountKind
from interfaces.selfcare.missing import MISSING_REWARD, Missing
from interfaces.selfcare.ticket_forms import LONGEST_KEY
from referrals.models import LONGEST_NOTE, Programme
from referrals.queries import has_link, is_name
from referrals.services import FriendRow, link_refused, name_refused


class TakePartForm(forms.Form):
    """With which account somebody takes part, and their yes to the terms."""

    account = forms.TypedChoiceField(label=_("Account"), coerce=int, widget=forms.RadioSelect)
    accepted_terms = forms.BooleanField(
        error_messages={"required": _("Tick that you agree to the terms of the program.")}
    )

    def __init__(self, accounts: list[Account], programme: Programme, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["account"].choices = [(account.pk, account.service_address) for account in accounts]  # type: ignore[attr-defined]
        self.fields["account"].initial = accounts[0].pk
        self.fields["accepted_terms"].label = gettext("I agree to the terms of the program, version %(version)s.") % {
            "version": programme.terms_version
        }


class DisputeForm(forms.Form):
    """What is wrong with a line of a statement."""

    key = forms.CharField(max_length=LONGEST_KEY, widget=forms.HiddenInput)
    words = forms.CharField(
        label=_("What is wrong with it?"), max_length=LONGEST_WORDS,
        help_text=_("Say what you expected, and why. Add what shows it: a letter of ours, an offer, a picture."),
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Say what is wrong with it.")},
    )  # fmt: skip

    def __init__(self, *args: Any, is_appeal: bool = False, **options: Any) -> None:
        """
        Ask what is wrong.

        :param is_appeal: we have answered before, and a file that is new is as good as a word
        """
        super().__init__(*args, **options)
        if is_appeal:
            words = self.fields["words"]
            words.label, words.required = gettext("What do we not know yet?"), False
            words.help_text = gettext("Say what is new, or add a file that we have not seen.")


class BankForm(forms.Form):
    """Where somebody is paid. The account number is never shown again, not even at the form that was refused."""

    holder = forms.CharField(
        label=_("Name of the account holder"), max_length=80, help_text=_("As the bank knows it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Enter the name of the account’s holder.")},
    )  # fmt: skip
    is_business = forms.BooleanField(label=_("It is the account of a business"), required=False)
    kind = forms.ChoiceField(
        label=_("Kind of account"), choices=BankAccountKind.choices, initial=BankAccountKind.CHECKING,
        widget=forms.RadioSelect, error_messages={"required": _("Say which kind of account it is.")},
    )  # fmt: skip
    routing_number = forms.CharField(
        label=_("Routing number"), max_length=11,
        help_text=_("Nine digits: the first ones at the bottom of a check, or in your bank’s app."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={"required": _("Enter the routing number of your bank.")},
    )  # fmt: skip
    account_number = forms.CharField(
        label=_("Account number"), max_length=25, help_text=_("4 to 17 digits. Not the number of a card."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={"required": _("Enter the number of your bank account.")},
    )  # fmt: skip
    account_number_again = forms.CharField(
        label=_("Account number once more"), max_length=25,
        help_text=_("A payment to a wrong number may reach somebody else."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={"required": _("Enter the number once more.")},
    )  # fmt: skip

    def clean_routing_number(self) -> str:
        """Leave out the blanks with which people write it."""
        return "".join(str(self.cleaned_data["routing_number"]).split())

    def clean(self) -> dict[str, Any]:
        """Take the account number without blanks, typed twice alike, and say all that cannot be right at once."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, again = ("".join(cleaned.get(name, "").split()) for name in ("account_number", "account_number_again"))
        if first and again and first != again:
            self.add_error("account_number_again", gettext("The two numbers differ."))
        texts = {"holder": "", "routing_number": ""} | cleaned | {"account_number": first}
        for problem in problems_of(_details(texts)):
            if problem.field not in self.errors:
                self.add_error(problem.field, str(problem))
        return cleaned | {"account_number": first}

    @property
    def details(self) -> BankDetails:
        """What was typed, as the service takes it."""
        return _details(self.cleaned_data)


def _details(answers: dict[str, Any]) -> BankDetails:
    return BankDetails(
        routing_number=answers["routing_number"],
        account_number=answers["account_number"],
        kind=BankAccountKind(answers.get("kind", BankAccountKind.CHECKING)),
        holder=answers["holder"],
        is_business=answers.get("is_business", False),
    )


class MissingForm(DisputeForm):
    """For whom a reward is missing, and what the person knows of it."""

    about = forms.ChoiceField(
        label=_("For whom is a reward missing?"), error_messages={
            "required": _("Choose one."),
            "invalid_choice": _("This was asked about meanwhile, or is not yours. Choose another."),
        },
    )  # fmt: skip
    field_order = ("about", "words", "key")

    def __init__(self, *args: Any, choices: list[Missing], wanted: str = "", **options: Any) -> None:
        """
        Ask which of some rewards is missing.

        :param wanted: the id of the friend's referral from which the person comes
        """
        super().__init__(*args, **options)
        self.choices = {one.code: one for one in choices}
        self.fields["about"].choices = [("", _("Choose")), *((one.code, one.label) for one in choices)]  # type: ignore[attr-defined]
        self.initial.setdefault("about", f"{MISSING_REWARD}:{wanted}" if wanted else "")
        words = self.fields["words"]
        words.label = _("What do you know of it?")
        words.help_text = _(
            "Say what you expected, and why. Of somebody who is not in your list: their name, where they live, and when "
            "they ordered. Add what shows it: a message, an order confirmation, a picture."
        )
        words.error_messages["required"] = _("Say what you know of it.")

        words.required = not any(one.is_appeal for one in choices)

    def clean_about(self) -> Missing:
        """Return what is missing."""
        return self.choices[self.cleaned_data["about"]]

    def clean(self) -> dict[str, Any]:
        """Ask for words where we have not answered before: there, a file that is new is as good."""
        cleaned: dict[str, Any] = super().clean() or {}
        about: Missing | None = cleaned.get("about")
        if not cleaned.get("words") and "words" not in self.errors and not (about and about.is_appeal):
            self.add_error("words", str(self.fields["words"].error_messages["required"]))
        return cleaned


class AddToDisputeForm(forms.Form):
    """What a person adds to what they dispute, or answers to a question of ours."""

    key = forms.CharField(max_length=LONGEST_KEY, widget=forms.HiddenInput)
    question = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    """Which question of ours the page showed as open: what was written before another was asked is no answer to it."""
    text = forms.CharField(
        label=_("What would you like to add?"), max_length=LONGEST_WORDS, required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip

    def __init__(self, *args: Any, is_asked: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        if is_asked:
            self.fields["text"].label = _("Your answer")


class FriendForm(forms.Form):
    """One friend to be written to. A row in which nothing is typed is no row."""

    name = forms.CharField(
        label=_("Friend’s name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter your friend’s name.")},
    )  # fmt: skip
    email = forms.EmailField(
        label=_("Friend’s e-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": _("Enter your friend’s e-mail address."),
            "invalid": _("Enter an e-mail address."),
        },
    )  # fmt: skip
    address = forms.CharField(
        label=_("Friend’s street address"), max_length=200, help_text=_("With town or ZIP code. Nobody else sees it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter your friend’s address: we check it before we promise anything.")},
    )  # fmt: skip
    note = forms.CharField(
        label=_("A word from you"), max_length=LONGEST_NOTE, required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    premises_id = forms.IntegerField(label=_("Which address is it?"), required=False, min_value=1, max_value=2**63 - 1)

    def __init__(self, data: Any = None, *, number: int) -> None:
        """
        Make the row of a number.

        :param number: its place on the page, from 1
        """
        super().__init__(data, prefix=f"row-{number}", empty_permitted=True, use_required_attribute=False)
        self.number = number
        self.problem = ""
        self.candidates: tuple[Any, ...] = ()
        """The addresses that may be meant, where what was typed may mean several."""
        counted = {"class": "form-control", "data-count": f"{self['note'].auto_id}_helptext"}
        counted["data-left"] = gettext("0 letters left")
        counted["aria-describedby"] = counted["data-count"]
        self.fields["note"].widget.attrs.update(counted)

    def clean_name(self) -> str:
        """Take a name and nothing else: it stands in a letter that goes out in our name."""
        name: str = self.cleaned_data["name"]
        if not is_name(name):
            raise forms.ValidationError(name_refused())
        return name

    def clean_note(self) -> str:
        """Take a note without addresses: it stands in a letter that goes out in our name."""
        note: str = self.cleaned_data["note"]
        if has_link(note):
            raise forms.ValidationError(link_refused())
        return note

    @property
    def is_filled(self) -> bool:
        """Whether anything was typed in this row."""
        return self.is_bound and self.has_changed()

    @property
    def row(self) -> FriendRow:
        """What was typed, as the service takes it."""
        return FriendRow(**self.cleaned_data)

    @property
    def problems(self) -> list[dict[str, Any]]:
        """All that is to put right in this row, each with the field that it is about."""
        at_fields = [
            {"number": self.number, "text": text, "field": self[name].id_for_label}
            for name, texts in self.errors.items()
            for text in texts
        ]
        whole = {"number": self.number, "text": self.problem, "field": f"id_row-{self.number}_problem"}
        return [*at_fields, whole] if self.problem else at_fields


class CorrectForm(forms.Form):
    """Another e-mail address for a friend whom the first did not reach."""

    email = forms.EmailField(
        label=_("Friend’s e-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": _("Enter your friend’s e-mail address."),
            "invalid": _("Enter an e-mail address."),
        },
    )  # fmt: skip
