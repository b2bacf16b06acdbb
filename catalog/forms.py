"""What operators fill in beyond a row's own fields."""

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from io import StringIO
from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy as _

from catalog.models import Campaign, EligibilityCriterion, Product
from catalog.services import CostDescription
from catalog.states import ANSWER_PREFIX, FACTS, CustomerClass, PriceKind
from foundation.divisions.models import Division
from foundation.moments import require_meant
from foundation.now import today
from foundation.people.models import User
from foundation.people.queries import divisions_where, divisions_within_sight
from foundation.people.states import Permission
from territory.states import Technology


class ProductForm(forms.ModelForm[Product]):
    """A product; technologies are ticked."""

    technologies = forms.MultipleChoiceField(
        label=_("Technologies needed"),
        choices=Technology.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Any one of these will do. None: whatever the address has."),
    )

    class Meta:
        model = Product
        fields = (
            "names",
            "descriptions",
            "family",
            "code",
            "division",
            "down_mbps",
            "up_mbps",
            "data_allowance_gb",
            "technologies",
            "minimum_down_mbps",
            "minimum_up_mbps",
        )


class CampaignForm(forms.ModelForm[Campaign]):
    """A campaign; customer classes are ticked."""

    customer_classes = forms.MultipleChoiceField(
        label=_("Customer classes"),
        choices=CustomerClass.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=list(CustomerClass.values),
        help_text=_("Who may have it."),
    )

    class Meta:
        model = Campaign
        fields = (
            "names",
            "code",
            "division",
            "is_dummy",
            "customer_classes",
            "starts_on",
            "ends_on",
            "priority",
            "eligible_otherwise",
        )


