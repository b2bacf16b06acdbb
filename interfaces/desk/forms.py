"""What staff fill in."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Customer
from accounts.states import ContactChannel
from billing.states import SubmissionStatus
from commissions.models import LONGEST_WORDS
from commissions.states import ClaimWay, Verdict
from foundation.divisions.models import Division
from foundation.now import today
from foundation.people.models import User
from foundation.people.queries import can, colleagues
from foundation.people.states import Permission
from leads.states import CloseReason
from orders.models import AppointmentSlot, OrderLine
from orders.queries import zone_name
from orders.states import CLOSABLE, CancelReason, HoldReason, LineStatus

LISTS = (
    *("orders", "tickets", "leads", "submissions", "messages", "jobs"),
    *("referrals", "rewards", "payouts", "ledger", "disputes", "claims", "letterbox"),
)


class SaveFilterForm(forms.Form):
    """The name of a filter that is worth keeping."""

    list = forms.ChoiceField(choices=[(name, name) for name in LISTS])
    name = forms.CharField(max_length=60)
    query = forms.CharField(max_length=1000)


class SearchForm(forms.Form):
    """What somebody looks for."""

    q = forms.CharField(required=False, max_length=200)


REMINDERS_AT = time(9)
"""When a reminder is due on its day, in the division's zone: before the first caller."""
HOLD_REASONS = (HoldReason.CUSTOMER_ASKED, HoldReason.TO_CLARIFY)
"""Why a person holds an order; the other reasons are found by rule."""
CANCEL_REASONS = (
    CancelReason.CHANGED_MIND,
    CancelReason.COMPETITOR,
    CancelReason.MOVED,
    CancelReason.TOO_LATE,
    CancelReason.MISTAKE,
)
"""Why customers cancel; the other reasons are our own."""
CLOSE_REASONS = (CancelReason.NOT_INSTALLED, *CANCEL_REASONS)
"""Why an order is closed that could not be installed."""


def _note(label: Any, *, required: bool = True, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label, max_length=500, required=required, help_text=help_text, widget=forms.Textarea(attrs={"rows": 2})
    )


def _reasons(reasons: Iterable[CancelReason]) -> list[tuple[str, Any]]:
    return [("", _("Choose a reason")), *((reason.value, reason.label) for reason in reasons)]


class ResendForm(forms.Form):
    """Why something is asked of a billing system again."""

    reason = _note(_("Reason"), help_text=_("What has changed, or why it is worth another try."))


class SettleForm(forms.Form):
    """What a person found out at the vendor."""

    outcome = forms.ChoiceField(
        label=_("What did you find there?"),
        choices=[
            (SubmissionStatus.CONFIRMED, _("It is there")),
            (SubmissionStatus.REFUSED, _("It is not there, and it will not come")),
        ],
        widget=forms.RadioSelect,
    )
    external_id = forms.CharField(
        label=_("The billing system’s own id"), max_length=100, required=False, help_text=_("Needed where it is there.")
    )
    reason = _note(_("How do you know?"), help_text=_("Whom you asked, or where you looked."))

    def clean(self) -> dict[str, Any]:
        """Ask for the id where there must be one."""
        answers = super().clean() or {}
        if answers.get("outcome") == SubmissionStatus.CONFIRMED and not answers.get("external_id", "").strip():
            self.add_error("external_id", _("Enter the id under which the billing system has it."))
        return answers


LONGEST_RETURN_FILE = 2_000_000
"""Bytes: some fifty thousand transfers."""


class ConfirmForm(forms.Form):
    """Nothing to fill in: the button is the answer."""


