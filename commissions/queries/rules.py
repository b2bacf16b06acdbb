"""Which version of which rule counts, and what a version says: in words, and against another."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q, QuerySet
from django.utils.translation import get_language, gettext as _, ngettext, override

from catalog.states import Comparison as ComparisonInWords
from commissions.models import WORDING, RewardTerm, Rule, RuleVersion
from commissions.queries.facts import FACTS, vocabulary
from commissions.queries.reckoning import can_be_earned, count_of, plain, services_in_words
from commissions.states import OF_MARGIN, Basis, RewardForm, Side, VersionStatus
from foundation.divisions.models import Division
from foundation.money import ZERO, format_money
from foundation.people.models import User
from foundation.people.queries import Person, divisions_where
from foundation.people.states import Permission
from foundation.rules import Comparison, Criterion, CriterionStep, Decision, Facts, Group, GroupStep, Kind, RuleSet
from referrals.models import Programme
from referrals.queries import programmes_within

COUNTING = frozenset({VersionStatus.APPROVED, VersionStatus.IN_FORCE, VersionStatus.SUPERSEDED})
"""A version in one of these is in force between its two moments, whether the sweep has come by or not."""
WHOLE = Decimal(100)
"""In percent."""
READERS = (Permission.CONFIGURE, Permission.APPROVE_RULES, Permission.AUDIT)


# Which version counts. ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """Which version counts for an order, and what was made of every one that was looked at before it."""

    version: RuleVersion | None
    tried: tuple[tuple[RuleVersion, Decision], ...]

    @property
    def missing(self) -> list[str]:
        """The facts that were asked for and not known, each once."""
        return list(dict.fromkeys(name for _version, decision in self.tried for name in decision.missing))


def versions_in_force(division: Division, programme: Programme, at: datetime) -> list[RuleVersion]:
    """
    Return the versions in force at a moment for the referrals of a division and programme, in the order of trying.

    The nearest division that has any decides alone. Rules for the programme come before those for all programmes,
    and among them the smaller priority first.
    """
    ours = Q(rule__programme=None) | Q(rule__programme=programme)
    rows = (
        RuleVersion.objects.filter(ours, rule__division__in=division.lineage, status__in=COUNTING)
        .filter(effective_from__lte=at)
        .select_related("rule__division", "rule__programme")
        .prefetch_related("terms")
        .order_by("effective_from")
    )
    newest = {version.rule_id: version for version in rows}  # an approved one whose moment has come counts already
    found = [version for version in rows if newest[version.rule_id] is version and _runs(version, at)]
    nearest = max((version.rule.division.depth for version in found), default=0)
    return sorted((version for version in found if version.rule.division.depth == nearest), key=rank_of)


def _runs(version: RuleVersion, at: datetime) -> bool:
    return version.effective_until is None or version.effective_until > at


def rank_of(version: RuleVersion) -> tuple[bool, int, str]:
    """Return a version's place in the order of trying, among those of one division."""
    return version.rule.programme_id is None, version.rule.priority, version.rule.code


def resolve_rule(division: Division, programme: Programme, at: datetime, facts: Facts) -> Resolution:
    """Return the first version in force at a moment whose conditions hold, with what decided the others."""
    tried: list[tuple[RuleVersion, Decision]] = []
    for version in versions_in_force(division, programme, at):
        decision = decide(version, facts)
        tried.append((version, decision))
        if decision.holds:
            return Resolution(version=version, tried=tuple(tried))
    return Resolution(version=None, tried=tuple(tried))


def programmes_paid_by(rule: Rule, at: datetime) -> list[Programme]:
    """Return the programmes that a rule speaks for: its own, else those about which no rule below it decides alone."""
    if rule.programme:
        return [rule.programme]
    lasts = Q(effective_until=None) | Q(effective_until__gt=at)
    below = RuleVersion.objects.filter(
        lasts, effective_from__lte=at, status__in=COUNTING, rule__division__lineage__contains=[rule.division_id]
    ).exclude(rule__division=rule.division_id)
    nearer = set(below.values_list("rule__division", "rule__programme"))
    return [
        programme
        for programme in programmes_within(rule.division).select_related("division")
        if not any(division in programme.division.lineage and only in (None, programme.pk) for division, only in nearer)
    ]


def conditions_of(version: RuleVersion) -> RuleSet:
    """Return a version's conditions; without any, it holds for every order."""
    return RuleSet.from_json(version.conditions) if version.conditions else RuleSet()


