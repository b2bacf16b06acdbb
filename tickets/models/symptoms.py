"""What can be wrong with a product, what is asked about it, and which answer leads where: a tree that operators edit."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy as _

from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import Division
from territory.states import ProductFamily
from tickets.states import Ending, Finding, Priority, StepKind


class Symptom(models.Model):
    """What somebody notices: no connection, no picture, no dial tone."""

    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"), help_text=_("Asked here and below.")
    )
    code = models.SlugField(
        _("code"), max_length=60, unique=True,
        help_text=_("What tickets and routing rules call it. Never used again for anything else."),
    )  # fmt: skip
    family = models.CharField(_("family"), max_length=20, choices=ProductFamily.choices)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("below"),
        help_text=_("The wider symptom under which it is listed. Empty: at the top of its family."),
    )  # fmt: skip
    names = TranslatedField(_("name"), help_text=_("As customers would say it."))
    priority = models.CharField(
        _("priority"), max_length=2, choices=Priority.choices, default=Priority.P3,
        help_text=_("Of its tickets, unless an answer says otherwise."),
    )  # fmt: skip
    position = models.PositiveSmallIntegerField(_("position"), default=0, help_text=_("The lowest is listed first."))
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Switched off, it is not offered any more."))

    class Meta:
        ordering: ClassVar = ["family", "position", "pk"]
        verbose_name = _("symptom")
        verbose_name_plural = _("symptoms")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(family__in=ProductFamily.values), name="symptom_family_is_known"),
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="symptom_priority_is_known"),
            models.CheckConstraint(condition=~Q(parent=models.F("pk")), name="symptom_is_not_below_itself"),
        ]

    def __str__(self) -> str:
        return str(self.names) or self.code

    def clean(self) -> None:
        """Keep a symptom in the family of the one above it, and out of its own line."""
        above, line = self.parent, set()
        while above and above.pk not in line:
            if self.pk and above.pk == self.pk:
                raise ValidationError({"parent": gettext("It would stand below itself.")})
            line.add(above.pk)
            above = above.parent
        if self.parent and self.parent.family != self.family:
            raise ValidationError({"parent": gettext("The symptom above it belongs to another family.")})


class Step(models.Model):
    """One question about a symptom, or one reading of the equipment."""

    symptom = models.ForeignKey(Symptom, models.CASCADE, related_name="steps", verbose_name=_("symptom"))
    position = models.PositiveSmallIntegerField(_("position"), help_text=_("The lowest is asked first."))
    code = models.SlugField(
        _("code"), max_length=40, help_text=_("Under which the answer is kept on the ticket, for routing rules.")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=StepKind.choices, default=StepKind.QUESTION)
    texts = TranslatedField(_("question"), help_text=_("Of a reading: what is looked at."))
    is_required = models.BooleanField(
        _("required"), default=True,
        help_text=_("No ticket without it. A reading that fails counts as made: it never stops anybody."),
    )  # fmt: skip

    class Meta:
        ordering: ClassVar = ["symptom", "position"]
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=StepKind.values), name="step_kind_is_known"),
            models.UniqueConstraint(fields=["symptom", "code"], name="one_step_of_a_code"),
            models.UniqueConstraint(fields=["symptom", "position"], name="one_step_at_a_position"),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.texts}"


class Choice(models.Model):
    """An answer to a question, or what a reading may find, and where it leads."""

    step = models.ForeignKey(Step, models.CASCADE, related_name="choices", verbose_name=_("step"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    code = models.SlugField(
        _("code"), max_length=40,
        help_text=_("What is kept on the ticket. Of a reading: offline, weak, good or unknown."),
    )  # fmt: skip
    texts = TranslatedField(_("answer"))
    advice = TranslatedField(
        _("advice"), blank=True, multiline=True, help_text=_("What to say or to try, once this was answered.")
    )
    next_step = models.ForeignKey(
        Step, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("next step"),
        help_text=_("A later step of the same symptom. Empty: nothing more is asked."),
    )  # fmt: skip
    ending = models.CharField(
        _("leads to"), max_length=10, choices=Ending.choices, blank=True, help_text=_("Where nothing more is asked.")
    )
    priority = models.CharField(
        _("priority"), max_length=2, choices=Priority.choices, blank=True, help_text=_("Empty: that of the symptom.")
    )

    class Meta:
        ordering: ClassVar = ["step", "position", "pk"]
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["step", "code"], name="one_answer_of_a_code"),
            models.CheckConstraint(condition=Q(next_step=None) | Q(ending=""), name="an_answer_goes_on_or_ends"),
        ]

    def __str__(self) -> str:
        return str(self.texts)

    def clean(self) -> None:
        """Lead forwards within the symptom; name what a reading can find."""
        step = self.step
        if step.kind == StepKind.READING and self.code not in Finding.values:
            raise ValidationError({"code": gettext("A reading finds: offline, weak, good or unknown.")})
        if self.next_step and self.ending:
            raise ValidationError({"ending": gettext("It goes on to a step, or it ends: not both.")})
        following = self.next_step
        if following and (following.symptom_id != step.symptom_id or following.position <= step.position):
            raise ValidationError({"next_step": gettext("Choose a later step of the same symptom.")})
