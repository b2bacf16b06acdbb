"""Why a package is refused, and what would change it: kept as data, said in the reader's language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from catalog.queries.catalogue import ListedRule
from catalog.states import ANSWER_PREFIX, FACTS, Comparison, CustomerClass, ReasonCode
from foundation.divisions.fields import Texts
from foundation.rules import CriterionTrace, Decision, Truth
from territory.states import ProductFamily, Technology

Json = dict[str, Any]

MBPS_IN_A_GBPS = 1000
"""From here on a speed is said in Gbps."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One thing that stands between a customer and a package; `details` are JSON primitives by name."""

    code: ReasonCode
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """Why, in the active language."""
        return _SENTENCES[self.code](self.details)

    @property
    def remedy(self) -> str:
        """What would change it, in the active language; empty if nothing in the customer's hands does."""
        remedy = _REMEDIES.get(self.code)
        return remedy(self.details) if remedy else ""

    def as_json(self) -> Json:
        """Return the reason in JSON primitives."""
        return {"code": self.code.value, "details": dict(self.details)}

    @classmethod
    def from_json(cls, data: Json) -> "Reason":
        """Read what `as_json` wrote."""
        return cls(code=ReasonCode(data["code"]), details=data["details"])


def reasons_of(decision: Decision, listed: ListedRule) -> tuple[Reason, ...]:
    """Return why a rule does not hold: one reason for each group that the operator explained, else each criterion."""
    if decision.holds:
        return ()
    missing = tuple(_answer_missing(line) for line in decision.deciding if line.truth is Truth.INSUFFICIENT)
    if missing:
        return missing
    concluding = len(decision.groups) - 1
    if concluding >= 0 and listed.refusals[concluding]:
        texts = {"refusal": dict(listed.refusals[concluding]), "remedy": dict(listed.remedies[concluding])}
        return (Reason(code=ReasonCode.NOT_ELIGIBLE, details=texts),)
    return tuple(_criterion_not_met(line) for line in decision.deciding) or (Reason(code=ReasonCode.NOT_ELIGIBLE),)


