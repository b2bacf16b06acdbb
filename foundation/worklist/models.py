"""Teams, who works in them and when, whose turn it is, and what a piece of work knows of its owner."""

from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.weekdays import Weekday
from foundation.worklist.states import AbsenceReason


class Skill(models.Model):
    """Something that not everybody can do, and that work may need."""

    division = models.ForeignKey(
        Division,
        models.PROTECT,
        related_name="+",
        verbose_name=_("division"),
        help_text=_("Teams of this division and of all below it can have it."),
    )
    code = models.SlugField(_("code"), max_length=40, help_text=_("Short, for rules and reports. Kept for ever."))
    name = TranslatedField(_("name"), help_text=_("As people say it: Business fibre, Cable modems."))

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        constraints: ClassVar = [models.UniqueConstraint(fields=["code"], name="one_skill_per_code")]

    def __str__(self) -> str:
        return str(self.name)


class Team(models.Model):
    """People who share work: whoever is free and able takes the next piece."""

    division = models.ForeignKey(
        Division,
        models.PROTECT,
        related_name="+",
        verbose_name=_("division"),
        help_text=_("The team works for this division and for all below it."),
    )
    name = models.CharField(_("name"), max_length=80, help_text=_("As staff call it: First line, Business desk."))
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("A team that is not active is given no new work.")
    )

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["division", "name"], name="one_team_of_a_name_per_division")
        ]

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A person in a team: how much they carry at once, what they can do and which languages they speak."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="members", verbose_name=_("team"))
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("person"))
    capacity = models.PositiveSmallIntegerField(
        _("capacity"),
        default=10,
        help_text=_(
            "How many open pieces of work they carry at most, those of their other teams counted, before this team passes "
            "them over. 0: it gives them none."
        ),
    )
    skills = models.ManyToManyField(Skill, blank=True, related_name="members", verbose_name=_("skills"))
    languages = ArrayField(
        models.CharField(max_length=10),
        default=list,
        blank=True,
        verbose_name=_("languages"),
        help_text=_("In which they speak and write with customers."),
    )
    is_enabled = models.BooleanField(
        _("is given work"), default=True, help_text=_("Switched off, they are passed over and may still take work.")
    )

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints: ClassVar = [models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team")]

    def __str__(self) -> str:
        return str(self.user)


class Shift(models.Model):
    """Hours of every week in which a member works; where they end before they begin, they end on the day after."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="shifts", verbose_name=_("member"))
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("to"), help_text=_("Not after the beginning: on the day after."))
    zone = models.CharField(
        _("time zone"),
        max_length=60,
        blank=True,
        help_text=_(
            "In which the hours are meant, such as America/Chicago. Empty: the time zone of the team's division."
        ),
    )

    class Meta:
        ordering: ClassVar = ["weekday", "starts"]
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(weekday__in=Weekday.values), name="shift_weekday_is_known"),
            models.UniqueConstraint(fields=["member", "weekday", "starts"], name="one_shift_per_beginning"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M}–{self.ends:%H:%M}"

    def clean(self) -> None:
        if self.zone and self.zone not in available_timezones():
            raise ValidationError({"zone": _("“%s” is no time zone.") % self.zone})

    def covers(self, at: datetime, zone: ZoneInfo) -> bool:
        """
        Tell whether an instant lies in these hours, on the clocks of their zone: the beginning does, the end does not.

        :param zone: of the division, where the shift names none
        """
        local = at.astimezone(ZoneInfo(self.zone) if self.zone else zone)
        today, wall = local.weekday(), local.time()
        if self.starts < self.ends:
            return today == self.weekday and self.starts <= wall < self.ends
        is_evening = today == self.weekday and wall >= self.starts
        is_morning = today == (self.weekday + 1) % 7 and wall < self.ends
        return is_evening or is_morning


class Absence(models.Model):
    """A time in which a person works in none of their teams, whatever their shifts say."""

    division = models.ForeignKey(
        Division,
        models.PROTECT,
        related_name="+",
        verbose_name=_("division"),
        help_text=_("Whose staff may see and change this. The person is absent everywhere."),
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="absences", verbose_name=_("person"))
    starts_at = models.DateTimeField(_("from"), default=now)
    ends_at = models.DateTimeField(_("to"), null=True, blank=True, help_text=_("Empty: until further notice."))
    reason = models.CharField(_("reason"), max_length=12, choices=AbsenceReason.choices, default=AbsenceReason.HOLIDAY)
    noted_by = models.ForeignKey(
        User, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("noted by")
    )

    class Meta:
        ordering: ClassVar = ["-starts_at", "-pk"]
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="absence_ends_after_it_starts"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["user", "-starts_at"], name="absence_of")]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_reason_display()}"


class Rotation(models.Model):
    """Whose turn it was last in a team. The lock on this row is the turn: nobody else is chosen meanwhile."""

    team = models.OneToOneField(Team, models.CASCADE, related_name="rotation", verbose_name=_("team"))
    position = models.BigIntegerField(default=0, editable=False)
    """Id of the member who had the last turn; it stays when that member is gone, so nobody's turn is lost or doubled."""

    class Meta:
        verbose_name = _("rotation")
        verbose_name_plural = _("rotations")

    def __str__(self) -> str:
        return f"{self.team}: {self.position}"


class WorkItem(models.Model):
    """
    A piece of work that a team shares and one person does.

    The moves change memory only: the service that locked the row saves `WORK_FIELDS`. Whether somebody may take work
    at all is asked by the app that the work belongs to.
    """

    WORK_FIELDS: ClassVar = ("team", "owner", "taken_at")
    team_id: int | None
    owner_id: int | None

    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, editable=False, related_name="+", verbose_name=_("team")
    )
    owner = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, editable=False, related_name="+", verbose_name=_("with")
    )
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True, editable=False)
    """Since when it is its owner's: until they lay it back, or somebody gives or takes it."""
    due_at = models.DateTimeField(_("due"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def is_free_for(self, user: User) -> bool:
        """Tell whether a person may claim this: it is nobody's, or their own."""
        return self.owner_id is None or self.owner_id == user.pk

    def claim(self, user: User, *, at: datetime) -> None:
        """
        Take it because it is free; for whoever has it already nothing changes.

        :raises NotAllowed: if it is somebody else's
        """
        if not self.is_free_for(user):
            raise NotAllowed(gettext("%(person)s has this.") % {"person": self.owner}, code="taken")
        self._give(user, at=at)

    def take_over(self, user: User, *, at: datetime) -> None:
        """
        Take it from whoever has it.

        :raises NotAllowed: if it is the person's own
        """
        if self.owner_id == user.pk:
            raise NotAllowed(gettext("You have this already."), code="own")
        self._give(user, at=at)

    def release(self) -> None:
        """
        Lay it back for the team.

        :raises NotAllowed: if nobody has it
        """
        if self.owner_id is None:
            raise NotAllowed(gettext("Nobody has this."), code="free")
        self.owner = self.taken_at = None

    def hand_over(self, to: User | None, *, team: Team | None, at: datetime) -> None:
        """
        Give it to somebody, to a team, or to somebody in a team.

        :raises NotAllowed: if that changes nothing
        """
        if self.owner_id == (to.pk if to else None) and self.team_id == (team.pk if team else None):
            raise NotAllowed(gettext("It is there already."), code="unchanged")
        self.team = team
        if to is None:
            self.owner = self.taken_at = None
        else:
            self._give(to, at=at)

    def _give(self, user: User, *, at: datetime) -> None:
        if self.owner_id != user.pk or self.taken_at is None:
            self.owner, self.taken_at = user, at
