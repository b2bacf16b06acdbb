"""What operators fill in to write the rules of a routing procedure."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from accounts.states import CustomerKind
from foundation.divisions.models import Division
from territory.states import ProductFamily
from tickets.models import RoutingRow
from tickets.queries import symptoms_met_in
from tickets.states import Priority, TicketChannel, TicketType

if TYPE_CHECKING:
    RowModelForm = forms.ModelForm[RoutingRow]
else:
    RowModelForm = forms.ModelForm


class AnswersField(forms.CharField):
    """Answers to the steps of a symptom tree, one step a line: `lights = off, red`."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 40})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        lines = ((step, wanted if isinstance(wanted, list) else [wanted]) for step, wanted in value.items())
        return "\n".join(f"{step} = {', '.join(map(str, wanted))}" for step, wanted in lines)

    def to_python(self, value: Any) -> Any:
        answers: dict[str, list[str]] = {}
        for line in (super().to_python(value) or "").splitlines():
            if not line.strip():
                continue
            step, sign, wanted = line.partition("=")
            given = [part.strip() for part in wanted.split(",") if part.strip()]
            if not sign or not step.strip() or not given:
                raise ValidationError(_("Write a step, an equals sign and its answers: “lights = off, red”."))
            answers[step.strip()] = given
        return answers

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial or {}) != (data or "").replace("\r\n", "\n").strip())


def _ticked(label: Any, choices: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, choices=choices, widget=forms.CheckboxSelectMultiple, required=False)


class RoutingRowForm(RowModelForm):
    """One rule: what is not ticked or written is not asked."""

    types = _ticked(gettext_lazy("Types"), TicketType.choices)
    priorities = _ticked(gettext_lazy("Priorities"), Priority.choices)
    families = _ticked(gettext_lazy("Product families"), ProductFamily.choices)
    channels = _ticked(gettext_lazy("Channels"), TicketChannel.choices)
    customer_kinds = _ticked(gettext_lazy("Customers"), CustomerKind.choices)
    languages = _ticked(gettext_lazy("Languages"), settings.LANGUAGES)
    symptoms = _ticked(gettext_lazy("Symptoms"), ())
    zip_codes = SimpleArrayField(
        forms.RegexField(r"^\s*\d{1,5}\*?\s*$", max_length=8, strip=True), label=gettext_lazy("ZIP codes"), required=False,
        help_text=gettext_lazy("Separated by commas. 100* stands for all that begin with 100."),
    )  # fmt: skip
    nodes = SimpleArrayField(
        forms.RegexField(r"^[^\s,*]+\*?$", max_length=41, strip=True), label=gettext_lazy("Network nodes"), required=False,
        help_text=gettext_lazy(
            "Of the service’s address, separated by commas. HBR-2* stands for all that begin with HBR-2."
        ),
    )  # fmt: skip
    answers = AnswersField(
        label=gettext_lazy("Answers"), required=False,
        help_text=gettext_lazy("To steps of the symptom tree, one a line: lights = off, red."),
    )  # fmt: skip

    class Meta:
        model = RoutingRow
        exclude = ("version",)  # the inline's own

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._offer_what_it_has("languages")
        self.instance.symptom_names = self._offer_what_it_has("symptoms")

    def _offer_what_it_has(self, name: str) -> dict[str, str]:
        """Keep what a rule asks for already and what is offered no more, by its code; return the names of what is offered."""
        field: Any = self.fields[name]
        offered: dict[str, str] = {}
        for one, more in field.choices:
            offered |= {one: str(more)} if isinstance(more, str | Promise) else dict(more)
        field.choices = [
            *field.choices,
            *((code, code) for code in getattr(self.instance, name) if code not in offered),
        ]
        return offered


def ticked_symptoms(division: Division) -> forms.MultipleChoiceField:
    """Return the field in which a rule of a division's procedure names symptoms: by family, each as customers say it."""
    by_family: dict[str, list[tuple[str, str]]] = {}
    for symptom in symptoms_met_in(division):
        by_family.setdefault(symptom.get_family_display(), []).append((symptom.code, str(symptom)))
    return _ticked(gettext_lazy("Symptoms"), list(by_family.items()))
