"""Where tickets go: procedures in versions, what was decided by them, whom nobody could be found for, and reassignments."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from accounts.states import CustomerKind
from foundation.divisions.models import Division
from foundation.lifecycle import LockingQuerySet, NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.worklist.models import Skill, Team
from territory.states import ProductFamily
from tickets.models.ticket import Ticket
from tickets.states import Priority, RoutingCause, TicketChannel, TicketType, Unplaced


def _some(choices: type[models.TextChoices] | None, name: Any, *, help_text: Any = "", size: int = 20) -> Any:
    """Build a condition of a row: one of these values; empty: any."""
    each = models.CharField(max_length=size, choices=choices.choices if choices else None)
    return ArrayField(each, default=list, blank=True, verbose_name=name, help_text=help_text)


class RoutingVersion(models.Model):
    """
    A routing procedure as it was worded once. Put in force, it never changes: a change is another version.

    The nearest division that has one in force decides about a ticket alone.
    """

    division = models.ForeignKey(
        Division, models.PROTECT, related_name="+", verbose_name=_("division"),
        help_text=_("It decides here and below, unless a division below has a procedure of its own."),
    )  # fmt: skip
    number = models.PositiveIntegerField(_("version"), editable=False)
    note = models.CharField(_("what is new"), max_length=300, blank=True, help_text=_("For whoever looks back."))
    author = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("written by")
    )
    created_at = models.DateTimeField(_("written"), default=now, editable=False)
    in_force_from = models.DateTimeField(_("in force from"), null=True, editable=False)
    """None: a draft."""
    in_force_until = models.DateTimeField(_("in force until"), null=True, editable=False)
    """When another one replaced it; exclusive."""

    objects = LockingQuerySet["RoutingVersion"].as_manager()

    class Meta:
        ordering: ClassVar = ["division", "-number"]
        verbose_name = _("routing procedure")
        verbose_name_plural = _("routing procedures")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["division", "number"], name="one_routing_version_per_number"),
            models.UniqueConstraint(
                fields=["division"], condition=Q(in_force_from=None), name="one_routing_draft_per_division"
            ),
            models.UniqueConstraint(
                fields=["division"],
                condition=Q(in_force_from__isnull=False, in_force_until=None),
                name="one_routing_in_force_per_division",
            ),
            models.CheckConstraint(
                condition=Q(in_force_until=None) | Q(in_force_until__gte=F("in_force_from")),
                name="routing_ends_after_it_begins",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="routing_is_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__in_force_from__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return gettext("%(division)s, version %(number)d") % {"division": self.division, "number": self.number}

    @property
    def is_draft(self) -> bool:
        """Whether it can still be changed, and decides nothing."""
        return self.in_force_from is None

    @property
    def is_in_force(self) -> bool:
        """Whether it decides now."""
        return self.in_force_from is not None and self.in_force_until is None

    def put_in_force(self, *, at: datetime) -> None:
        """
        It decides from now on.

        :raises NotAllowed: if it is no draft
        """
        if not self.is_draft:
            raise NotAllowed(gettext("Only a draft can be put in force."), code="not_a_draft")
        self.in_force_from = at


class RoutingRow(models.Model):
    """
    One rule of a procedure: for which tickets, and where these go. Without a condition it is for all.

    All conditions that are given must hold; of several values one is enough.
    """

    version = models.ForeignKey(
        RoutingVersion, models.CASCADE, related_name="rows", verbose_name=_("routing procedure")
    )
    position = models.PositiveSmallIntegerField(
        _("order"), default=10, help_text=_("The smaller comes first. The first rule that holds decides.")
    )
    name = models.CharField(_("name"), max_length=80, help_text=_("In a few words: Business fibre, Spanish, the rest."))
    since = models.DateField(_("from"), null=True, blank=True, help_text=_("First day. Empty: from the beginning."))
    until = models.DateField(_("to"), null=True, blank=True, help_text=_("Last day. Empty: for good."))

    # For which tickets.
    types = _some(TicketType, _("types"))
    priorities = _some(Priority, _("priorities"))
    families = _some(ProductFamily, _("product families"))
    channels = _some(TicketChannel, _("channels"))
    customer_kinds = _some(CustomerKind, _("customers"))
    languages = _some(None, _("languages"), help_text=_("Codes, separated by commas: es, en."))
    symptoms = _some(None, _("symptoms"), size=60, help_text=_("Codes, separated by commas."))
    zip_codes = _some(
        None, _("ZIP codes"), help_text=_("Separated by commas. 100* stands for all that begin with 100.")
    )
    nodes = _some(
        None, _("network nodes"), size=41,
        help_text=_("Of the service’s address, separated by commas. HBR-2* stands for all that begin with HBR-2."),
    )  # fmt: skip
    divisions = models.ManyToManyField(
        Division, blank=True, related_name="+", verbose_name=_("divisions"), help_text=_("These and all below them.")
    )
    answers = models.JSONField(_("answers"), default=dict, blank=True)
    """Step of a symptom tree → what was answered there."""

    # Where they go.
    team = models.ForeignKey(Team, models.PROTECT, related_name="+", verbose_name=_("team"))
    skills = models.ManyToManyField(
        Skill,
        blank=True,
        related_name="+",
        verbose_name=_("skills"),
        help_text=_("Whoever gets it must have them all."),
    )
    needs_language = models.BooleanField(
        _("in the customer's language"), default=True, help_text=_("Only to people who speak it.")
    )
    priority = models.CharField(
        _("priority"), max_length=2, choices=Priority.choices, blank=True, help_text=_("Empty: as it is.")
    )
    fallback_team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("else to team"),
        help_text=_("If nobody of the team can take it for so long. Empty: the supervisors are told at once."),
    )  # fmt: skip
    fallback_minutes = models.PositiveSmallIntegerField(
        _("after minutes"), default=15, validators=[MaxValueValidator(7 * 24 * 60)],
        help_text=_("How long to wait for somebody of the first team. 0: not at all."),
    )  # fmt: skip

    class Meta:
        ordering: ClassVar = ["version", "position", "pk"]
        verbose_name = _("routing rule")
        verbose_name_plural = _("routing rules")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(since=None) | Q(until__gte=F("since")),
                name="routing_row_ends_after_it_begins",
                violation_error_message=_("It ends before it begins."),
            ),
            models.CheckConstraint(
                condition=Q(fallback_team=None) | ~Q(fallback_team=F("team")),
                name="routing_falls_back_to_another_team",
                violation_error_message=_("Choose another team to fall back to."),
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="routing_is_frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("version", "bigint")],
                func="""
                    version = CASE WHEN TG_OP = 'INSERT' THEN NEW.version_id ELSE OLD.version_id END;
                    IF EXISTS (
                        SELECT 1 FROM tickets_routingversion WHERE id = version AND in_force_from IS NOT NULL
                    ) THEN
                        RAISE EXCEPTION 'A routing procedure that was put in force does not change.';
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return self.name

    symptom_names: Mapping[str, str] = {}
    """Of the symptoms by their codes, where whoever shows the row has read them."""

    KINDS: ClassVar[Mapping[str, type[models.TextChoices]]] = {
        "types": TicketType, "priorities": Priority, "families": ProductFamily, "channels": TicketChannel,
        "customer_kinds": CustomerKind,
    }  # fmt: skip
    """What the codes of a condition are, by its field."""

    def in_words(self, name: str) -> str:
        """Return what a condition asks for by the names of its codes, in the reader's language; empty for none."""
        names: Mapping[str, Any] = {"languages": dict(settings.LANGUAGES), "symptoms": self.symptom_names}.get(name, {})
        if name in self.KINDS:
            names = dict(self.KINDS[name].choices)
        return ", ".join(str(names.get(code, code)) for code in getattr(self, name))

    @property
    def gist(self) -> str:
        """For which tickets it is and where they go, as one line: the title of a row that is folded."""
        asked = [self.in_words(name) for name in (*self.KINDS, "languages", "symptoms")]
        asked += [", ".join(values) for values in (self.zip_codes, self.nodes)]
        asked += [", ".join(str(one) for one in self.divisions.all())] if self.pk else []
        asked += [gettext("answers of %(steps)s") % {"steps": ", ".join(self.answers)}] if self.answers else []
        goes = str(self.team)
        if self.fallback_team:
            goes = gettext("%(team)s, after %(minutes)d min %(other)s") % {
                "team": goes, "minutes": self.fallback_minutes, "other": self.fallback_team,
            }  # fmt: skip
        return f"{' · '.join(filter(None, asked)) or gettext('all')} → {goes}"

    def clean(self) -> None:
        if self.fallback_team_id and self.fallback_team_id == self.team_id:
            raise ValidationError({"fallback_team": _("Choose another team to fall back to.")})


