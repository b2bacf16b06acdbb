"""Nothing that a customer meets is said in one language only."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from accounts.testing import make_details, make_partner
from foundation.correspondence.models import Document, Message
from foundation.now import now, today
from foundation.people.models import User
from foundation.people.testing import make_person, prove_anew, sign_in
from orders.models import Order
from orders.queries import zone_name
from orders.services import letters
from orders.states import OrderStatus
from orders.testing import make_draft, make_order, submit
from territory.models import Qualification
from territory.services import qualify, record_occupancy
from territory.states import AvailabilityStatus, ProductFamily, Technology
from territory.testing import make_available, make_premises, make_qualification
from tests.pseudo_locale import SAME_EVERYWHERE, operators_texts, speak_in_brackets, untranslated
from tests.storefront.conftest import Visitor

QUESTIONS = ("package", "options", "details", "appointment", "terms", "review")
REFUSALS = (AvailabilityStatus.PLANNED, AvailabilityStatus.UNSERVICEABLE, AvailabilityStatus.BLOCKED)
ACCOUNT_PAGES = (
    "account_login", "account_signup", "account_reset_password", "account_reset_password_done",
    "account_inactive",
)  # fmt: skip
OWN_PAGES = (
    "selfcare:start", "selfcare:sales", "selfcare:security", "account_email", "account_change_password", "account_logout", "mfa_index",
    "mfa_activate_totp", "usersessions_list", "account_reauthenticate",
)  # fmt: skip
LETTERS = (letters.send_confirmation, letters.send_cancellation, letters.send_completion)


@pytest.fixture
def pseudo_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    speak_in_brackets(monkeypatch)


def data_of(visitor: Visitor, *orders: Order) -> set[str]:
    """Return what the operator and the customers have typed."""
    brand = visitor.market.site.brand
    data = SAME_EVERYWHERE | operators_texts(visitor.market.division)
    data |= {brand.name, visitor.market.division.name, "Terms of service", "You pay, we serve."}
    for order in orders:
        assert order.terms is not None
        data |= {order.address, order.note, order.terms.version, order.contact["name"], order.contact["email"]}
        data.add(zone_name(order.appointment.starts_at.astimezone(order.division.zone)))
    return data


def left_out(client: Client, pages: list[str], data: set[str]) -> dict[str, list[str]]:
    """Return the words of each page that are not translated; a page that does not open fails."""
    said = {}
    for page in pages:
        answer = client.get(page)
        assert answer.status_code in {200, 404}, (page, answer.status_code)
        if words := sorted(untranslated(answer.content.decode(), data)):
            said[page] = words
    return said


def every_answer(visitor: Visitor) -> list[Qualification]:
    """Check addresses until each outcome has been seen."""
    division = visitor.market.division
    served = make_premises(division)
    record_occupancy(served.pk, [ProductFamily.INTERNET], since=today(division), reference="before")
    make_available(served)
    stand_in = {"alternate_technology": Technology.FIXED_WIRELESS, "alternate_down_mbps": 100, "alternate_up_mbps": 20}
    answers = [make_qualification(division, status=status) for status in REFUSALS]
    answers += [
        make_qualification(division),
        make_qualification(division, status=AvailabilityStatus.PLANNED, **stand_in),
        make_qualification(division, premises=served),
        qualify(typed="1 Nowhere Lane", premises_id=None, division=division, channel="web"),
    ]
    return answers


@pytest.mark.usefixtures("pseudo_locale")
class TestEveryPublicPage:
    def test_of_an_order_is_translated(self, visitor: Visitor):
        order, placed = make_draft(visitor.market), submit(make_draft(visitor.market))
        pages = ["/", "/check/?address=12+Oak", "/no-such-page/", "/embed/address/"]
        pages += [f"/order/{placed.token}/", f"/order/{placed.token}/confirmation/"]
        pages += [f"/order/{order.token}/{question}/" for question in QUESTIONS]

        assert left_out(visitor, pages, data_of(visitor, order, placed) | {"12 Oak"}) == {}

    def test_of_a_check_is_translated_whatever_its_outcome(self, visitor: Visitor):
        answers = every_answer(visitor)
        data = data_of(visitor) | {answer.typed for answer in answers}
        pages = [f"/address/{answer.key}/{page}" for answer in answers for page in ("", "told/")]

        assert len({answer.outcome for answer in answers}) == 7
        assert left_out(visitor, pages, data) == {}

    def test_of_what_has_expired_is_translated(self, visitor: Visitor):
        order, answer = make_draft(visitor.market), visitor.qualified()
        pages = [f"/address/{answer.key}/", f"/order/{order.token}/check-again/"]

        with time_machine.travel(now() + timedelta(days=60), tick=False):
            assert left_out(visitor, pages, data_of(visitor, order) | {answer.typed}) == {}

    def test_in_front_of_an_account_is_translated(self, visitor: Visitor):
        pages = [reverse(name) for name in ACCOUNT_PAGES]
        email, password = "casey@people.example", "four words in a row"
        asked = {"email": email, "password1": password, "password2": password}

        assert left_out(visitor, pages, data_of(visitor)) == {}
        where = visitor.post(reverse("account_signup"), asked)["Location"]
        assert left_out(visitor, [where], data_of(visitor) | {email}) == {}

    def test_of_an_account_is_translated(self, visitor: Visitor):
        person = partner_who_has_ordered(visitor)
        order = Order.objects.get(user=person)
        data = data_of(visitor, order) | {person.name, person.email, "Corner shop", "Rutland"}
        pages = [reverse(name) for name in OWN_PAGES] + [reverse("selfcare:order", args=[order.pk])]

        link = sales_link_in(prove_anew(sign_in(visitor, person)))
        assert left_out(visitor, pages, data | {link}) == {}


def partner_who_has_ordered(visitor: Visitor) -> User:
    """Make somebody who has an order of their own, and sells."""
    person = make_person(email="casey@people.example", name="Casey Customer")
    make_partner(visitor.market.division, user=person, code="corner", name="Corner shop")
    submit(make_draft(visitor.market, details=make_details(email=person.email), by=person))
    return person


def sales_link_in(client: Client) -> str:
    context = client.get(reverse("selfcare:sales")).context
    return str(context["link"])


@pytest.mark.usefixtures("pseudo_locale")
class TestEveryLetter:
    def test_is_translated(self, visitor: Visitor):
        order = make_order(OrderStatus.COMPLETED, visitor.market)
        for send in LETTERS:
            send(order.pk)
        letters.send_new_appointment(order.pk, change="1")
        data = data_of(visitor, order) | {order.number, order.contact["name"].split()[0]}

        said = {}
        for message in Message.objects.all():
            assert message.html
            text = f"<p>{message.subject_line}</p><p>{message.text}</p>{message.html}"
            link = letters.link_to(order)
            said[message.kind] = sorted(untranslated(text.replace(link, ""), data | addresses_in(order)))

        assert len(said) == 4
        assert {kind: words for kind, words in said.items() if words} == {}

    def test_is_translated_as_a_pdf(self, visitor: Visitor):
        order = submit(make_draft(visitor.market))
        letters.send_confirmation(order.pk)

        pages = PdfReader(io.BytesIO(bytes(Document.objects.get().content))).pages
        text = "".join(page.extract_text() for page in pages)
        data = data_of(visitor, order) | addresses_in(order) | {letters.link_to(order)}

        assert "[Total" in text
        assert list(untranslated(_unbroken(text), {_unbroken(known) for known in data})) == []


def _unbroken(text: str) -> str:
    """Take the white space out: a PDF breaks lines anywhere, so that no word of the data can be found."""
    return "".join(text.split())


def addresses_in(order: Order) -> set[str]:
    customer, account = order.parties()
    return {order.number, account.number, customer.number}


def test_what_is_not_translated_is_found():
    page = "<p>[Translated] Forgotten</p><img alt='Left out'>"

    assert list(untranslated(page, set())) == ["Forgotten", "Left out"]


def test_spanish_is_spoken(visitor: Visitor):
    page = visitor.get("/", headers={"accept-language": "es-MX,es;q=0.9"}).content.decode()

    assert '<html lang="es"' in page
    assert "¿Qué puede tener en casa?" in page