def decide(version: RuleVersion, facts: Facts) -> Decision:
    """
    Tell whether a version holds for an order: its conditions do, and every margin that it gives a share of is known.

    A margin that nobody knows is insufficient data, and stands as such in the trace; it is never taken for nothing.
    """
    decision = conditions_of(version).decide(facts)
    shared = sorted({term.basis for term in version.terms.all()} & OF_MARGIN)
    if not decision.holds or not shared:
        return decision
    known = _known(shared).decide(facts)
    return Decision(holds=known.holds, groups=(*decision.groups, *known.groups))


def uses_margin(version: RuleVersion) -> bool:
    """Tell whether what a version gives, or for which orders, follows from a margin."""
    shared = {term.basis for term in version.terms.all()}
    return bool(OF_MARGIN & (shared | conditions_of(version).facts_asked()))


def _known(names: Iterable[str]) -> RuleSet:
    """Build the rule that holds where these numbers are known, whatever they are."""
    criteria = tuple(
        Criterion(
            fact=name,
            kind=Kind.NUMBER,
            comparison=Comparison.GREATER,
            values=("0",),
            if_true=CriterionStep.NEXT,
            if_false=CriterionStep.NEXT,
            if_insufficient=CriterionStep.GROUP_FALSE,
        )
        for name in names
    )
    return RuleSet(groups=(Group(criteria=criteria, if_true=GroupStep.HOLDS, if_false=GroupStep.FAILS),))


# Who may see them. -------------------------------------------------------------------------------------------------


def versions_visible_to(user: Person) -> QuerySet[RuleVersion]:
    """Return the versions of the rules of the divisions that a person configures or audits."""
    return RuleVersion.objects.filter(rule__division__in=divisions_where(user, *READERS))


def readable_in_force(user: Person, division: Division, at: datetime) -> list[RuleVersion]:
    """Return the versions in force at a moment, of a division's rules and of those above, that a person may read."""
    rows = versions_visible_to(user).filter(
        rule__division__in=division.lineage, status__in=COUNTING, effective_from__lte=at
    )
    return [version for version in rows.prefetch_related("terms") if _runs(version, at)]


def versions_to_approve(user: User) -> QuerySet[RuleVersion]:
    """Return the versions in review that a person may approve: of the divisions where they may, and not their own."""
    theirs = RuleVersion.objects.filter(rule__division__in=divisions_where(user, Permission.APPROVE_RULES))
    return theirs.filter(status=VersionStatus.IN_REVIEW).exclude(writers__contains=[user.pk]).exclude(author=user)


# Rules that stand in each other's way. -----------------------------------------------------------------------------


def clash_of(version: RuleVersion, *, effective_from: datetime) -> RuleVersion | None:
    """Return the version of another rule that could claim the same orders with the same right, if there is one."""
    rule = version.rule
    rivals = (
        RuleVersion.objects.filter(
            rule__division=rule.division, rule__programme=rule.programme, rule__priority=rule.priority
        )
        .exclude(rule=rule)
        .filter(status__in=[VersionStatus.APPROVED, VersionStatus.IN_FORCE])
        .filter(Q(effective_until=None) | Q(effective_until__gt=effective_from))
        .select_related("rule")
    )
    mine = conditions_of(version)
    return next((rival for rival in rivals if not are_apart(mine, conditions_of(rival))), None)


def are_apart(one: RuleSet, other: RuleSet) -> bool:
    """
    Tell whether no order can satisfy both, as far as that is plain to see.

    It is plain where in each pair of alternatives one fact is asked for what both cannot have: another value, or a
    number in another range. Whatever is not plain counts as an overlap.
    """
    mine, theirs = one.groups, other.groups
    if not mine or not theirs or not all(map(_asks_for_all, (*mine, *theirs))):
        return False
    return all(_contradict(group, rival) for group in mine for rival in theirs)


def _asks_for_all(group: Group) -> bool:
    """Tell whether a group holds only where all its criteria are true, or are not known and passed over."""
    return group.otherwise and all(criterion.if_false is CriterionStep.GROUP_FALSE for criterion in group.criteria)


def _contradict(one: Group, other: Group) -> bool:
    pairs = ((mine, theirs) for mine in one.criteria for theirs in other.criteria if mine.fact == theirs.fact)
    return any(_exclude_each_other(mine, theirs) for mine, theirs in pairs)


