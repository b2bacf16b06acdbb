"""Make programmes, referrers, invitations and referrals for tests, by way of the services."""

from itertools import count
from typing import Any

from accounts.models import ContactDetails
from accounts.testing import make_details
from foundation.divisions.fields import Texts
from foundation.divisions.models import Division
from foundation.now import today
from foundation.people.models import User
from foundation.people.states import Role
from foundation.people.testing import make_person
from orders.models import Order
from orders.services import CODE_MARK, add_attribution
from orders.states import OrderStatus
from orders.testing import Market, bring_to, make_draft, make_market, make_order
from referrals import services
from referrals.models import Invitation, Programme, Referral, Referrer, Touch
from referrals.services import FriendRow
from territory.testing import make_qualification

_numbers = count(1)
IN_LETTERS = str.maketrans("0123456789", "abcdefghij")
"""Numbers as letters: a name has no figures."""


def make_programme(division: Division, *, is_running: bool = True, code: str = "", **values: Any) -> Programme:
    """Make a programme that runs from today on, unless told otherwise."""
    number = next(_numbers)
    programme = Programme.objects.create(
        **{
            "code": code or f"programme-{number}",
            "division": division,
            "names": Texts(en=f"Bring a friend {number}", es=f"Trae a un amigo {number}"),
            "starts_on": today(division),
            "headlines": Texts(en="Your friend has a good line"),
            "subjects": Texts(en="{referrer} invites you to {brand}", es="{referrer} le invita a {brand}"),
            "invitation_texts": Texts(en="{referrer} likes it at {brand}. {reward}", es="{referrer} está contento."),
            "rewards_in_words": Texts(en="You get $50 three months after your friend is connected."),
            "friend_rewards_in_words": Texts(en="You get $25 off."),
            "terms_texts": Texts(en="One reward a friend.", es="Un premio por amigo."),
        }
        | values
    )
    if is_running:
        services.start_programme(programme.pk, by=make_person(Role.OPERATOR, division))
        programme.refresh_from_db()
    return programme


def make_referrer(
    market: Market | None = None,
    *,
    programme: Programme | None = None,
    details: ContactDetails | None = None,
    user: User | None = None,
    order: Order | None = None,
) -> Referrer:
    """Make a customer whose services work and who takes part, in a market with a running programme."""
    market = market or make_market()
    if programme is None and not Programme.objects.filter(division__in=market.division.lineage).exists():
        make_programme(market.division)
    order = order or make_order(OrderStatus.COMPLETED, market, details=details or make_details(), by=user)
    customer, account = order.parties()
    if user:
        customer.user = user
        customer.save(update_fields=["user"])
    return services.enrol(
        account_number=account.number,
        verifier=customer.contacts.get().email,
        division=market.division,
        accepted_terms=True,
        language="en",
        evidence={"address": "192.0.2.1"},
        by=user,
    )


def make_friend_row(market_division: Division, **typed: Any) -> FriendRow:
    """Make a row with a friend whose address can be served."""
    number = next(_numbers)
    premises = make_qualification(market_division).premises
    assert premises is not None
    values: dict[str, Any] = {
        "name": f"Alex {str(number).translate(IN_LETTERS).title()}",
        "email": f"friend-{number}@friends.example",
        "address": premises.label,
        "premises_id": premises.pk,
    }
    return FriendRow(**(values | typed))


def make_invitation(referrer: Referrer, **typed: Any) -> Invitation:
    """Invite one friend; the letter is owed, not written."""
    row = make_friend_row(referrer.division, **typed)
    outcome = services.invite_friends(referrer.pk, [row], form_key=f"form-{next(_numbers)}", language="en", by=None)[0]
    assert outcome.invitation_id, outcome
    return Invitation.objects.get(pk=outcome.invitation_id)


def make_click(referrer: Referrer) -> Touch:
    """Let somebody follow a referrer's link."""
    click = services.record_click(referrer.code, division=referrer.division)
    assert click
    return Touch.objects.get(token=click.touch_token)


def make_referral(
    referrer: Referrer | None = None,
    market: Market | None = None,
    *,
    status: OrderStatus = OrderStatus.ACKNOWLEDGED,
    details: ContactDetails | None = None,
) -> Referral:
    """Make the referral of an order that a friend has placed with a referrer's code; completed, it is installed."""
    market = market or make_market()
    referrer = referrer or make_referrer(market)
    order = make_draft(market, details=details)
    add_attribution(order.pk, f"{CODE_MARK}{referrer.code}")
    bring_to(order, status)
    referral = services.resolve_order(order.pk)
    assert referral
    if status == OrderStatus.COMPLETED:
        referral = services.record_install(order.pk)
    return referral
