"""Rules: written by one person, read and approved by another, in force from a moment on, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from commissions.events import VersionMoved
from commissions.models import FARTHEST, WORDING, RewardTerm, Rule, RuleVersion, why_not_promised
from commissions.queries.facts import FACTS
from commissions.queries.rules import clash_of, conditions_of, digest_of, only_in, too_long_a_wait, too_many_bills
from commissions.states import CASH_CURRENCY, Basis, RewardForm, Side, VersionStatus
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require, require_second_person
from foundation.people.states import Permission
from foundation.rules import InvalidRule
from referrals.models import Programme

OPEN = (VersionStatus.DRAFT, VersionStatus.IN_REVIEW)


@dataclass(frozen=True, kw_only=True)
class TermDescription:
    """What one side is promised."""

    side: Side
    form: RewardForm = RewardForm.BILL_CREDIT
    basis: Basis = Basis.FLAT
    amount: Decimal | None = None
    percent: Decimal | None = None
    tiers: tuple[tuple[int, Decimal], ...] = ()
    """From the payee's nth reward on, this amount or percentage instead."""
    families: tuple[str, ...] = ()
    """Which services a free month covers; none named: all of them."""

    def as_row(self, version: RuleVersion) -> RewardTerm:
        """
        Return the term as a row.

        :raises NotAllowed: if it does not say how much, its steps do not ascend, or somebody could not be paid so much
        """
        counts = [first for first, _value in self.tiers]
        if any(later <= earlier for earlier, later in zip([1, *counts], counts, strict=False)):
            message = _("Steps begin at the second reward or later, each later than the one before.")
            raise NotAllowed(message, code="tiers", field=self.side)
        self._refuse_what_cannot_be_paid()
        if self.form == RewardForm.CASH and version.currency != CASH_CURRENCY:
            raise NotAllowed(only_in(CASH_CURRENCY), code="currency", field=self.side)
        row = RewardTerm(
            version=version, side=self.side, form=self.form, basis=self.basis, amount=self.amount,
            percent=self.percent, tiers=[[first, f"{value:f}"] for first, value in self.tiers],
            families=list(self.families),
        )  # fmt: skip
        try:
            row.full_clean(exclude=["version"])
        except ValidationError as error:
            raise NotAllowed(" ".join(error.messages), code="term", field=self.side) from None
        return row

    def _refuse_what_cannot_be_paid(self) -> None:
        said = [("term", self.amount), ("term", self.percent), *(("tiers", value) for _first, value in self.tiers)]
        for code, much in said:
            if much is not None and (reason := why_not_promised(self.basis, much)):
                raise NotAllowed(reason, code=code, field=self.side)


