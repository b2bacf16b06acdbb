"""
Every address of the site, and who may open it. A new address that is not named here fails `tests/test_visibility.py`.

One line per address: its name, who may open it (roles; `ANONYMOUS` for visitors), and how to name a real row of a
`World`. The admin needs no lines: its classes say it themselves (`permission`, `viewers`, `division_path`); a new model
there needs one row in `World`.

    "desk:order": Page(holders(Permission.SEE_ORDERS), lambda world: {"pk": world.order.pk}),
    "desk:order_hold": Page(holders(Permission.WORK_ORDERS), lambda world: {"pk": world.order.pk}, answers=POST_ONLY),
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType

from accounts.testing import make_details, make_partner
from billing.models import BillingSystem, InboundFact, Submission
from billing.states import FactOutcome
from catalog.models import EligibilityGroup
from catalog.testing import make_campaign, make_charge, make_package, make_product, make_promotion
from foundation.correspondence.models import Document, Message
from foundation.correspondence.services import Letter, queue_message
from foundation.divisions.models import Division
from foundation.divisions.testing import make_division
from foundation.events.models import Delivery
from foundation.jobs.models import Job
from foundation.now import now
from foundation.people.models import User
from foundation.people.queries import roles_granting
from foundation.people.states import STAFF_ROLES, Permission, Role
from foundation.people.testing import make_person
from leads.testing import make_lead
from orders.models import Order
from orders.states import OrderStatus
from orders.testing import make_market, make_order
from territory.models import AddressLookup, ImportFile
from territory.services import override_availability
from territory.states import AvailabilityStatus, LookupResult
from territory.testing import make_premises, make_qualification

ANONYMOUS = "anonymous"
SIGNED_IN = frozenset(Role)
STAFF = frozenset(STAFF_ROLES)
ANYONE = frozenset({ANONYMOUS, *Role})
NOBODY: frozenset[str] = frozenset()

SHOWS = frozenset({200})
POST_ONLY = frozenset({405})
SHOWS_OR_LEADS_ON = frozenset({200, 302})
"""A step that leads on where it is not the turn of its row."""


def holders(permission: Permission) -> frozenset[str]:
    """Return the roles that have a permission."""
    return frozenset(roles_granting(permission))


class World:
    """A market with a row of everything, in whose every text stands its marker."""

    def __init__(self, marker: str, top: Division) -> None:
        self.marker = marker
        code = marker.lower()
        self.division = make_division(f"{marker} market", code=code, parent=top)
        self.people = {role: make_person(role, self.division, name=f"{marker} {role}") for role in Role}
        self.market = make_market(self.division)
        self.product = make_product(self.division, f"{code}-product")
        self.package = make_package(self.division, f"{code}-package", items=[{"product": self.product.code}])
        make_campaign(self.division, f"{code}-campaign", packages=[self.package.code])
        make_promotion(self.division, f"{code}-promotion", package=self.package)
        make_charge(self.division, f"{code}-charge")
        self.group = EligibilityGroup.objects.create(package=self.package, name=f"{marker} group")
        self.partner = make_partner(self.division, user=self.people[Role.PARTNER], code=f"{code}-partner")
        self.order = self._make_order(OrderStatus.IN_PROGRESS)
        self.completed = self._make_order(OrderStatus.COMPLETED)
        self.draft = self._make_order(OrderStatus.DRAFT)
        self.qualification = make_qualification(self.division)
        self.lead = make_lead(self.division, email=f"lead@{code}.example")
        self.message = self._make_message()
        self.document = self._make_document()
        self.job = Job.objects.create(
            kind="test", title=f"{marker} import", division=self.division, by=self.people[Role.OPERATOR], total=1
        )
        self.submission = self._make_submission()
        self._make_territory()
        Delivery.objects.filter(event__division=self.division).update(failed_at=now(), error=f"{marker} failed")

    def _make_order(self, status: OrderStatus) -> Order:
        customer: User = self.people[Role.CUSTOMER]
        details = make_details(name=f"{self.marker} Resident", email=f"{status}@{self.marker.lower()}.example")
        order = make_order(status, self.market, details=details, by=customer, sold_for=self.partner)
        if order.customer:
            order.customer.user = customer
            order.customer.save(update_fields=["user"])
        return order

    def _make_message(self) -> Message:
        letter = Letter(f"{self.marker} subject", f"{self.marker} text", f"<p>{self.marker}</p>")
        to = f"resident@{self.marker.lower()}.example"
        return queue_message(
            letter,
            key=f"test:{self.marker}",
            kind="test",
            to=to,
            language="en",
            division=self.division,
            subject=self.order,
        )

    def _make_document(self) -> Document:
        return Document.objects.create(
            subject_type="orders.order",
            subject_id=self.order.pk,
            kind="test",
            division=self.division,
            language="en",
            filename=f"{self.marker}.pdf",
            content=f"%PDF {self.marker}".encode(),
        )

    def _make_territory(self) -> None:
        operator, text = self.people[Role.OPERATOR], f"12 {self.marker} Street"
        premises = make_premises(self.division, text)
        override_availability(premises.pk, status=AvailabilityStatus.BLOCKED, note=self.marker, by=operator)
        AddressLookup.objects.create(division=self.division, typed=text, result=LookupResult.values[0])
        ImportFile.objects.create(division=self.division, name=f"{self.marker}.csv", digest=self.marker, delimiter=",")

    def _make_submission(self) -> Submission:
        system = BillingSystem.objects.get(division=self.division)
        InboundFact.objects.create(
            billing_system=system,
            event_id=f"fact-{self.marker}",
            kind="test",
            payload={"who": self.marker},
            outcome=FactOutcome.values[0],
            occurred_at=now(),
        )
        return Submission.objects.filter(division=self.division).first()

    def pk_of(self, model: Any, path: str | None) -> int:
        """Return the key of a row of this market, of any where the table belongs to no market, 0 where there is none."""
        if path is None:
            return getattr(model._default_manager.first(), "pk", 0)
        row = self._row_of(model, path)
        assert row, f"A World has no {model.__name__}: give it one in tests/url_matrix.py"
        return row.pk

    def _row_of(self, model: Any, path: str) -> Any:
        if model in (User, EligibilityGroup):
            return self.people[Role.CSR] if model is User else self.group
        place = self.division.pk if path == "pk" else self.division
        return model._default_manager.filter(**{path: place}).first()


@dataclass(frozen=True)
class Page:
    """Who may open an address, on which row, and what it answers them."""

    who: frozenset[str]
    row: Callable[[World], dict[str, Any]] | None = None
    answers: frozenset[int] = SHOWS
    query: str = ""
    by_secret: bool = False
    """Whoever knows the address's secret may open it, from whatever market."""
    about_oneself: bool = False
    """What it shows depends on nothing but the session: no row of anybody else can be named."""


