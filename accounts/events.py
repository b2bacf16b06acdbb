"""What happens to customers and their accounts."""

from dataclasses import dataclass

from foundation.events.facts import Fact


@dataclass(frozen=True, kw_only=True)
class ContactCorrected(Fact, name="accounts.contact_corrected"):
    """A person's details were corrected; `fields` says which, not what."""

    contact_id: int
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class AccountActivated(Fact, name="accounts.account_activated"):
    """Service has begun on an account."""

    account_id: int


@dataclass(frozen=True, kw_only=True)
class AccountClosed(Fact, name="accounts.account_closed"):
    """Nothing is served on an account any more."""

    account_id: int


@dataclass(frozen=True, kw_only=True)
class StandingChanged(Fact, name="accounts.standing_changed"):
    """An account's bills are overdue, or no longer."""

    account_id: int
    standing: str


@dataclass(frozen=True, kw_only=True)
class ConsentWithdrawn(Fact, name="accounts.consent_withdrawn"):
    """A customer took a consent back."""

    consent_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class OutageNoticesWanted(Fact, name="accounts.outage_notices_wanted"):
    """A customer wants to be told of outages, or no longer does."""

    customer_id: int
    wants: bool


@dataclass(frozen=True, kw_only=True)
class CustomerClaimed(Fact, name="accounts.customer_claimed"):
    """Somebody who can sign in was shown to be this customer."""

    customer_id: int
