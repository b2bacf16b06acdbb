"""Let a customer take part, and end it."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from phonenumber_field.phonenumber import to_python

from accounts.models import Account, Contact
from foundation.divisions.models import Division
from foundation.events.facts import Fact
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from referrals.events import ReferrerEnrolled, ReferrerLeft, ReferrerReturned, ReferrerSuspended
from referrals.models import Programme, Referrer
from referrals.queries import programme_for, why_not_join
from referrals.services.invitations import require_own, withdraw_unsent
from referrals.states import ReferrerStatus

ACCEPTED = ("terms_version", "terms_text", "terms_accepted_at", "terms_evidence")


def enrol(  # noqa: PLR0913  # who, how they are known, what they accepted: each has a name
    *,
    account_number: str,
    verifier: str,
    division: Division,
    accepted_terms: bool,
    language: str,
    evidence: Mapping[str, Any],
    by: User | None,
) -> Referrer:
    """
    Let the customer of an account take part, who names it and what only they and we know; again, the same referrer.

    :param verifier: the e-mail address or the whole phone number that we have on file
    :param division: the site's market, below which the account must lie
    :param evidence: how it is known that they accepted the terms: the request's address, the page
    :raises NotAllowed: `not_verified` (the same whether there is such an account or not), `terms`, or a code of
        `queries.why_not_join`
    """
    account = _verified(account_number, verifier, division)
    return _take_in(
        account.pk, accepted_terms=accepted_terms, evidence={**evidence, "how": "verifier"}, language=language, by=by
    )


def enrol_account(account_id: int, *, accepted_terms: bool, evidence: Mapping[str, Any], by: User) -> Referrer:
    """
    Let an account's customer take part who is signed in, or whom a member of staff speaks with; again, the same.

    :raises NotAllowed: `not_permitted` to anybody else, `terms`, or a code of `queries.why_not_join`
    """
    account = Account.objects.select_related("customer", "division").get(pk=account_id)
    is_owner = account.customer.user_id == by.pk
    if not is_owner:
        require(by, Permission.WORK_REFERRALS, account.division)
    how = "signed_in" if is_owner else "staff"
    return _take_in(
        account.pk,
        accepted_terms=accepted_terms,
        evidence={**evidence, "how": how, "user": by.pk},
        language=account.customer.language,
        by=by,
    )


def _verified(account_number: str, verifier: str, division: Division) -> Account:
    """Return the account that somebody has named and proved to know; what it costs does not tell what was wrong."""
    number = "".join(account_number.split()).upper()
    number = number if number.startswith("A") else f"A{number}"
    account = Account.objects.filter(number=number, division__lineage__contains=[division.pk]).first()
    contacts = Contact.objects.filter(customer_id=account.customer_id if account else 0)
    on_file = [value for contact in contacts for value in (contact.email, str(contact.phone)) if value]
    typed = _digests(_readings(verifier))
    matches = [hmac.compare_digest(one, other) for one in _digests(on_file or ["nobody"]) for other in typed]
    if account is None or not on_file or not any(matches):
        raise NotAllowed(
            _("We do not find this account number together with this e-mail address or phone number."),
            code="not_verified",
        )
    return account


def _readings(verifier: str) -> list[str]:
    """Return what somebody typed as an e-mail address and as a phone number."""
    phone = to_python(verifier.strip(), region="US")
    return [verifier.strip().lower() or "-", phone.as_e164 if phone and phone.is_valid() else "-"]


def _digests(values: list[str]) -> list[bytes]:
    return [hashlib.sha256(value.encode()).digest() for value in values]


@transaction.atomic
def _take_in(
    account_id: int, *, accepted_terms: bool, evidence: Mapping[str, Any], language: str, by: User | None
) -> Referrer:
    account = Account.objects.locked().select_related("customer", "division").get(pk=account_id)
    programme = programme_for(account.division, today(account.division))
    known = Referrer.objects.locked().filter(account=account, programme=programme).first() if programme else None
    if known and known.status != ReferrerStatus.LEFT:
        return known
    reasons = why_not_join(account)
    if reasons or programme is None:
        raise NotAllowed(reasons[0].sentence, code=reasons[0].code)
    if not accepted_terms:
        raise NotAllowed(_("Accept the terms of the program to take part."), code="terms", field="accepted_terms")
    referrer = known or Referrer(
        programme=programme, division=account.division, customer=account.customer, account=account
    )
    _accept_terms(referrer, programme, evidence, language)
    if known:
        referrer.return_("")
        referrer.save(update_fields=["status", "status_reason", *ACCEPTED])
        _tell(ReferrerReturned(referrer_id=referrer.pk), referrer, by=by)
    else:
        referrer.save(force_insert=True)
        _tell(ReferrerEnrolled(referrer_id=referrer.pk), referrer, by=by)
    return referrer


def _accept_terms(referrer: Referrer, programme: Programme, evidence: Mapping[str, Any], language: str) -> None:
    referrer.terms_version = programme.terms_version
    referrer.terms_text = programme.terms_texts.in_language(language)
    referrer.terms_accepted_at = now()
    referrer.terms_evidence = {**evidence, "language": language}


def _tell(fact: Fact, referrer: Referrer, *, by: User | None) -> None:
    about = [referrer.customer, referrer.account]
    publish(fact, subject=referrer, about=about, division=referrer.division, by=by)


def _locked(referrer_id: int) -> Referrer:
    return Referrer.objects.locked().select_related("customer", "account", "division").get(pk=referrer_id)


@transaction.atomic
def suspend_referrer(referrer_id: int, reason: str, *, by: User) -> Referrer:
    """
    Let a referrer refer nobody for now: their links land and earn nothing, what is not sent yet stays unsent.

    :raises NotAllowed: if the person may not, says no reason, or the referrer is not active
    """
    referrer = _locked(referrer_id)
    require(by, Permission.WORK_REFERRALS, referrer.division)
    if not reason.strip():
        raise NotAllowed(_("Say why."), code="no_reason", field="reason")
    referrer.suspend(reason.strip()[:200])
    referrer.save(update_fields=["status", "status_reason"])
    withdraw_unsent(referrer, by=by)
    _tell(ReferrerSuspended(referrer_id=referrer.pk), referrer, by=by)
    return referrer


@transaction.atomic
def return_referrer(referrer_id: int, reason: str = "", *, by: User) -> Referrer:
    """
    Let a referrer take part again.

    :raises NotAllowed: if the person may not, or the referrer is active
    """
    referrer = _locked(referrer_id)
    require(by, Permission.WORK_REFERRALS, referrer.division)
    referrer.return_(reason.strip()[:200])
    referrer.save(update_fields=["status", "status_reason"])
    _tell(ReferrerReturned(referrer_id=referrer.pk), referrer, by=by)
    return referrer


@transaction.atomic
def leave_programme(referrer_id: int, *, by: User) -> Referrer:
    """
    Let a referrer take part no longer, who wishes so; what was earned stays earned.

    :raises NotAllowed: if the person is neither the referrer nor may work on referrals, or they left before
    """
    referrer = _locked(referrer_id)
    require_own(referrer, by)
    referrer.leave()
    referrer.save(update_fields=["status", "status_reason"])
    withdraw_unsent(referrer, by=by)
    _tell(ReferrerLeft(referrer_id=referrer.pk), referrer, by=by)
    return referrer
