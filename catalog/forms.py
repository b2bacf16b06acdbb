"""What operators fill in beyond a row's own fields."""

from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.utils.translation import gettext_lazy as _

from catalog.models import Campaign, EligibilityCriterion, Product
from catalog.states import ANSWER_PREFIX, FACTS, CustomerClass, PriceKind
from foundation.divisions.models import Division
from foundation.now import today
from foundation.people.models import User
from foundation.people.queries import divisions_where
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
