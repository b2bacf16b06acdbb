"""What operators fill in to compose a rule: conditions in rows, promises in steps, everything in their own words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import BaseFormSet, formset_factory
from django.utils.translation import gettext as _, gettext_lazy

from catalog.states import Comparison as ComparisonInWords
from commissions.models import FARTHEST, RewardTerm, Rule, RuleVersion, why_not_promised
from commissions.queries.facts import FACTS, FREE_TEXT, vocabulary
from commissions.queries.rules import conditions_of, only_in
from commissions.services.rules import TermDescription, Wording
from commissions.states import CASH_CURRENCY, Basis, RewardForm, Side
from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.rules import Comparison, Criterion, CriterionStep, Group, GroupStep, InvalidRule, Kind, RuleSet
from territory.states import ProductFamily

if TYPE_CHECKING:
    RuleModelForm = forms.ModelForm[Rule]
    VersionModelForm = forms.ModelForm[RuleVersion]
    Conditions = BaseFormSet["ConditionForm"]
else:
    RuleModelForm = VersionModelForm = forms.ModelForm
    Conditions = BaseFormSet

INCLUDES, LACKS = "includes", "lacks"
"""What is asked of a fact that is a list."""
HOW = [
    ("", "—"),
    *((one.value, one.label) for one in ComparisonInWords if one != ComparisonInWords.CONTAINS),
    (INCLUDES, gettext_lazy("include")),
    (LACKS, gettext_lazy("do not include")),
]
LETTERS = "ABCDEF"
IF_UNKNOWN = [
    (CriterionStep.GROUP_FALSE.value, gettext_lazy("it is not true")),
    (CriterionStep.NEXT.value, gettext_lazy("pass over it")),
]
SEVERAL = frozenset({Comparison.IN, Comparison.NOT_IN, Comparison.BETWEEN})
YES = {"yes": "true", "true": "true", "no": "false", "false": "false"}
EMPTY_ROWS = 3
STEPS = 3
"""Steps by count that a promise can have on the page."""


class RuleForm(RuleModelForm):
    """A rule's name and place."""

    class Meta:
        model = Rule
        fields = ("names", "code", "division", "programme", "priority")


# For which orders. -------------------------------------------------------------------------------------------------


class ConditionForm(forms.Form):
    """One condition: what, how compared, with what."""

    letter = forms.ChoiceField(label=gettext_lazy("Together"), choices=[(one, one) for one in LETTERS], initial="A")
    fact = forms.ChoiceField(
        label=gettext_lazy("What"),
        choices=lambda: [("", "—"), *((name, fact.label) for name, fact in FACTS.items())],
        required=False,
    )
    how = forms.ChoiceField(label=gettext_lazy("How"), choices=HOW, required=False)
    value = forms.CharField(label=gettext_lazy("Value"), max_length=300, required=False)
    if_unknown = forms.ChoiceField(label=gettext_lazy("If it is not known"), choices=IF_UNKNOWN)

    def __init__(self, *args: Any, words: Mapping[str, Mapping[str, str]], **kwargs: Any) -> None:
        """
        Give every field the name that stands above its column.

        :param words: the `vocabulary` of the rule's division
        """
        super().__init__(*args, **kwargs)
        self.words = words
        self.fields["value"].widget.attrs["list"] = "known-values"
        for name in self.fields:
            self.fields[name].widget.attrs["aria-label"] = str(self.fields[name].label)

    def clean(self) -> dict[str, Any]:
        """Read the row as a criterion; a row in which nothing is chosen says nothing."""
        cleaned = super().clean() or {}
        fact, how = cleaned.get("fact"), cleaned.get("how")
        cleaned["criterion"] = None
        if not fact and not how and not cleaned.get("value"):
            return cleaned
        if not fact or not how:
            raise ValidationError(_("Choose what is compared, and how."))
        try:
            cleaned["criterion"] = self._criterion(fact, how, cleaned.get("value", ""), cleaned.get("if_unknown", ""))
        except (InvalidRule, ValidationError) as error:
            self.add_error("value", error.messages[0] if isinstance(error, ValidationError) else str(error))
        return cleaned

    def _criterion(self, name: str, how: str, typed: str, if_unknown: str) -> Criterion:
        fact = FACTS[name]
        self._refuse_other_comparisons(name, how)
        comparison = Comparison.CONTAINS if how in {INCLUDES, LACKS} else Comparison(how)
        parts = typed.split(",") if comparison in SEVERAL else [typed]
        values = tuple(self._value(name, part.strip()) for part in parts if part.strip())
        steps: dict[str, CriterionStep] = {"if_insufficient": CriterionStep(if_unknown)}
        if how == LACKS:
            steps |= {"if_true": CriterionStep.GROUP_FALSE, "if_false": CriterionStep.NEXT}
        return Criterion(
            fact=name,
            kind=fact.kind,
            comparison=comparison,
            values=() if comparison is Comparison.PRESENT else values,
            **steps,
        )

    def _refuse_other_comparisons(self, name: str, how: str) -> None:
        fact = FACTS[name]
        fitting = [INCLUDES, LACKS, Comparison.PRESENT.value] if fact.is_several else _fitting(fact.kind)
        if how not in fitting:
            said = ", ".join(f"“{label}”" for value, label in HOW if value in fitting)
            raise ValidationError(
                _("Of “%(fact)s” one can ask: %(comparisons)s.") % {"fact": fact.label, "comparisons": said}
            )

    def _value(self, name: str, typed: str) -> str:
        """Return the code that stands for what was typed: a code or a name, in any case."""
        fact = FACTS[name]
        if fact.kind is Kind.FLAG:
            known: Mapping[str, str] = {**YES, _("yes"): "true", _("no"): "false"}
            if (code := known.get(typed.lower())) is None:
                raise ValidationError(_("Write yes or no."))
            return code
        if fact.kind is Kind.NUMBER:
            return typed.replace("$", "").strip()
        if name in FREE_TEXT:
            return typed
        labels = self.words[name]
        for code, label in labels.items():
            if typed.casefold() in {code.casefold(), label.casefold()}:
                return code
        some = ", ".join(list(labels.values())[:8]) or _("none")
        raise ValidationError(_("“%(typed)s” is not known. Known are: %(some)s …") % {"typed": typed, "some": some})