def _exclude_each_other(mine: Criterion, theirs: Criterion) -> bool:
    strict = {mine.if_insufficient, theirs.if_insufficient, mine.if_false, theirs.if_false}
    if strict != {CriterionStep.GROUP_FALSE} or FACTS[mine.fact].is_several:
        return False
    if mine.kind is Kind.NUMBER:
        (low, high), (their_low, their_high) = _range(mine), _range(theirs)
        return high < their_low or their_high < low
    named, theirs_named = _named(mine), _named(theirs)
    return bool(named and theirs_named) and not named & theirs_named


def _named(criterion: Criterion) -> frozenset[str]:
    if criterion.comparison in {Comparison.EQUAL, Comparison.IN}:
        return frozenset(value.strip().casefold() for value in criterion.values)
    return frozenset()


def _range(criterion: Criterion) -> tuple[Decimal, Decimal]:
    """Return the ends between which a number must lie; an end that is itself excluded lies a hair inside."""
    everything = (Decimal("-Infinity"), Decimal("Infinity"))
    if criterion.comparison in {Comparison.PRESENT, Comparison.NOT_EQUAL, Comparison.NOT_IN}:
        return everything
    values = sorted(Decimal(value) for value in criterion.values)
    hair = Decimal("0.0001")
    return {
        Comparison.AT_LEAST: (values[0], everything[1]),
        Comparison.GREATER: (values[0] + hair, everything[1]),
        Comparison.AT_MOST: (everything[0], values[0]),
        Comparison.LESS: (everything[0], values[0] - hair),
    }.get(criterion.comparison, (values[0], values[-1]))


# In words. ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that two versions say otherwise; what one of them does not say is empty."""

    before: str
    after: str


def rule_in_words(version: RuleVersion, language: str | None = None) -> list[str]:
    """Return what a version says, sentence by sentence, in a language (default: the active one)."""
    return [sentence for sentence in _said(version, language).values() if sentence]


def diff_of(version: RuleVersion, other: RuleVersion, language: str | None = None) -> list[Difference]:
    """Return what a version says otherwise than another, in the order of the rule's sentences."""
    before, after = _said(other, language), _said(version, language)
    return [Difference(before=before[topic], after=after[topic]) for topic in after if before[topic] != after[topic]]