@dataclass(frozen=True, kw_only=True)
class Wording:
    """All that a version says."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """Of the fields in `commissions.models.WORDING`; what is left out stays as it is."""
    terms: tuple[TermDescription, ...] | None = None
    """None: as they are."""


# Rules. --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def define_rule(  # noqa: PLR0913  # what a rule is, each part by its name
    code: str, *, names: Texts, division: Division, programme: Programme | None = None, priority: int = 100, by: User
) -> Rule:
    """
    Make a rule, which pays nothing until a version of it is in force.

    :raises NotAllowed: if the person may not configure the division, or the code is taken
    """
    require(by, Permission.CONFIGURE, division)
    rule = Rule(code=code, names=names, division=division, programme=programme, priority=priority, placed_by=by)
    try:
        rule.full_clean()
    except ValidationError as error:
        raise NotAllowed(" ".join(error.messages), code="rule") from None
    rule.save()
    return rule


@transaction.atomic
def change_rule(  # noqa: PLR0913  # what a rule is, each part by its name
    rule_id: int, *, names: Texts, division: Division, programme: Programme | None, priority: int, by: User
) -> Rule:
    """
    Call a rule otherwise, or let it hold elsewhere, for another program, or at another priority.

    Where it holds is part of what is approved: whoever moves it counts as one of the writers of its draft, also of one that
    is begun later.

    :raises NotAllowed: if the person may not configure the division it is in, or the one it is to be in, or if it is to be
        moved though a version of it was sent to review: past orders were decided by where it stood
    """
    rule = Rule.objects.locked().select_related("division").get(pk=rule_id)
    require(by, Permission.CONFIGURE, rule.division)
    place = {"division_id": division.pk, "programme_id": programme and programme.pk, "priority": priority}
    is_moved = any(getattr(rule, name) != value for name, value in place.items())
    if is_moved:
        require(by, Permission.CONFIGURE, division)
        if not rule.may_be_moved:
            message = _("A rule stays where it is once a version of it was sent to review.")
            raise NotAllowed(message, code="settled")
        for draft in RuleVersion.objects.locked().filter(rule=rule, status=VersionStatus.DRAFT):
            draft.writers = sorted({*draft.writers, by.pk})
            draft.save(update_fields=["writers"])
        rule.placed_by = by
    rule.names, rule.division, rule.programme, rule.priority = names, division, programme, priority
    rule.save(update_fields=["names", "division", "programme", "priority", "placed_by"])
    return rule


# Versions. -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_version(rule_id: int, *, by: User) -> RuleVersion:
    """
    Begin a new version: a draft that says what the newest one says. What is in force stays so meanwhile.

    Until a version was approved, who has placed the rule counts as one of its writers.

    :raises NotAllowed: if the person may not configure the division, or another version is being worked on
    """
    rule = Rule.objects.locked().select_related("division").get(pk=rule_id)
    require(by, Permission.CONFIGURE, rule.division)
    if open_one := rule.versions.filter(status__in=OPEN).first():
        message = _("Version %(number)d is being worked on. Finish or withdraw it first.")
        raise NotAllowed(message % {"number": open_one.number}, code="open_version")
    newest = _pattern_of(rule)
    number = (rule.versions.aggregate(Max("number"))["number__max"] or 0) + 1
    currency = rule.division.currency
    writers = sorted({by.pk, rule.placed_by_id or by.pk})
    version = RuleVersion(rule=rule, number=number, author=by, writers=writers, created_at=now(), currency=currency)
    if newest is not None:
        for name in WORDING:
            setattr(version, name, getattr(newest, name))
        version.reason = ""
    version.save()
    for term in newest.terms.all() if newest is not None else ():
        term.pk, term.version = None, version
        term._state.adding = True  # noqa: SLF001  # a copy, as Django's documentation makes one
        term.save()
    _publish(version, by)
    return version


def _pattern_of(rule: Rule) -> RuleVersion | None:
    """Return the version that a new one is copied from: the newest that was not withdrawn."""
    return rule.versions.exclude(status=VersionStatus.WITHDRAWN).order_by("-number").first()


@transaction.atomic
def write_version(version_id: int, wording: Wording, *, by: User) -> RuleVersion:
    """
    Change what a draft says. Whoever does so counts as one of its writers, and cannot approve it.

    :raises NotAllowed: if the person may not configure the division, it is no draft, or what it says means nothing or can
        never be earned
    """
    version = _locked(version_id)
    require(by, Permission.CONFIGURE, version.rule.division)
    version.require_draft()
    for name, value in wording.values.items():
        if name not in WORDING:
            raise ValueError(f"{name} is nothing that a version says.")
        setattr(version, name, value)
    version.writers = sorted({*version.writers, by.pk})
    _refuse_nonsense(version)
    version.save(update_fields=[*WORDING, "writers"])
    if wording.terms is not None:
        version.terms.all().delete()
        for term in wording.terms:
            term.as_row(version).save()
    return version


def _refuse_nonsense(version: RuleVersion) -> None:
    try:
        asked = conditions_of(version).facts_asked()
    except InvalidRule as error:
        raise NotAllowed(str(error), code="conditions", field="conditions") from None
    if unknown := sorted(asked - set(FACTS)):
        message = _("Nothing is known of %(facts)s.") % {"facts": ", ".join(unknown)}
        raise NotAllowed(message, code="conditions", field="conditions")
    try:
        version.full_clean()
    except ValidationError as error:
        name, texts = next(iter(error.message_dict.items()))
        raise NotAllowed(" ".join(texts), code="wording", field=name if name in WORDING else "") from None
    for name, refusal in (("wait_count", too_long_a_wait(version)), ("bills_needed", too_many_bills(version))):
        if refusal:
            raise NotAllowed(refusal, code="never_earned", field=name)


@transaction.atomic
def send_to_review(version_id: int, *, by: User) -> RuleVersion:
    """
    Give a draft to others to read: from now on it does not change.

    :raises NotAllowed: if the person may not configure the division, it is no draft, promises nothing, or another rule
        of the same place and priority could claim the same orders
    """
    version = _locked(version_id)
    require(by, Permission.CONFIGURE, version.rule.division)
    version.require_draft()
    if not version.terms.exists():
        raise NotAllowed(_("It promises nothing yet: say what the referrer or the friend gets."), code="no_terms")
    _refuse_clash(version, now())
    version.send_to_review()
    return _save(version, "status", by=by)


@transaction.atomic
def return_version(version_id: int, *, by: User) -> RuleVersion:
    """
    Let a version be written once more, by whoever writes or reads it.

    :raises NotAllowed: if it is not in review, or the person may neither write nor approve
    """
    version = _locked(version_id)
    _require_writer_or_reader(version, by)
    version.return_to_draft()
    return _save(version, "status", by=by)


@transaction.atomic
def approve_version(version_id: int, *, shown: str, effective_from: datetime | None = None, by: User) -> RuleVersion:
    """
    Agree to what somebody else has written: it is in force from a moment on, for the orders submitted from then on.

    :param shown: the `digest_of` what the approving person read
    :param effective_from: empty: at once
    :raises NotAllowed: if the person may not approve there, has written in it, they or a writer are not confirmed
        (`confirm_person`), it is written in another currency than the division's, it says something else than what they
        read, the moment has passed or lies more than ten years ahead, another version begins at that very moment, or
        another rule of the same place and priority could claim the same orders
    """
    version = _locked(version_id)
    require(by, Permission.APPROVE_RULES, version.rule.division)
    require_second_person(by, version.writers)
    if version.currency != version.rule.division.currency:
        message = _(
            "It is written in %(currency)s, in which nothing is sold here any longer. Withdraw it and start another."
        )
        raise NotAllowed(message % {"currency": version.currency}, code="other_currency")
    at = now()
    if effective_from is not None and effective_from < at:
        message = _("This moment has passed. Orders that were placed keep the rule that was in force then.")
        raise NotAllowed(message, code="past", field="effective_from")
    _refuse_far_off(effective_from, at, field="effective_from")
    moment = effective_from or at
    stands = digest_of(version)
    version.approve(by=by, at=at, effective_from=moment)
    _refuse_unread(stands, shown)
    _refuse_same_moment(version, moment)
    _refuse_clash(version, moment)
    _save(version, "status", "approver", "approved_at", "effective_from", by=by)
    Rule.objects.filter(pk=version.rule_id).update(placed_by=None)
    if moment <= at:
        _put_in_force(version, by=by)
    return version


def _refuse_far_off(moment: datetime | None, present: datetime, *, field: str) -> None:
    if moment is not None and moment - present > FARTHEST:
        raise NotAllowed(_("This moment lies more than ten years ahead."), code="far_off", field=field)


def _refuse_unread(stands: str, shown: str) -> None:
    if stands != shown:
        message = _("The version has changed since you saw it. Read it again.")
        raise NotAllowed(message, code="other_wording")


def _refuse_same_moment(version: RuleVersion, moment: datetime) -> None:
    kept = RuleVersion.objects.exclude(status__in=[*OPEN, VersionStatus.WITHDRAWN])
    if other := kept.filter(rule=version.rule_id, effective_from=moment).first():
        message = _("Version %(number)d begins at that very moment.") % {"number": other.number}
        raise NotAllowed(message, code="same_moment", field="effective_from")


def _refuse_clash(version: RuleVersion, moment: datetime) -> None:
    """Refuse what could claim the same orders as another rule; all rules of the same place and priority are locked."""
    rule = version.rule
    list(
        Rule.objects.locked()
        .filter(division=rule.division, programme=rule.programme, priority=rule.priority)
        .order_by("pk")
    )
    if clash := clash_of(version, effective_from=moment):
        message = _(
            "“%(rule)s” (version %(number)d) has the same priority here and could claim the same orders. Give one of the "
            "two another priority, or conditions that exclude each other."
        )
        raise NotAllowed(message % {"rule": clash.rule, "number": clash.number}, code="clash")


@transaction.atomic
def withdraw_version(version_id: int, *, by: User) -> RuleVersion:
    """
    Let a version never be in force.

    :raises NotAllowed: if it is or was in force, or the person may neither write nor approve
    """
    version = _locked(version_id)
    _require_writer_or_reader(version, by)
    if version.status == VersionStatus.APPROVED and version.effective_from and version.effective_from <= now():
        raise NotAllowed(_("It is in force already. Start a new version, or end it."), code="in_force")
    version.withdraw()
    return _save(version, "status", by=by)


@transaction.atomic
def end_version(version_id: int, *, shown: str, at: datetime | None = None, by: User) -> RuleVersion:
    """
    Let a rule pay nothing for orders from a moment on; what was earned before stays earned.

    :param shown: the `digest_of` what the person saw
    :param at: empty: now
    :raises NotAllowed: if it is not in force, the moment has passed or lies more than ten years ahead, the person may not
        approve, or saw something else
    """
    version = _locked(version_id)
    require(by, Permission.APPROVE_RULES, version.rule.division)
    present = now()
    moment = at or present
    if moment < present:
        raise NotAllowed(_("This moment has passed."), code="past", field="at")
    _refuse_far_off(at, present, field="at")
    stands = digest_of(version)
    version.end(until=moment)
    _refuse_unread(stands, shown)
    version.save(update_fields=["effective_until"])
    if moment == present:
        version.supersede(until=moment)
        version.save(update_fields=["status", "effective_until"])
    _publish(version, by)
    return version


def put_due_versions_in_force(at: datetime) -> int:
    """
    Put in force what was approved for a moment that has come, each in a transaction of its own; return how many.

    What it follows ends at that very moment, however late this runs.
    """
    due = RuleVersion.objects.filter(status=VersionStatus.APPROVED, effective_from__lte=at)
    moved = sum(_put_due(pk, at) for pk in due.order_by("effective_from", "pk").values_list("pk", flat=True))
    over = RuleVersion.objects.filter(status=VersionStatus.IN_FORCE, effective_until__lte=at)
    return moved + sum(_retire(pk, at) for pk in over.values_list("pk", flat=True))


@transaction.atomic
def _put_due(version_id: int, at: datetime) -> bool:
    version = _locked(version_id)
    if version.status != VersionStatus.APPROVED or version.effective_from is None or version.effective_from > at:
        return False
    _put_in_force(version, by=None)
    return True


@transaction.atomic
def _retire(version_id: int, at: datetime) -> bool:
    version = _locked(version_id)
    if version.status != VersionStatus.IN_FORCE or version.effective_until is None or version.effective_until > at:
        return False
    version.supersede(until=version.effective_until)
    _save(version, "status", by=None)
    return True


def _put_in_force(version: RuleVersion, *, by: User | None) -> None:
    """Put a version in force whose rule is locked, and let the one before it end when this one began."""
    moment = version.effective_from
    if moment is None:
        raise ValueError(f"{version} has no beginning.")
    former = RuleVersion.objects.locked().filter(rule=version.rule_id, status=VersionStatus.IN_FORCE).first()
    if former is not None:
        former.supersede(until=moment)
        _save(former, "status", "effective_until", by=by)
    version.put_in_force()
    _save(version, "status", by=by)


def _locked(version_id: int) -> RuleVersion:
    """Hold a version, its rule before it."""
    rule_id = RuleVersion.objects.values_list("rule", flat=True).get(pk=version_id)
    rule = Rule.objects.locked().select_related("division", "programme").get(pk=rule_id)
    version = RuleVersion.objects.locked().get(pk=version_id)
    version.rule = rule
    return version


def _require_writer_or_reader(version: RuleVersion, by: User) -> None:
    try:
        require(by, Permission.CONFIGURE, version.rule.division)
    except NotAllowed:
        require(by, Permission.APPROVE_RULES, version.rule.division)


def _save(version: RuleVersion, *fields: str, by: User | None) -> RuleVersion:
    version.save(update_fields=fields)
    _publish(version, by)
    return version


def _publish(version: RuleVersion, by: User | None) -> None:
    moved = VersionMoved(version_id=version.pk, status=str(version.status))
    publish(moved, subject=version, about=[version.rule], division=version.rule.division, by=by)