class Assignment(models.Model):
    """What was decided about a ticket, by which rule, from which facts, and why others were passed over."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="assignments", verbose_name=_("ticket"))
    at = models.DateTimeField(_("at"), default=now)
    cause = models.CharField(_("when"), max_length=10, choices=RoutingCause.choices)
    row = models.ForeignKey(RoutingRow, models.PROTECT, null=True, related_name="+", verbose_name=_("rule"))
    """None: no rule held, or it was not asked."""
    version = models.ForeignKey(
        RoutingVersion, models.PROTECT, null=True, related_name="+", verbose_name=_("procedure")
    )
    facts = models.JSONField(default=dict)
    """What was known of the ticket, for whoever asks later why."""
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+", verbose_name=_("team"))
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("given to"))
    """None: nobody could be found."""
    passed_over = models.JSONField(default=list)
    """Of each who was not chosen: `user` (id), `name`, `obstacle` (code) and `words`."""

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(cause=RoutingCause.OPENED), name="routed_once_at_opening"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["ticket", "-at"], name="assignment_of")]

    def __str__(self) -> str:
        return f"{self.ticket} → {self.user or self.team or '–'}"


class WaitingTicket(models.Model):
    """
    A ticket that nobody could be given yet. It waits for its team, then for the other one; then a supervisor sees it.

    Somebody is looked for again at every turn of the sweep. The row goes when the ticket is somebody's, or has ended.
    """

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="waiting", verbose_name=_("ticket"))
    row = models.ForeignKey(RoutingRow, models.PROTECT, null=True, related_name="+", verbose_name=_("rule"))
    since = models.DateTimeField(_("since"), default=now)
    falls_back_at = models.DateTimeField(_("to the other team"), null=True)
    """None: there is no other team, or it waits for that one already."""
    why = models.CharField(_("because"), max_length=14, choices=Unplaced.choices)
    passed_over = models.JSONField(default=list)
    """As of an `Assignment`, when somebody was last looked for."""
    supervised_at = models.DateTimeField(_("before the supervisors since"), null=True)
    alarmed_at = models.DateTimeField(_("supervisors told"), null=True)

    class Meta:
        ordering: ClassVar = ["since", "pk"]
        verbose_name = _("ticket for nobody yet")
        verbose_name_plural = _("tickets for nobody yet")
        indexes: ClassVar = [
            models.Index(
                fields=["supervised_at"], name="waiting_unalarmed",
                condition=Q(supervised_at__isnull=False, alarmed_at=None),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.ticket)


class Reassignment(models.Model):
    """Everything of one person was given to others in one act, which can be undone."""

    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("of"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=now)
    undone_at = models.DateTimeField(_("undone"), null=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("undone by"))

    objects = LockingQuerySet["Reassignment"].as_manager()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        verbose_name = _("reassignment")
        verbose_name_plural = _("reassignments")

    def __str__(self) -> str:
        return gettext("Tickets of %(person)s") % {"person": self.user}


class ReassignedTicket(models.Model):
    """One ticket of a reassignment: where it was, and where it went."""

    reassignment = models.ForeignKey(Reassignment, models.CASCADE, related_name="tickets")
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="+", verbose_name=_("ticket"))
    team_before = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+")
    taken_before = models.DateTimeField(null=True)
    to = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("given to"))
    """None: nobody could be found; the supervisors have it."""
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reassignment", "ticket"], name="reassigned_once_in_one_act")
        ]

    def __str__(self) -> str:
        return f"{self.ticket} → {self.to or '–'}"