def _fitting(kind: Kind) -> list[str]:
    ordered = [Comparison.AT_LEAST, Comparison.AT_MOST, Comparison.GREATER, Comparison.LESS, Comparison.BETWEEN]
    plain = [Comparison.EQUAL, Comparison.NOT_EQUAL, Comparison.PRESENT]
    listed = [Comparison.IN, Comparison.NOT_IN]
    fitting = {Kind.NUMBER: [*ordered, *plain], Kind.FLAG: plain}.get(kind, [*plain, *listed])
    return [comparison.value for comparison in fitting]


class BaseConditions(Conditions):
    """All conditions of a version: those of one letter must all be true, and one letter is enough."""

    def rule(self) -> RuleSet:
        """Return the conditions as a rule; without any it holds for every order."""
        letters: dict[str, list[Criterion]] = {}
        for row in sorted(self.cleaned_data, key=lambda row: row.get("letter", "")):
            if row.get("criterion") and not row.get("DELETE"):
                letters.setdefault(row["letter"], []).append(row["criterion"])
        groups = tuple(
            Group(criteria=tuple(criteria), if_true=GroupStep.HOLDS, if_false=GroupStep.NEXT, name=letter)
            for letter, criteria in letters.items()
        )
        return RuleSet(groups=groups, otherwise=not groups)

    def add_fields(self, form: ConditionForm, index: int | None) -> None:
        """Name the box that takes a row out."""
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = _("Take out")
            form.fields["DELETE"].widget.attrs["aria-label"] = _("Take out this condition")


ConditionFormSet = formset_factory(
    ConditionForm, formset=BaseConditions, extra=EMPTY_ROWS, can_delete=True, max_num=40, validate_max=True
)


