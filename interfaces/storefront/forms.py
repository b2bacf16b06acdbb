"""What visitors type."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import AgreedText, ContactDetails, read_phone
from accounts.states import ConsentKind
from catalog.queries import ChoiceGroup, Option, PackageOptions, Selection
from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.now import today
from leads.services import LeadDetails
from referrals.models import Programme
from referrals.queries import normalised_code, programme_for
from referrals.queries.landing import is_code_of
from territory.states import ProductFamily

CONSENT_VERSION = "web-1"
"""Changes whenever a word of `CONSENTS` does."""
CONSENTS = {
    ConsentKind.MARKETING_EMAIL: _("Send me offers by e-mail. I can stop them at any time."),
    ConsentKind.MARKETING_TEXT: _(
        "Send me offers by text message, which may be automated. I can stop them at any time; it is no condition of "
        "buying anything."
    ),
}
"""What one may agree to beside an order: each by a tick of its own, none ticked beforehand."""


class AddressForm(forms.Form):
    """An address as typed, or as picked from what was found for it."""

    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    premises_id = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    building = forms.CharField(required=False, max_length=60)
    is_none = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not any(cleaned.get(name) for name in ("address", "premises_id", "building")):
            self.add_error("address", _("Type your street address."))
        return cleaned


def phone_as_typed(typed: str) -> str:
    """
    Check a phone number as a field's own answer, so that it is told together with all else that is wrong.

    :raises ValidationError: if it is none
    """
    try:
        read_phone(typed)
    except NotAllowed as refusal:
        raise forms.ValidationError(str(refusal), code=refusal.code) from None
    return typed


TELL_ME_VERSION = "tell-me-1"
"""Changes whenever a word of `TELL_ME` does."""
TELL_ME = _("You may write to me or call me about service at this address, and about nothing else.")


class TellMeForm(forms.Form):
    """How to reach somebody who cannot order yet."""

    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=_("E-mail"), required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"invalid": _("Enter an e-mail address.")},
    )  # fmt: skip
    phone = forms.CharField(
        label=_("Phone"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    agree = forms.BooleanField(
        label=TELL_ME, error_messages={"required": _("Without your yes we may not write to you.")}
    )
    details: LeadDetails

    def clean_phone(self) -> str:
        """Read the phone number, if there is one."""
        typed: str = self.cleaned_data["phone"]
        return phone_as_typed(typed) if typed else ""

    def clean(self) -> dict[str, Any]:
        """Read the details as leads keep them; a missing yes keeps nothing else from being said."""
        cleaned = super().clean() or {}
        if not {"name", "email", "phone"} & self.errors.keys():
            try:
                self.details = LeadDetails.typed(**{name: cleaned[name] for name in ("name", "email", "phone")})
            except NotAllowed as refusal:
                self.add_error(refusal.field or None, str(refusal))
        return cleaned

    @property
    def agreed(self) -> AgreedText:
        """The sentence that was ticked, as it was shown."""
        return AgreedText(kind=ConsentKind.NOTIFY.value, text_version=TELL_ME_VERSION, text=str(TELL_ME))


class DetailsForm(forms.Form):
    """Who orders, how to reach them, and what they agree to beside the order."""

    name = forms.CharField(
        label=_("Full name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Enter your name.")},
    )  # fmt: skip
    email = forms.EmailField(
        label=_("E-mail"), help_text=_("Your confirmation goes there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": _("Enter your e-mail address."), "invalid": _("Enter an e-mail address.")},
    )  # fmt: skip
    phone = forms.CharField(
        label=_("Phone"), max_length=30, help_text=_("The technician calls it on the way."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        error_messages={"required": _("Enter your phone number.")},
    )  # fmt: skip
    billing_address = forms.CharField(
        label=_("Billing address"), max_length=250, required=False, help_text=_("Only if it is another one."),
        widget=forms.TextInput(attrs={"autocomplete": "billing street-address"}),
    )  # fmt: skip
    note = forms.CharField(
        label=_("Note for the technician"), max_length=500, required=False,
        help_text=_("A gate code, a dog, where to park."), widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    code = forms.CharField(
        label=_("Who sent you?"), max_length=20, required=False,
        help_text=_("The code that a friend gave you. They see your first name and how far your order is, nothing else."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )  # fmt: skip
    details: ContactDetails

    def __init__(self, *args: Any, division: Division, has_code: bool = False, **options: Any) -> None:
        """
        Add a tick for each thing that one may agree to, and ask for a code where customers can bring friends.

        :param division: the order's
        :param has_code: whether the order came with a code, which is then shown in any case
        """
        super().__init__(*args, **options)
        self.division = division
        if not has_code and programme_for(division, today(division)) is None:
            del self.fields["code"]
        for kind, text in CONSENTS.items():
            self.fields[kind.value] = forms.BooleanField(label=text, required=False)

    def clean(self) -> dict[str, Any]:
        """Read the details as the accounts keep them."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        named = {name: cleaned[name] for name in ("name", "email", "phone", "billing_address")}
        try:
            self.details = replace(ContactDetails.typed(**named), agreed=tuple(self._agreed(cleaned)))
        except NotAllowed as refusal:
            self.add_error(refusal.field or None, str(refusal))
        return cleaned

    def clean_phone(self) -> str:
        """Read the phone number; a wrong one is told whatever else is wrong."""
        return phone_as_typed(self.cleaned_data["phone"])

    def clean_code(self) -> str:
        """Read a code however it is typed; a wrong one is said here, as nobody else can mend it."""
        code = normalised_code(self.cleaned_data["code"])
        if code and not is_code_of(code, self.division):
            raise forms.ValidationError(
                _("We do not know this code. Look at its letters again, or leave it empty: you can order without one.")
            )
        return code

    def consents(self) -> list[forms.BoundField]:
        """Return the ticks, apart from the questions."""
        return [self[kind.value] for kind in CONSENTS]

    @staticmethod
    def _agreed(cleaned: Mapping[str, Any]) -> Iterator[AgreedText]:
        for kind, text in CONSENTS.items():
            if cleaned[kind.value]:
                yield AgreedText(kind=kind.value, text_version=CONSENT_VERSION, text=str(text))

    @staticmethod
    def filled_from(details: ContactDetails, note: str, code: str) -> dict[str, Any]:
        """Return the form's values for what was typed before."""
        typed = {name: getattr(details, name) for name in ("name", "email", "phone", "billing_address")}
        return {**typed, "note": note, "code": code, **{text.kind: True for text in details.agreed}}