def each_once(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Drop what would read like an earlier reason: two TV products refused alike are one sentence."""
    told: dict[tuple[ReasonCode, str], Reason] = {}
    for reason in reasons:
        told.setdefault((reason.code, reason.sentence), reason)
    return tuple(told.values())


def fact_label(fact: str) -> str:
    """Return what people call a fact."""
    if fact in FACTS:
        return str(FACTS[fact].label)
    return _("answer to “%(question)s”") % {"question": fact.removeprefix(ANSWER_PREFIX)}


def in_words(line: CriterionTrace) -> str:
    """Return what a criterion asked, such as “download speed is at least 300”."""
    criterion = line.criterion
    parts = (fact_label(criterion.fact), str(Comparison(criterion.comparison).label), ", ".join(criterion.values))
    return " ".join(part for part in parts if part)


def _answer_missing(line: CriterionTrace) -> Reason:
    return Reason(code=ReasonCode.ANSWER_MISSING, details={"fact": line.criterion.fact})


def _criterion_not_met(line: CriterionTrace) -> Reason:
    shown = line.as_json()
    return Reason(
        code=ReasonCode.NOT_ELIGIBLE,
        details={name: shown[name] for name in ("fact", "comparison", "values", "actual", "truth")},
    )


def _family(details: Mapping[str, Any]) -> str:
    return str(ProductFamily(details["family"]).label)


def _technologies(codes: list[str]) -> str:
    names = [technology_name(code) for code in codes]
    return _(" or ").join(names)


def technology_name(code: str) -> str:
    """Return what people call a technology of access, as it stands within a sentence."""
    label = str(Technology(code).label) if code in Technology.values else code
    return label if label.isupper() else label.lower()


def speed_in_words(mbps: int) -> str:
    """Say a speed as people say it: 500 Mbps, 1.2 Gbps."""
    if mbps < MBPS_IN_A_GBPS:
        return f"{mbps} Mbps"
    gbps = Decimal(mbps) / MBPS_IN_A_GBPS
    return f"{number_format(gbps.normalize() if gbps % 1 else int(gbps))} Gbps"


def _what_the_address_has(details: Mapping[str, Any]) -> str:
    technology, speed = details.get("has_technology"), details.get("has_mbps")
    if technology and speed:
        return _("this address has %(technology)s up to %(speed)s") % {
            "technology": technology_name(technology),
            "speed": speed_in_words(speed),
        }
    if speed:
        return _("this address has up to %(speed)s") % {"speed": speed_in_words(speed)}
    if technology:
        return _("this address has %(technology)s") % {"technology": technology_name(technology)}
    return _("what this address has is not known")


def _say_technology(details: Mapping[str, Any]) -> str:
    needed, found = _technologies(details["needs_technologies"]), _what_the_address_has(details)
    return _("Needs %(needed)s; %(found)s.") % {"needed": needed, "found": found}


def _say_speed(details: Mapping[str, Any]) -> str:
    said = {"needed": speed_in_words(details["needs_mbps"]), "found": _what_the_address_has(details)}
    if details["direction"] == "up":
        return _("Needs %(needed)s upload; %(found)s.") % said
    return _("Needs %(needed)s; %(found)s.") % said


def _say_planned(details: Mapping[str, Any]) -> str:
    if available_from := details.get("available_from"):
        day = date_format(date.fromisoformat(available_from))
        return _("%(family)s is planned here from %(date)s.") % {"family": _family(details), "date": day}
    return _("%(family)s is planned here; the date is not set.") % {"family": _family(details)}


def _say_not_eligible(details: Mapping[str, Any]) -> str:
    if refusal := details.get("refusal"):
        return Texts(refusal).in_language()
    if not details:
        return _("This package is not for this order.")
    actual = details["actual"]
    return _("%(fact)s: %(actual)s.") % {
        "fact": capfirst(fact_label(details["fact"])),
        "actual": ", ".join(actual) if isinstance(actual, list) else actual,
    }


def _remedy_not_eligible(details: Mapping[str, Any]) -> str:
    if "refusal" in details:
        return Texts(details["remedy"]).in_language()
    if not details or details["truth"] != Truth.FALSE:
        return ""
    return _("Offered if the %(fact)s %(comparison)s %(values)s.") % {
        "fact": fact_label(details["fact"]),
        "comparison": Comparison(details["comparison"]).label,
        "values": ", ".join(details["values"]),
    }


def _say_class(details: Mapping[str, Any]) -> str:
    classes = ", ".join(str(CustomerClass(code).label) for code in details["classes"])
    return _("For these customers only: %(classes)s.") % {"classes": classes}


_SENTENCES = {
    ReasonCode.TECHNOLOGY: _say_technology,
    ReasonCode.SPEED: _say_speed,
    ReasonCode.PLANNED: _say_planned,
    ReasonCode.UNSERVICEABLE: lambda details: (
        _("%(family)s is not available at this address.") % {"family": _family(details)}
    ),
    ReasonCode.UNKNOWN: lambda details: (
        _("It is not known whether this address can have %(family)s.") % {"family": _family(details)}
    ),
    ReasonCode.ACTIVE_SERVICE: lambda details: (
        _("%(family)s is already active at this address.") % {"family": _family(details)}
    ),
    ReasonCode.BLOCKED: lambda details: (
        _("%(family)s cannot be ordered online for this address.") % {"family": _family(details)}
    ),
    ReasonCode.NO_CHOICE: lambda _details: _("Nothing that this package lets you choose can be had at this address."),
    ReasonCode.NOT_PRICED: lambda _details: _("A part of this package has no price today."),
    ReasonCode.NOT_ELIGIBLE: _say_not_eligible,
    ReasonCode.ANSWER_MISSING: lambda details: _("Answer missing: %(fact)s.") % {"fact": fact_label(details["fact"])},
    ReasonCode.OTHER_CLASS: _say_class,
}
_REMEDIES = {
    ReasonCode.PLANNED: lambda _details: _("Leave an address and we tell you when it is there."),
    ReasonCode.UNSERVICEABLE: lambda _details: _("Leave an address and we tell you if that changes."),
    ReasonCode.UNKNOWN: lambda _details: _("Check the address again, or call us."),
    ReasonCode.ACTIVE_SERVICE: lambda _details: _("Moving in, or changing your service? Call us."),
    ReasonCode.BLOCKED: lambda _details: _("Call us."),
    ReasonCode.ANSWER_MISSING: lambda _details: _("Answer the question and it is checked again."),
    ReasonCode.NOT_ELIGIBLE: _remedy_not_eligible,
}