class CriterionForm(forms.ModelForm[EligibilityCriterion]):
    """A criterion; the facts that there are stand to choose from, an answer is typed beside them."""

    fact = forms.ChoiceField(
        label=_("Fact"),
        choices=lambda: [*((name, fact.label) for name, fact in FACTS.items()), ("", _("the answer to …"))],
        required=False,
    )
    question = forms.SlugField(
        label=_("… question"), max_length=60, required=False, help_text=_("The question's code, if it is an answer.")
    )
    values = SimpleArrayField(
        forms.CharField(max_length=120),
        label=_("Values"),
        required=False,
        help_text=_("Several are separated by commas: the two ends of “is between”, the members of “is one of”."),
    )

    class Meta:
        model = EligibilityCriterion
        fields = (
            "position",
            "fact",
            "question",
            "kind",
            "comparison",
            "values",
            "if_true",
            "if_false",
            "if_insufficient",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take an answer's fact apart."""
        super().__init__(*args, **kwargs)
        if self.instance.fact.startswith(ANSWER_PREFIX):
            self.initial.update(fact="", question=self.instance.fact.removeprefix(ANSWER_PREFIX))

    def clean(self) -> dict[str, Any]:
        """Put an answer's fact together."""
        cleaned = super().clean() or {}
        question = cleaned.get("question")
        if bool(question) == bool(cleaned.get("fact")):
            raise forms.ValidationError(_("Choose a fact, or name the question whose answer counts."))
        if question:
            cleaned["fact"] = f"{ANSWER_PREFIX}{question}"
        return cleaned


class NewPriceForm(forms.Form):
    """A price from a day on."""

    division = forms.ModelChoiceField(
        Division.objects.none(),
        label=_("Division"),
        help_text=_("It holds here and below, unless a division below has its own."),
    )
    kind = forms.ChoiceField(label=_("Paid"), choices=PriceKind.choices)
    amount = forms.DecimalField(
        label=_("Amount"), min_value=0, max_digits=12, decimal_places=2, help_text=_("In the division's currency.")
    )
    starts_on = forms.DateField(
        label=_("From"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_(
            "Today or later. The present price ends the day before. What was ordered keeps its price; a cart that is "
            "still open is quoted anew, and says so."
        ),
    )

    def __init__(self, *args: Any, user: User, product: Product, **kwargs: Any) -> None:
        """Offer the divisions that the person configures and that sell the product."""
        super().__init__(*args, **kwargs)
        mine = divisions_where(user, Permission.CONFIGURE) & Division.objects.under(product.division_id)
        self.fields["division"].queryset = mine  # type: ignore[attr-defined]
        self.fields["division"].initial = product.division_id
        self.fields["starts_on"].initial = today(product.division)


class NewCostForm(forms.Form):
    """What a product costs us from a day on."""

    product = forms.ModelChoiceField(Product.objects.none(), label=_("Product"))
    division = forms.ModelChoiceField(
        Division.objects.none(),
        label=_("Division"),
        help_text=_("It holds here and below, unless a division below has its own."),
    )
    kind = forms.ChoiceField(label=_("Costs"), choices=PriceKind.choices)
    amount = forms.DecimalField(
        label=_("Amount"), required=False, min_value=0, max_digits=12, decimal_places=2,
        help_text=_(
            "Of one, before taxes, in the division's currency. Empty: from that day to the next cost entered here, what the "
            "division above says holds; where none does, the cost is not known."
        ),
    )  # fmt: skip
    starts_on = forms.DateField(
        label=_("From"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Today or later. What was ordered keeps the cost that was known then."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Offer the divisions that the person configures, and what is sold there."""
        super().__init__(*args, **kwargs)
        sight = divisions_within_sight(user, Permission.CONFIGURE)
        self.fields["product"].queryset = Product.objects.filter(division__in=sight)  # type: ignore[attr-defined]
        self.fields["division"].queryset = divisions_where(user, Permission.CONFIGURE)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Let a product cost something only where it is sold."""
        cleaned = super().clean() or {}
        product, division = cleaned.get("product"), cleaned.get("division")
        if product and division and product.division_id not in division.lineage:
            self.add_error("division", _("This product is not sold there."))
        return cleaned


COST_COLUMNS = ("product", "kind", "amount", "from")
MOST_COSTS = 1000
"""Lines of a file: a person waits for them."""
MOST_BYTES = 1024**2
"""Of a file of costs; it is read as a whole."""


class CostFileForm(forms.Form):
    """What many products cost us, in a file."""

    division = forms.ModelChoiceField(
        Division.objects.none(),
        label=_("Division"),
        help_text=_("It holds here and below, unless a division below has its own."),
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "CSV with the columns product (its code), kind (recurring or one_time), amount (empty: as the division above "
            "says) and from (a date such as 2026-12-01). One faulty line, and none is taken."
        ),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Offer the divisions that the person configures."""
        super().__init__(*args, **kwargs)
        self.fields["division"].queryset = divisions_where(user, Permission.CONFIGURE)  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        """Refuse a file that is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise ValidationError(_("The file is larger than 1 MB: divide it."))
        return file

    def clean(self) -> dict[str, Any]:
        """Read the file, line by line, and name every line that means nothing."""
        cleaned = super().clean() or {}
        if cleaned.get("file") and cleaned.get("division"):
            cleaned["costs"] = self._read(cleaned["file"].read(), cleaned["division"])
        return cleaned

    def _read(self, content: bytes, division: Division) -> list[CostDescription]:
        try:
            rows = csv.DictReader(StringIO(content.decode("utf-8-sig"), newline=""))
            lines = list(rows)
        except (UnicodeDecodeError, csv.Error):
            self.add_error("file", _("This is no CSV file in UTF-8."))
            return []
        if missing := [column for column in COST_COLUMNS if column not in (rows.fieldnames or ())]:
            self.add_error("file", _("These columns are missing: %s.") % ", ".join(missing))
            return []
        if len(lines) > MOST_COSTS:
            self.add_error("file", _("These are more than %(most)d lines: divide the file.") % {"most": MOST_COSTS})
            return []
        sold = {one.code: one for one in Product.objects.filter(division__in=division.lineage)}
        return list(self._costs(lines, sold))

    def _costs(self, lines: list[dict[str, str]], sold: dict[str, Product]) -> Iterator[CostDescription]:
        for number, line in enumerate(lines, start=2):
            try:
                yield _cost(line, sold)
            except ValidationError as error:
                said = {"number": number, "problem": error.message}
                self.add_error("file", gettext("Line %(number)d: %(problem)s") % said)


def _cost(line: dict[str, str], sold: dict[str, Product]) -> CostDescription:
    """
    Read one line of a file of costs.

    :raises ValidationError: if it means nothing
    """
    code, kind, amount, starts_on = ((line[column] or "").strip() for column in COST_COLUMNS)
    if code not in sold:
        raise ValidationError(gettext("No product “%s” is sold there.") % code)
    if kind not in PriceKind.values:
        raise ValidationError(gettext("“%s” is neither recurring nor one_time.") % kind)
    try:
        known = Decimal(amount) if amount else None
        day = date.fromisoformat(starts_on)
    except (InvalidOperation, ValueError):
        raise ValidationError(gettext("The amount or the date cannot be read.")) from None
    require_meant(day)
    if known is not None and not (known.is_finite() and 0 <= known < 10**10):
        raise ValidationError(gettext("The amount is not one of money."))
    return CostDescription(product_id=sold[code].pk, kind=PriceKind(kind), amount=known, starts_on=day)