def rows_of(version: RuleVersion, words: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """Return a version's conditions as the rows of the page."""
    return [
        {
            "letter": LETTERS[place % len(LETTERS)],
            "fact": criterion.fact,
            "how": _how(criterion),
            "value": ", ".join(_shown(criterion, value, words) for value in criterion.values),
            "if_unknown": criterion.if_insufficient.value,
        }
        for place, group in enumerate(conditions_of(version).groups)
        for criterion in group.criteria
    ]


def _how(criterion: Criterion) -> str:
    if criterion.comparison is Comparison.CONTAINS:
        return LACKS if criterion.if_true is CriterionStep.GROUP_FALSE else INCLUDES
    return criterion.comparison.value


def _shown(criterion: Criterion, value: str, words: Mapping[str, Mapping[str, str]]) -> str:
    if criterion.kind is Kind.FLAG:
        return _("yes") if value == "true" else _("no")
    label = words.get(criterion.fact, {}).get(value, value)
    return value if "," in label else label


def known_values(words: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    """Return what may be typed as a value, each with what it is: for the list that the field suggests from."""
    return [(label, str(FACTS[name].label)) for name, labels in words.items() for label in labels.values()]


# What each side gets. ----------------------------------------------------------------------------------------------

NOTHING, FREE = "", RewardForm.FREE_MONTH.value
IN_CASH = f"{RewardForm.CASH}:"
"""What stands before the basis of what is paid in cash: `cash:flat`."""
GETS = [
    (NOTHING, gettext_lazy("nothing")),
    (Basis.FLAT.value, gettext_lazy("a bill credit of a fixed amount")),
    (Basis.PERCENT_MONTHLY.value, gettext_lazy("a bill credit: percent of the friend's monthly charges")),
    (Basis.PERCENT_ONE_TIME.value, gettext_lazy("a bill credit: percent of the friend's one-time charges")),
    (Basis.PERCENT_CASH.value, gettext_lazy("a bill credit: percent of what the friend pays in cash, before tax")),
    (Basis.MARGIN_MONTHLY.value, gettext_lazy("a bill credit: percent of the monthly margin on the friend's order")),
    (Basis.MARGIN_ONE_TIME.value, gettext_lazy("a bill credit: percent of the one-time margin on the friend's order")),
    (FREE, gettext_lazy("a free month")),
    (IN_CASH + Basis.FLAT, gettext_lazy("a bank transfer of a fixed amount")),
    (IN_CASH + Basis.PERCENT_MONTHLY, gettext_lazy("a bank transfer: percent of the friend's monthly charges")),
    (IN_CASH + Basis.PERCENT_ONE_TIME, gettext_lazy("a bank transfer: percent of the friend's one-time charges")),
    (
        IN_CASH + Basis.PERCENT_CASH,
        gettext_lazy("a bank transfer: percent of what the friend pays in cash, before tax"),
    ),
    (
        IN_CASH + Basis.MARGIN_MONTHLY,
        gettext_lazy("a bank transfer: percent of the monthly margin on the friend's order"),
    ),
    (
        IN_CASH + Basis.MARGIN_ONE_TIME,
        gettext_lazy("a bank transfer: percent of the one-time margin on the friend's order"),
    ),
]


MONTHLY_SERVICES = [one for one in ProductFamily.choices if one[0] != ProductFamily.INSTALLATION]
"""What a customer may pay for each month."""


def _basis_of(gets: str | None) -> str:
    return (gets or "").removeprefix(IN_CASH)


class TermForm(forms.Form):
    """What one side gets, with up to three steps by count."""

    gets = forms.ChoiceField(label=gettext_lazy("Gets"), choices=GETS, required=False)
    value = forms.DecimalField(
        label=gettext_lazy("How much"), required=False, min_value=Decimal("0.01"), max_digits=9, decimal_places=3,
        help_text=gettext_lazy(
            "An amount of money, or a percentage, as chosen above. Empty for a free month: it is what they pay then."
        ),
    )  # fmt: skip

    families = forms.MultipleChoiceField(
        label=gettext_lazy("Which services are free"), choices=MONTHLY_SERVICES, required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Of a free month. None ticked: all that they pay for each month."),
    )  # fmt: skip

    def __init__(self, data: Any, *, side: Side, initial: dict[str, Any], currency: str = CASH_CURRENCY) -> None:
        """
        Add the steps.

        :param currency: in which the version is written
        """
        super().__init__(data, prefix=str(side), initial=initial)
        self.side, self.currency = side, currency
        for step in range(1, STEPS + 1):
            self.fields[f"from_{step}"] = forms.IntegerField(
                label=_("from their reward number"), required=False, min_value=2, max_value=1000
            )
            self.fields[f"value_{step}"] = forms.DecimalField(
                label=_("this much instead"),
                required=False,
                min_value=Decimal("0.01"),
                max_digits=9,
                decimal_places=3,
            )

    @property
    def title(self) -> str:
        """Whom it is for."""
        return _("The referrer gets") if self.side == Side.REFERRER else _("The friend gets")

    def steps(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return the two fields of each step, for the template."""
        return [(self[f"from_{step}"], self[f"value_{step}"]) for step in range(1, STEPS + 1)]

    def clean(self) -> dict[str, Any]:
        """Ask for an amount where one is needed, and for both halves of a step."""
        cleaned = super().clean() or {}
        gets = cleaned.get("gets")
        if gets not in {NOTHING, FREE} and not cleaned.get("value") and "value" not in self.errors:
            self.add_error("value", _("Say how much."))
        if gets in {NOTHING, FREE} and cleaned.get("value"):
            self.add_error("value", _("Leave this empty, or choose a bill credit."))
        if gets and gets.startswith(IN_CASH) and self.currency != CASH_CURRENCY:
            self.add_error("gets", only_in(CASH_CURRENCY))
        if gets != FREE and cleaned.get("families"):
            self.add_error("families", _("Tick none, or choose a free month."))
        for step in range(1, STEPS + 1):
            halves = cleaned.get(f"from_{step}"), cleaned.get(f"value_{step}")
            if any(halves) and not all(halves):
                self.add_error(f"value_{step}", _("A step needs both: from which reward on, and how much."))
        self._refuse_what_cannot_be_paid(cleaned, _basis_of(gets))
        return cleaned

    def _refuse_what_cannot_be_paid(self, cleaned: Mapping[str, Any], basis: str) -> None:
        """Ask of each step what is asked of the first value."""
        for name in ("value", *(f"value_{step}" for step in range(1, STEPS + 1))):
            much = cleaned.get(name)
            if basis in Basis.values and much and (reason := why_not_promised(basis, much)):
                self.add_error(name, reason)

    def description(self) -> TermDescription | None:
        """Return what was filled in; None for nothing."""
        gets, value = self.cleaned_data["gets"], self.cleaned_data["value"]
        if gets == NOTHING:
            return None
        if gets == FREE:
            families = tuple(self.cleaned_data["families"])
            return TermDescription(side=self.side, form=RewardForm.FREE_MONTH, families=families)
        basis = Basis(_basis_of(gets))
        is_flat = basis == Basis.FLAT
        return TermDescription(
            side=self.side,
            form=RewardForm.CASH if gets.startswith(IN_CASH) else RewardForm.BILL_CREDIT,
            basis=basis,
            amount=value if is_flat else None,
            percent=None if is_flat else value,
            tiers=tuple(self._tiers()),
        )

    def _tiers(self) -> Iterable[tuple[int, Decimal]]:
        for step in range(1, STEPS + 1):
            if first := self.cleaned_data[f"from_{step}"]:
                yield first, self.cleaned_data[f"value_{step}"]

    @classmethod
    def initial_of(cls, term: RewardTerm | None) -> dict[str, Any]:
        """Return a term as the fields show it."""
        if term is None:
            return {"gets": NOTHING}
        gets = {RewardForm.FREE_MONTH.value: FREE, RewardForm.CASH.value: IN_CASH + term.basis}.get(
            term.form, term.basis
        )
        value = term.amount if term.basis == Basis.FLAT else term.percent
        values: dict[str, Any] = {"gets": gets, "value": value, "families": term.families}
        for step, (first, value) in enumerate(term.tiers[:STEPS], start=1):
            values |= {f"from_{step}": first, f"value_{step}": value}
        return values


# The rest. ---------------------------------------------------------------------------------------------------------


LONGEST_WATCH_DAYS = 1830
"""Days after installation, five years, until which a reward may be taken back."""


class VersionForm(VersionModelForm):
    """When a reward is earned, when it is taken back, and how much is given at the most."""

    class Meta:
        model = RuleVersion
        fields = (
            "reason",
            *("wait_count", "wait_unit", "bills_needed", "days_late_allowed", "weekend_moves_due_date"),
            *("must_be_active", "months_to_qualify"),
            *("clawback_full_days", "clawback_none_days"),
            *("budget", "most_per_month", "most_per_year", "most_ever"),
        )
        help_texts = {  # noqa: RUF012  # Django's own way to say it
            "reason": gettext_lazy("In a few words, for whoever approves it."),
            "wait_count": gettext_lazy(
                "Counted from the day on which the friend's service works. “3 months” ends on the same day of the month."
            ),
            "weekend_moves_due_date": gettext_lazy("A bill that is due on a Saturday or Sunday is due on the Monday."),
            "budget": gettext_lazy(
                "Of the rule, over all payees and all its versions: what earlier ones have given counts. Empty: without limit."
            ),
            "must_be_active": gettext_lazy("On the day on which the reward would be earned."),
            "most_per_month": gettext_lazy(
                "That one customer gets, by the day of installation. What is beyond says so and is not paid. Empty: any."
            ),
            "most_per_year": gettext_lazy("The same in a calendar year. Empty: any."),
            "most_ever": gettext_lazy("The same in all. Empty: any."),
        }

    def clean_clawback_none_days(self) -> int:
        """Refuse to watch a friend for longer than anybody would remember what was promised."""
        days: int = self.cleaned_data["clawback_none_days"]
        if days > LONGEST_WATCH_DAYS:
            raise ValidationError(_("At most %(most)d days.") % {"most": LONGEST_WATCH_DAYS})
        return days

    earning = ("wait_count", "wait_unit", "bills_needed", "days_late_allowed", "weekend_moves_due_date",
               "must_be_active", "months_to_qualify")  # fmt: skip
    taking_back = ("clawback_full_days", "clawback_none_days")
    limits = ("budget", "most_per_month", "most_per_year", "most_ever")

    def section(self, names: Sequence[str]) -> list[forms.BoundField]:
        """Return some of the fields, for the template."""
        return [self[name] for name in names]


@dataclass
class Composer:
    """The forms of one page, read and checked together."""

    version: VersionForm
    conditions: BaseConditions
    terms: list[TermForm]
    known: list[tuple[str, str]]

    @classmethod
    def of(cls, version: RuleVersion, data: Any = None) -> "Composer":
        """Build the page of a version, filled with what it says or with what was sent."""
        words = vocabulary(version.rule.division)
        promised = {term.side: term for term in version.terms.all()}
        formset: Any = ConditionFormSet
        return cls(
            version=VersionForm(data, instance=version),
            conditions=formset(
                data, prefix="conditions", initial=rows_of(version, words), form_kwargs={"words": words}
            ),
            terms=[
                TermForm(
                    data,
                    side=side,
                    initial=TermForm.initial_of(promised.get(side)),
                    currency=version.currency,
                )
                for side in Side
            ],
            known=known_values(words),
        )

    @property
    def earning(self) -> list[forms.BoundField]:
        """The fields of when it is earned."""
        return self.version.section(VersionForm.earning)

    @property
    def taking_back(self) -> list[forms.BoundField]:
        """The fields of when it is taken back."""
        return self.version.section(VersionForm.taking_back)

    @property
    def limits(self) -> list[forms.BoundField]:
        """The fields of how much is given at the most."""
        return self.version.section(VersionForm.limits)

    def is_valid(self) -> bool:
        """Tell whether everything could be read; each part says itself what could not."""
        parts = [self.version.is_valid(), self.conditions.is_valid(), *(term.is_valid() for term in self.terms)]
        return all(parts)

    def add_refusal(self, refusal: NotAllowed) -> None:
        """Say a refusal of the service at the field, or the side, that it names."""
        for term in self.terms:
            if refusal.field == term.side:
                term.add_error(None, str(refusal))
                return
        self.version.add_error(refusal.field if refusal.field in self.version.fields else None, str(refusal))

    def wording(self) -> Wording:
        """Return what was composed."""
        rule = self.conditions.rule()
        terms = tuple(found for term in self.terms if (found := term.description()))
        values = {name: self.version.cleaned_data[name] for name in VersionForm.Meta.fields}
        return Wording(values={**values, "conditions": rule.as_json() if rule.groups else {}}, terms=terms)


class ApprovalForm(forms.Form):
    """From when an approved version counts, and what the approving person read."""

    shown = forms.CharField(required=False, widget=forms.HiddenInput)
    """Without it the service refuses."""

    effective_from = forms.DateTimeField(
        label=gettext_lazy("In force from"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy(
            "By the clocks of the rule's market. Empty: at once. It counts for orders from then on."
        ),
    )

    def __init__(self, *args: Any, division: Division, **kwargs: Any) -> None:
        """Read times by the clocks of a division."""
        super().__init__(*args, **kwargs)
        self.division = division

    def clean_effective_from(self) -> datetime | None:
        """Take what was typed for the division's own time."""
        typed: datetime | None = self.cleaned_data["effective_from"]
        if typed is None:
            return None
        moment = typed.replace(tzinfo=self.division.zone)
        if moment < now():
            raise ValidationError(_("This moment has passed. Leave it empty to put the version in force at once."))
        if moment - now() > FARTHEST:
            raise ValidationError(_("This moment lies more than ten years ahead."))
        return moment