def pk_of(name: str) -> Callable[[World], dict[str, Any]]:
    """Name a row of the world by its primary key."""
    return lambda world: {"pk": getattr(world, name).pk}


def token_of(name: str) -> Callable[[World], dict[str, Any]]:
    """Name an order of the world by its secret."""
    return lambda world: {"token": getattr(world, name).token}


def brand_of(world: World) -> dict[str, Any]:
    """Name the world's brand."""
    return {"code": world.market.site.brand.code, "version": int(world.market.site.brand.version)}


def view_on_site(world: World) -> dict[str, Any]:
    """Name a row that has no page on the site."""
    return {"content_type_id": ContentType.objects.get_for_model(Division).pk, "object_id": world.division.pk}


OWN = Page(ANYONE, about_oneself=True)
SEE, WORK = holders(Permission.SEE_ORDERS), holders(Permission.WORK_ORDERS)
SEE_LEADS, WORK_LEADS = holders(Permission.SEE_LEADS), holders(Permission.WORK_LEADS)
SETTLE, IMPORT = holders(Permission.SETTLE_SUBMISSIONS), holders(Permission.IMPORT)

MATRIX: dict[str, Page] = {
    # One's own account.
    "account_login": OWN,
    "account_logout": OWN,
    "account_inactive": OWN,
    "account_signup": OWN,
    "account_reauthenticate": OWN,
    "account_email": OWN,
    "account_email_verification_sent": OWN,
    "account_change_password": OWN,
    "account_set_password": OWN,
    "account_reset_password": OWN,
    "account_reset_password_done": OWN,
    "account_reset_password_from_key_done": OWN,
    "account_confirm_login_code": OWN,
    "account_confirm_email": Page(ANYONE, lambda _world: {"key": "unknown"}, by_secret=True),
    "account_reset_password_from_key": Page(ANYONE, lambda _world: {"uidb36": "1", "key": "unknown"}, by_secret=True),
    "mfa_index": OWN,
    "mfa_authenticate": OWN,
    "mfa_reauthenticate": OWN,
    "mfa_activate_totp": OWN,
    "mfa_deactivate_totp": OWN,
    "mfa_view_recovery_codes": OWN,
    "mfa_generate_recovery_codes": OWN,
    "mfa_download_recovery_codes": OWN,
    "usersessions_list": OWN,
    "people:end_session": Page(NOBODY, lambda _world: {"pk": 0}, POST_ONLY),  # one's own: tests/people/test_sign_in.py
    # The signed-in customer and partner.
    "selfcare:start": Page(SIGNED_IN),
    "selfcare:order": Page(frozenset({Role.CUSTOMER}), pk_of("order")),
    "selfcare:sales": Page(frozenset({Role.PARTNER})),
    # The desk.
    "desk:home": Page(STAFF),
    "desk:search": Page(STAFF, query="q=Resident"),
    "desk:keys": Page(STAFF),
    "desk:save_filter": Page(STAFF, answers=POST_ONLY),
    "desk:forget_filter": Page(NOBODY, lambda _world: {"pk": 0}, POST_ONLY),
    "desk:orders": Page(SEE),
    "desk:order": Page(SEE, pk_of("order")),
    "desk:new_order": Page(WORK),
    "desk:order_reschedule": Page(WORK, pk_of("order"), SHOWS_OR_LEADS_ON),
    "desk:order_correct": Page(WORK, pk_of("order"), SHOWS_OR_LEADS_ON),
    "desk:order_hold": Page(WORK, pk_of("order"), SHOWS_OR_LEADS_ON),
    "desk:order_release": Page(WORK, pk_of("order"), SHOWS_OR_LEADS_ON | POST_ONLY),
    "desk:order_reject": Page(WORK, pk_of("order"), SHOWS_OR_LEADS_ON),
    "desk:order_cancel": Page(WORK, pk_of("order"), SHOWS_OR_LEADS_ON),
    "desk:order_approve_cancellation": Page(WORK, pk_of("order"), SHOWS_OR_LEADS_ON | POST_ONLY),
    "desk:order_refuse_cancellation": Page(WORK, pk_of("order"), SHOWS_OR_LEADS_ON | POST_ONLY),
    "desk:customer": Page(SEE, lambda world: {"pk": world.order.customer_id}),
    "desk:submissions": Page(SEE),
    "desk:submission": Page(SEE, pk_of("submission")),
    "desk:submission_resend": Page(SETTLE, pk_of("submission"), SHOWS_OR_LEADS_ON | POST_ONLY),
    "desk:submission_settle": Page(SETTLE, pk_of("submission"), SHOWS_OR_LEADS_ON),
    "desk:leads": Page(SEE_LEADS),
    "desk:lead": Page(SEE_LEADS, pk_of("lead")),
    "desk:lead_assign": Page(WORK_LEADS, pk_of("lead"), SHOWS_OR_LEADS_ON | POST_ONLY),
    "desk:lead_note": Page(WORK_LEADS, pk_of("lead"), SHOWS_OR_LEADS_ON | POST_ONLY),
    "desk:lead_close": Page(WORK_LEADS, pk_of("lead"), SHOWS_OR_LEADS_ON | POST_ONLY),
    "desk:lead_convert": Page(WORK_LEADS, pk_of("lead"), SHOWS_OR_LEADS_ON | POST_ONLY),
    "desk:messages": Page(SEE),
    "desk:message": Page(SEE, pk_of("message")),
    "desk:message_html": Page(SEE, pk_of("message")),
    "desk:document": Page(SEE, pk_of("document")),
    "desk:jobs": Page(STAFF),
    "desk:job": Page(STAFF, pk_of("job")),
    "desk:job_errors": Page(STAFF, pk_of("job")),
    "desk:job_cancel": Page(IMPORT, pk_of("job"), SHOWS_OR_LEADS_ON | POST_ONLY),
    "desk:job_resume": Page(IMPORT, pk_of("job"), SHOWS_OR_LEADS_ON | POST_ONLY),
    # The public site.
    "storefront:home": Page(ANYONE),
    "storefront:check": Page(ANYONE, answers=frozenset({200, 302, 405})),
    "storefront:suggest": Page(ANYONE, query="address=Zanzibarium"),
    "storefront:tell_me": Page(
        ANYONE, lambda world: {"key": world.qualification.key}, SHOWS_OR_LEADS_ON | POST_ONLY, by_secret=True
    ),
    "storefront:told": Page(ANYONE, lambda world: {"key": world.qualification.key}, SHOWS_OR_LEADS_ON, by_secret=True),
    "storefront:embedded_box": Page(ANYONE, answers=frozenset({200, 404})),  # 404 where no host may embed it
    "storefront:outcome": Page(ANYONE, lambda world: {"key": world.qualification.key}, by_secret=True),
    "storefront:check_again": Page(
        ANYONE, lambda world: {"key": world.qualification.key}, SHOWS_OR_LEADS_ON | POST_ONLY, by_secret=True
    ),
    "storefront:start_order": Page(
        ANYONE, lambda world: {"key": world.qualification.key}, SHOWS_OR_LEADS_ON | POST_ONLY, by_secret=True
    ),
    "storefront:order": Page(ANYONE, token_of("draft"), SHOWS_OR_LEADS_ON, by_secret=True),
    "storefront:order_package": Page(ANYONE, token_of("draft"), SHOWS_OR_LEADS_ON, by_secret=True),
    "storefront:order_options": Page(ANYONE, token_of("draft"), by_secret=True),
    "storefront:order_reprice": Page(ANYONE, token_of("draft"), SHOWS_OR_LEADS_ON | POST_ONLY, by_secret=True),
    "storefront:order_details": Page(ANYONE, token_of("draft"), by_secret=True),
    "storefront:order_appointment": Page(ANYONE, token_of("draft"), by_secret=True),
    "storefront:order_terms": Page(ANYONE, token_of("draft"), by_secret=True),
    "storefront:order_review": Page(ANYONE, token_of("draft"), by_secret=True),
    "storefront:order_recheck": Page(ANYONE, token_of("draft"), SHOWS_OR_LEADS_ON | POST_ONLY, by_secret=True),
    "storefront:order_confirmation": Page(ANYONE, token_of("order"), by_secret=True),
    "storefront:order_pdf": Page(ANYONE, token_of("order"), SHOWS_OR_LEADS_ON, by_secret=True),
    "storefront:styleguide": Page(STAFF),
    "storefront:choose_language": Page(ANYONE, answers=POST_ONLY),
    "storefront:choose_theme": Page(ANYONE, answers=POST_ONLY),
    "storefront:brand_css": Page(ANYONE, brand_of, by_secret=True),
    "storefront:brand_logo": Page(ANYONE, brand_of, frozenset({200, 404}), by_secret=True),
    # Machines.
    "live": OWN,
    "ready": OWN,
    "metrics": OWN,
    "tmf_billing:webhook": Page(ANYONE, lambda _world: {"code": "unknown"}, frozenset({404, 405}), by_secret=True),
    # The admin's own frame; its tables say themselves who may open them.
    "admin:index": Page(frozenset({Role.OPERATOR, Role.AUDITOR})),
    "admin:login": OWN,
    "admin:logout": OWN,
    "admin:password_change": OWN,
    "admin:password_change_done": OWN,
    "admin:jsi18n": OWN,
    "admin:autocomplete": OWN,
    "admin:view_on_site": Page(NOBODY, view_on_site),
    "admin:app_list": Page(
        frozenset({Role.OPERATOR, Role.AUDITOR}), lambda _world: {"app_label": "divisions"}, by_secret=True
    ),
}