class SendAgainForm(forms.Form):
    """To which of the recipient's addresses a message goes once more."""

    to = forms.ChoiceField(label=_("To"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, addresses: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ChoiceField", self.fields["to"])
        field.choices = [(address, address) for address in addresses]
        field.initial = next(iter(field.choices))[0]


class ReasonForm(forms.Form):
    """Why."""

    reason = _note(_("Reason"))


class LookedAtForm(forms.Form):
    """What was found about a returned transfer that was not taken by itself."""

    reason = _note(_("What you have found"))
    is_owed_again = forms.BooleanField(
        label=_("The money is back: it is owed again"),
        help_text=_("Only where the bank’s statement shows that it came back, and the payee has not got it."),
        required=False,
    )

    def __init__(self, *args: Any, may_be_taken: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_be_taken:
            del self.fields["is_owed_again"]


class RescheduleForm(forms.Form):
    """Another slot, by day."""

    slot = forms.ChoiceField(label=_("New appointment"))

    def __init__(self, *args: Any, slots: list[AppointmentSlot], zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slot"].choices = [("", _("Choose a time")), *_by_day(slots, zone)]  # type: ignore[attr-defined]
        if not slots:
            self.fields["slot"].help_text = _("No appointment is free. More slots can be opened in the set-up.")


def _by_day(slots: list[AppointmentSlot], zone: ZoneInfo) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    def day_of(slot: AppointmentSlot) -> Any:
        return slot.starts_at.astimezone(zone).date()

    for day, of_day in groupby(slots, day_of):
        yield date_format(day, "l, F j"), [(str(slot.pk), _window(slot, zone)) for slot in of_day]


def _window(slot: AppointmentSlot, zone: ZoneInfo) -> str:
    start, end = slot.starts_at.astimezone(zone), slot.ends_at.astimezone(zone)
    return gettext("%(day)s, %(start)s to %(end)s") % {
        "day": date_format(start, "D j"),
        "start": time_format(start.time(), "P"),
        "end": f"{time_format(end.time(), 'P')} {zone_name(start)}",
    }


class CorrectForm(forms.Form):
    """How the customer is reached, and what the technician should know."""

    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.CharField(label=_("E-mail"), max_length=254, widget=forms.EmailInput)
    phone = forms.CharField(label=_("Phone"), max_length=40, widget=forms.TextInput(attrs={"type": "tel"}))
    preferred_channel = forms.ChoiceField(label=_("Reach them by"), choices=ContactChannel.choices)
    note = _note(_("Note for the technician"), required=False)
    resend = forms.BooleanField(
        label=_("Where the e-mail address changes, send the confirmation there as well"), required=False, initial=True
    )


class HoldForm(forms.Form):
    """Why an order is stopped, who looks after it and when it is looked at again."""

    reason = forms.ChoiceField(label=_("Reason"), choices=[(reason.value, reason.label) for reason in HOLD_REASONS])
    note = _note(_("What has to be found out or decided"))
    remind_on = forms.DateField(
        label=_("Look at it again on"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    owner = forms.ModelChoiceField(label=_("Looked after by"), queryset=User.objects.none(), empty_label=None)

    def __init__(self, *args: Any, division: Division, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.division = division
        self.fields["remind_on"].initial = today(division) + timedelta(days=1)
        people = colleagues(division, Permission.WORK_ORDERS) | User.objects.filter(pk=user.pk).distinct()
        self.fields["owner"].queryset = people.order_by("name")  # type: ignore[attr-defined]
        self.fields["owner"].initial = user

    def clean_remind_on(self) -> Any:
        """Let nobody be reminded yesterday."""
        day = self.cleaned_data["remind_on"]
        if day < today(self.division):
            raise forms.ValidationError(_("Choose today or a later day."))
        return day

    def clean(self) -> dict[str, Any]:
        """Turn the day into a moment in the division's zone."""
        answers = super().clean() or {}
        if day := answers.get("remind_on"):
            answers["reminder_at"] = datetime.combine(day, REMINDERS_AT, tzinfo=self.division.zone)
        return answers


class CancelForm(forms.Form):
    """Why an order is cancelled, and its number, so that it is this one that is meant."""

    reason = forms.ChoiceField(label=_("Reason"), choices=_reasons(CANCEL_REASONS))
    note = _note(_("Note"), required=False)
    confirmation = forms.CharField(label=_("Order number"), max_length=20)

    def __init__(self, *args: Any, number: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.number = number
        self.fields["confirmation"].help_text = _("Type %(number)s to confirm.") % {"number": number}

    def clean_confirmation(self) -> str:
        """Compare with the order's number."""
        typed: str = self.cleaned_data["confirmation"].strip()
        if typed != self.number:
            raise forms.ValidationError(_("This is not the number of the order that you are about to cancel."))
        return typed


class CloseOrderForm(CancelForm):
    """Why an order is closed that could not be installed, and its number."""

    reason = forms.ChoiceField(label=_("Reason"), choices=_reasons(CLOSE_REASONS))


class CloseRemainderForm(forms.Form):
    """What of an order is waited for no more, and why; what could not be installed is ticked."""

    lines = forms.MultipleChoiceField(
        label=_("Close"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What is still on its way, the billing system is asked to cancel."),
    )
    reason = forms.ChoiceField(label=_("Reason"), choices=_reasons(CLOSE_REASONS))

    def __init__(self, *args: Any, lines: Iterable[OrderLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        left = [line for line in lines if line.status in CLOSABLE]
        field = self.fields["lines"]
        field.choices = [(line.line_id, f"{line}: {line.get_status_display()}") for line in left]  # type: ignore[attr-defined]
        field.initial = [line.line_id for line in left if line.status == LineStatus.FAILED]


class CheckForm(forms.Form):
    """The address that a caller means: as typed, or picked."""

    address = forms.CharField(required=False, max_length=200)
    premises = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    building = forms.CharField(required=False, max_length=120)
    code = forms.CharField(required=False, max_length=20)
    """Of the friend who sent the caller, as they say it."""
    key = forms.CharField(required=False, max_length=80)


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

    text = _note(_("Note"))
    was_reached = forms.BooleanField(label=_("I spoke with them"), required=False)


class CloseForm(forms.Form):
    """Why a lead leads nowhere."""

    reason = forms.ChoiceField(label=_("Reason"), choices=[("", _("Choose a reason")), *CloseReason.choices])


# Payouts and referrals.


class BuildBatchForm(forms.Form):
    """For which market rewards are to be paid: each choice says how many and how much."""

    what = forms.ChoiceField(
        label=_("What is to be paid"), help_text=_("What is paid for a market includes the markets below it.")
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        several = [("", _("Choose a market"))] if len(choices) > 1 else []
        self.fields["what"].choices = [*several, *choices]  # type: ignore[attr-defined]


class CloseMonthForm(forms.Form):
    """Up to which month the ledger of a market takes no more entries."""

    what = forms.ChoiceField(label=_("Close up to the end of"))

    def __init__(self, *args: Any, choices: list[tuple[str, list[tuple[str, str]]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"].choices = [("", _("Choose a month")), *choices]  # type: ignore[attr-defined]


class ReadForm(forms.Form):
    """What an auditor found of a payment."""

    verdict = forms.ChoiceField(
        label=_("What did you find?"),
        choices=[(Verdict.CORRECT, _("It is correct")), (Verdict.WRONG, _("It is wrong: take it out and hold it"))],
        widget=forms.RadioSelect,
    )
    note = _note(_("Note"), required=False, help_text=_("Needed where something is wrong."))

    def clean_note(self) -> str:
        """Keep it as short as its place."""
        note: str = self.cleaned_data["note"]
        return note[:300]


class ApproveForm(forms.Form):
    """The sum that the person saw: if it has changed since, nothing is asked for or approved."""

    shown = forms.DecimalField(max_digits=12, decimal_places=2, widget=forms.HiddenInput)


class PaidFileForm(forms.Form):
    """What the bank's statement shows of a file of transfers."""

    count = forms.IntegerField(label=_("Transfers on the statement"), min_value=0, max_value=999_999)
    total = forms.DecimalField(label=_("Their sum, in US dollars"), min_value=0, max_digits=12, decimal_places=2)
    missed = forms.TypedMultipleChoiceField(
        label=_("Not on the statement"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What you mark is not confirmed, and stays awaited. Leave it empty where all of them are there."),
    )

    def __init__(self, *args: Any, transfers: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["missed"].choices = transfers  # type: ignore[attr-defined]


class ReturnFileForm(forms.Form):
    """A file of transfers that came back, as the bank has given it."""

    file = forms.FileField(
        label=_("Return file"),
        help_text=_("In Nacha format, as the bank gives it. Nothing is taken before you have seen it."),
    )

    def clean_file(self) -> str:
        """Read it: it holds letters and digits alone."""
        upload = self.cleaned_data["file"]
        if upload.size > LONGEST_RETURN_FILE:
            raise forms.ValidationError(_("This file is too long."))
        try:
            return str(upload.read().decode("ascii"))
        except UnicodeDecodeError:
            raise forms.ValidationError(_("This is no file in Nacha format.")) from None


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
    note = _note(_("How do you know?"))


class OpenForMailForm(forms.Form):
    """Whose a message is, where that is known."""

    def __init__(self, *args: Any, customers: QuerySet[Customer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customer"].queryset = customers  # type: ignore[attr-defined]

    customer = forms.ModelChoiceField(
        label=_("Customer"), queryset=Customer.objects.none(), required=False, empty_label=_("Nobody of ours")
    )


class AddMailForm(forms.Form):
    """The ticket that a message belongs to."""

    number = forms.CharField(label=_("Number of the ticket"), max_length=12)