class TakePartForm(forms.Form):
    """Which account is somebody's, how we know that it is, and their yes to the programme's terms."""

    account_number = forms.CharField(
        label=_("Account number"), max_length=20, help_text=_("It stands at the top of your bill."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={"required": _("Enter your account number.")},
    )  # fmt: skip
    verifier = forms.CharField(
        label=_("E-mail address or phone number"), max_length=254, help_text=_("As we have it for this account."),
        widget=forms.TextInput(attrs={"autocomplete": "email"}),
        error_messages={"required": _("Enter the e-mail address or the phone number that we have for you.")},
    )  # fmt: skip
    accepted_terms = forms.BooleanField(
        error_messages={"required": _("Tick that you agree to the terms of the program.")}
    )

    def __init__(self, programme: Programme, *args: Any, **options: Any) -> None:
        """Name the version of the terms that is agreed to."""
        super().__init__(*args, **options)
        self.fields["accepted_terms"].label = gettext("I agree to the terms of the program, version %(version)s.") % {
            "version": programme.terms_version
        }


def title_of(group: ChoiceGroup) -> str:
    """Say what is to be chosen from a group."""
    family = ProductFamily(group.options[0].product.family) if group.options else ProductFamily.EQUIPMENT
    return gettext("%(family)s: choose one") % {"family": family.label}


class OptionsForm(forms.Form):
    """A choice for each group of a package, and a number of each add-on."""

    def __init__(self, options: PackageOptions, chosen: Selection, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.options, self.chosen = options, chosen
        for group in options.choices:
            self.fields[self.name_of(group)] = forms.ChoiceField(
                label=title_of(group), choices=[(one.product.code, str(one.product.names)) for one in group.options]
            )
        for option in options.add_ons:
            self.fields[self.name_of(option)] = forms.IntegerField(
                label=str(option.product.names), required=False, min_value=option.minimum, max_value=option.maximum,
                error_messages={
                    "invalid": _("Enter a number."),
                    "min_value": _("You need at least %(limit_value)s."),
                    "max_value": _("You can have at most %(limit_value)s."),
                },
            )  # fmt: skip

    @staticmethod
    def name_of(part: ChoiceGroup | Option) -> str:
        """Return the name of the field for a group or an add-on."""
        return f"choice-{part.code}" if isinstance(part, ChoiceGroup) else f"addon-{part.product.code}"

    @property
    def selection(self) -> Selection:
        """What was chosen."""
        add_ons = {option.product.code: self.cleaned_data[self.name_of(option)] for option in self.options.add_ons}
        return Selection(
            package_code=self.options.package.code,
            choices={group.code: self.cleaned_data[self.name_of(group)] for group in self.options.choices},
            add_ons={code: quantity for code, quantity in add_ons.items() if quantity},
        )

    def refuse(self, refusal: NotAllowed) -> None:
        """Show why a selection cannot be had beside the part that it is about."""
        names = (f"choice-{refusal.field}", f"addon-{refusal.field}")
        self.add_error(next((name for name in names if name in self.fields), None), str(refusal))

    def taken(self, group: ChoiceGroup) -> str:
        """Return the product of a group that is chosen at the moment."""
        return self._sent(self.name_of(group)) or self.chosen.choices.get(group.code, group.preselected)

    def quantity(self, option: Option) -> int:
        """Return how many of an add-on are chosen at the moment."""
        if not self.is_bound:
            return self.chosen.add_ons.get(option.product.code, 0)
        sent = self._sent(self.name_of(option))
        return int(sent) if sent.isdecimal() else 0

    def _sent(self, name: str) -> str:
        return str(self.data.get(name, ""))[:10] if name.startswith("addon-") else str(self.data.get(name, ""))


class TermsForm(forms.Form):
    """The customer's yes to the terms that stand above it."""

    agree = forms.BooleanField(error_messages={"required": _("Tick that you agree, or go back.")})
    terms = forms.IntegerField(widget=forms.HiddenInput)
    shown = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    """The mark of the cart that stood beside the terms."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["agree"].label = gettext("I have read the terms and agree to them.")


class SlotForm(forms.Form):
    """A window for the technician's visit."""

    slot = forms.IntegerField(label=_("Appointment"), error_messages={"required": _("Choose a time.")})