def digest_of(version: RuleVersion) -> str:
    """
    Return the SHA-256 over what a version says, promises and holds for, and where its rule holds, as it is kept.

    Whoever approves or ends it sends back the one of what they read.
    """
    promised = [
        (term.side, term.form, term.basis, term.amount, term.percent, term.tiers, term.families)
        for term in sorted(version.terms.all(), key=lambda term: term.side)
    ]
    place = [getattr(version.rule, name) for name in ("division_id", "programme_id", "priority")]
    said = [version.pk, place, {name: getattr(version, name) for name in WORDING}, promised]
    moments = [version.effective_from, version.effective_until]
    text = json.dumps([*said, version.currency, *moments], cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def doubts_about(version: RuleVersion) -> list[str]:
    """Return what whoever writes or approves a version should know: what is in it that hardly anybody means."""
    doubts = (
        too_long_a_wait(version), too_many_bills(version), _more_than_is_paid(version), _tells_what_a_friend_pays(version)
    )  # fmt: skip
    return [text for text in doubts if text]


def doubts_about_promises(version: RuleVersion, programmes: Iterable[Programme]) -> list[str]:
    """
    Return where what programmes tell people is not what a version gives: to a side that gets nothing, or is told of nothing.

    :param programmes: those that its rule speaks for
    """
    given = {term.side for term in version.terms.all()}
    doubts = []
    for programme in programmes:
        told = str(programme.rewards_in_words), str(programme.friend_rewards_in_words)
        said = {"programme": programme, "referrer": told[0], "friend": told[1]}
        if told[0] and Side.REFERRER not in given:
            doubts.append(_("%(programme)s promises the referrer “%(referrer)s”, and this gives them nothing.") % said)
        if told[1] and Side.FRIEND not in given:
            doubts.append(_("%(programme)s promises the friend “%(friend)s”, and this gives them nothing.") % said)
        if not told[1] and Side.FRIEND in given:
            doubts.append(_("%(programme)s promises the friend nothing, and this gives them something.") % said)
    return doubts


def too_long_a_wait(version: RuleVersion) -> str:
    """Return in words that nobody ever waits so long before all is forfeited; empty where somebody does."""
    if can_be_earned(version):
        return ""
    said = {
        "wait": count_of(version.wait_count, version.wait_unit),
        "latest": count_of(version.months_to_qualify, "months"),
    }
    return _("Nobody can ever earn it: %(wait)s are longer than the %(latest)s after which it is forfeited.") % said


def too_many_bills(version: RuleVersion) -> str:
    """Return in words that so many bills do not fit before all is forfeited; empty where they do. One comes each month."""
    if version.bills_needed <= version.months_to_qualify:
        return ""
    said = {"bills": version.bills_needed, "latest": count_of(version.months_to_qualify, "months")}
    return (
        _(
            "Nobody can ever earn it: %(bills)d monthly bills do not fit into the %(latest)s after which it is forfeited."
        )
        % said
    )


def _more_than_is_paid(version: RuleVersion) -> str:
    """Return in words that more is given than a friend pays; empty where it is not, whatever steps are reached."""
    shares = [term for term in version.terms.all() if term.basis == Basis.PERCENT_CASH]
    most = sum((max([term.percent or ZERO, *(Decimal(step) for _first, step in term.tiers)]) for term in shares), ZERO)
    if most <= WHOLE:
        return ""
    return _("It gives up to %(percent)s %% of what the friend pays in cash: more than they pay.") % {
        "percent": plain(most)
    }


def _tells_what_a_friend_pays(version: RuleVersion) -> str:
    """Return in words that the referrer can reckon what the friend pays; empty where it is not a share of that."""
    of_charges = {Basis.PERCENT_CASH, Basis.PERCENT_MONTHLY, Basis.PERCENT_ONE_TIME}
    if not any(term.side == Side.REFERRER and term.basis in of_charges for term in version.terms.all()):
        return ""
    return _("Who knows the percentage and what they got can reckon what the friend pays: so can the referrer.")


def condition_in_words(criterion: Criterion, words: Mapping[str, Mapping[str, str]], currency: str) -> str:
    """Return one condition as operators say it, with a division's `vocabulary`: “package is Family Bundle”."""
    return _condition(criterion, words, currency, get_language() or "en")


def _said(version: RuleVersion, language: str | None) -> dict[str, str]:
    chosen = language or get_language() or "en"
    with override(chosen):
        return dict(_sentences(version, chosen))


def _sentences(version: RuleVersion, language: str) -> Iterator[tuple[str, str]]:
    """Yield each topic with what the version says of it."""
    currency = version.currency
    yield "orders", _orders(version, currency, language)
    terms = {term.side: term for term in version.terms.all()}
    yield "nothing", "" if terms else _("Nobody gets anything yet.")
    for side in Side:
        yield side, _promise(side, terms.get(side), currency, language)
    wait = count_of(version.wait_count, version.wait_unit)
    yield "wait", _("It is earned %(wait)s after installation at the earliest.") % {"wait": wait}
    yield "bills", _bills(version)
    yield "late", _late(version)
    yield "served", _("The friend must still be served on that day.") if version.must_be_active else ""
    latest = count_of(version.months_to_qualify, "months")
    yield "latest", _("What is not earned within %(latest)s of installation is forfeited.") % {"latest": latest}
    yield "clawback", _clawback(version)
    yield from _limits(version, currency, language)


def _orders(version: RuleVersion, currency: str, language: str) -> str:
    rule = conditions_of(version)
    if not rule.groups:
        return _("It holds for every referred order.")
    words = vocabulary(version.rule.division)
    either = [
        _(" and ").join(_condition(criterion, words, currency, language) for criterion in group.criteria)
        for group in rule.groups
    ]
    return _("It holds for orders of which this is true: %(conditions)s.") % {"conditions": _("; or ").join(either)}


def _condition(criterion: Criterion, words: Mapping[str, Mapping[str, str]], currency: str, language: str) -> str:
    fact = FACTS[criterion.fact]
    labels = words.get(criterion.fact, {})
    values = [labels.get(value, value) for value in criterion.values]
    if fact.is_money:
        values = [format_money(Decimal(value), currency, language) for value in criterion.values]
    if fact.kind is Kind.FLAG:
        values = [_("yes") if value == "true" else _("no") for value in criterion.values]
    said = {"fact": fact.label, "how": _how(criterion), "values": _(" and ").join(values)}
    if criterion.comparison in {Comparison.IN, Comparison.NOT_IN}:
        said["values"] = ", ".join(values)
    told = (_("%(fact)s %(how)s %(values)s") % said).strip()
    passed_over = criterion.if_insufficient is CriterionStep.NEXT
    return _("%(condition)s (passed over if it is not known)") % {"condition": told} if passed_over else told


def _how(criterion: Criterion) -> str:
    if criterion.comparison is Comparison.CONTAINS:
        return _("do not include") if criterion.if_true is CriterionStep.GROUP_FALSE else _("include")
    return str(ComparisonInWords(criterion.comparison.value).label)


def only_in(currency: str) -> str:
    """Say why cash cannot be promised where another currency is sold in."""
    return _("Banks transfer cash in %(currency)s only: choose a bill credit here.") % {"currency": currency}


def _promise(side: Side, term: RewardTerm | None, currency: str, language: str) -> str:
    if term is None:
        return ""
    if term.form == RewardForm.FREE_MONTH:
        return _free_month(side, term)
    value = term.amount if term.basis == Basis.FLAT else term.percent
    much = [_much(term, value, currency, language)] if value is not None else []
    much += [
        _("from reward number %(first)d on %(much)s")
        % {"first": first, "much": _much(term, Decimal(step), currency, language)}
        for first, step in term.tiers
    ]
    base = "" if term.basis == Basis.FLAT else f" ({Basis(term.basis).label})"
    said = {"much": "; ".join(much) + base}
    if term.form == RewardForm.CASH and side == Side.REFERRER:
        return _("The referrer gets cash, by bank transfer: %(much)s.") % said
    if term.form == RewardForm.CASH:
        return _("The friend gets cash, by bank transfer: %(much)s.") % said
    if side == Side.REFERRER:
        return _("The referrer gets a bill credit of %(much)s.") % said
    return _("The friend gets a bill credit of %(much)s.") % said


def _free_month(side: Side, term: RewardTerm) -> str:
    services = {"services": services_in_words(term)}
    if side == Side.REFERRER:
        if term.families:
            return (
                _("The referrer gets a free month of %(services)s: a credit of what they pay for it then.") % services
            )
        return _("The referrer gets a free month: a credit of what they pay each month at that time.")
    if term.families:
        return _("The friend gets a free month of %(services)s: a credit of what they pay for it then.") % services
    return _("The friend gets a free month: a credit of what they pay each month at that time.")


def _much(term: RewardTerm, value: Decimal, currency: str, language: str) -> str:
    return format_money(value, currency, language) if term.basis == Basis.FLAT else f"{plain(value)} %"


def _bills(version: RuleVersion) -> str:
    if not version.bills_needed:
        return _("No bill needs to be paid for it.")
    text = ngettext(
        "By then %(count)d bill of the friend must be paid in full.",
        "By then %(count)d bills of the friend must be paid in full.",
        version.bills_needed,
    )
    return text % {"count": version.bills_needed}


def _late(version: RuleVersion) -> str:
    if version.days_late_allowed is None:
        return _("It does not matter how late a bill is paid.")
    if version.days_late_allowed == 0:
        said = _("No bill may be paid after the day on which it is due.")
    else:
        text = ngettext(
            "No bill may be paid more than %(count)d day after it is due.",
            "No bill may be paid more than %(count)d days after it is due.",
            version.days_late_allowed,
        )
        said = text % {"count": version.days_late_allowed}
    if version.weekend_moves_due_date:
        return f"{said} {_('A due date on a weekend counts as the Monday after.')}"
    return said


def _clawback(version: RuleVersion) -> str:
    full, none = version.clawback_full_days, version.clawback_none_days
    if not none:
        return _("What was earned is not taken back when the friend leaves later.")
    if full >= none:
        return _("If the friend leaves within %(full)s of installation, all of it is taken back.") % {
            "full": count_of(full, "days")
        }
    if not full:
        text = _("If the friend leaves early, it is taken back: less each day, nothing from day %(none)d on.")
        return text % {"none": none}
    text = _(
        "If the friend leaves within %(full)s of installation, all of it is taken back; after that less each day, "
        "and nothing from day %(none)d on."
    )
    return text % {"full": count_of(full, "days"), "none": none}


def _limits(version: RuleVersion, currency: str, language: str) -> Iterator[tuple[str, str]]:
    budget = version.budget
    money = format_money(budget, currency, language) if budget is not None else ""
    yield (
        "budget",
        _("All rewards of the rule, those of its earlier versions included, are at most %(budget)s together.")
        % {"budget": money}
        if money
        else "",
    )
    texts = {
        "most_per_month": _("Nobody gets more than %(count)d in a month."),
        "most_per_year": _("Nobody gets more than %(count)d in a year."),
        "most_ever": _("Nobody gets more than %(count)d in all."),
    }
    for name, text in texts.items():
        count = getattr(version, name)
        yield name, text % {"count": count} if count is not None else ""
