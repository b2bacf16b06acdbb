"""Customers, the people behind them, their accounts, what they agreed to, and the partners who sell to them."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext, gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField
from phonenumber_field.phonenumber import to_python

from accounts.states import (
    ACCOUNT_MOVES,
    AccountStatus,
    ConsentKind,
    ContactChannel,
    ContactRole,
    CustomerKind,
    Sight,
    Standing,
)
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.now import now
from foundation.people.models import User
from territory.models import Premises


class Folded(Func):
    """A text in lower case without accents, apostrophes and dots; other signs are spaces (a function of migration 0002)."""

    function = "accounts_folded"
    arity = 1
    output_field = models.TextField()


class Spellings(Func):
    """
    What is left of a text's words when none or one of their letters is dropped (a function of migration 0002).

    Two words of which one letter is wrong, missing, one too many or swapped with its neighbour have a spelling in common.
    """

    function = "accounts_spellings"
    arity = 1
    output_field = ArrayField(models.TextField())


class Mailbox(Func):
    """An e-mail address as `normalised_email` has it, reckoned by the database (a function of migration 0003)."""

    function = "accounts_mailbox"
    arity = 1
    output_field = models.TextField()


class Customer(models.Model):
    """Whom a market serves: a household or a business."""

    number = models.CharField(_("customer number"), max_length=20, unique=True)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    kind = models.CharField(_("kind"), max_length=20, choices=CustomerKind.choices, default=CustomerKind.RESIDENTIAL)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=10)
    user = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="customers", verbose_name=_("signs in as"),
        help_text=_("Whose pages show these accounts and orders."),
    )  # fmt: skip
    wants_outage_notices = models.BooleanField(
        _("is told of outages"),
        default=True,
        help_text=_("By e-mail, when one begins, when there is news, when it is over."),
    )
    created_at = models.DateTimeField(_("since"), default=now, editable=False)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=CustomerKind.values), name="customer_kind_is_known")
        ]
        indexes: ClassVar = [
            models.Index(fields=["division", "-id"], name="customer_division"),
            GinIndex(OpClass(Folded("name"), name="gin_trgm_ops"), name="customer_name"),
            GinIndex(Spellings("name"), name="customer_spelling"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class Contact(models.Model):
    """A person to reach about a customer. E-mail in lower case, phone in E.164."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="contacts", verbose_name=_("customer"))
    role = models.CharField(_("role"), max_length=20, choices=ContactRole.choices, default=ContactRole.PRIMARY)
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = PhoneNumberField(_("phone"), blank=True, region="US")
    preferred_channel = models.CharField(
        _("preferred channel"), max_length=10, choices=ContactChannel.choices, default=ContactChannel.EMAIL
    )

    class Meta:
        ordering: ClassVar = ["pk"]
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(role=ContactRole.PRIMARY), name="one_main_contact_per_customer"
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="contact_email_in_lower_case"),
            models.CheckConstraint(condition=~Q(email="") | ~Q(phone=""), name="contact_can_be_reached"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["email"], name="contact_email"),
            models.Index(Mailbox("email"), name="contact_mailbox"),
            models.Index(fields=["phone"], name="contact_phone"),
            GinIndex(OpClass("email", name="gin_trgm_ops"), OpClass("phone", name="gin_trgm_ops"), name="contact_part"),
        ]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, kw_only=True)
class AgreedText:
    """What somebody agreed to by a tick: the text as it stood beside it, and the version under which it is known."""

    kind: str
    """A `ConsentKind`."""
    text_version: str
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class ContactDetails:
    """What somebody typed about themselves. E-mail in lower case, phone in E.164; made by `typed`."""

    name: str
    email: str
    phone: str
    preferred_channel: str = ContactChannel.EMAIL.value
    kind: str = CustomerKind.RESIDENTIAL.value
    billing_address: str = ""
    """Empty: the service address."""
    agreed: tuple[AgreedText, ...] = ()

    @classmethod
    def typed(cls, *, name: str, email: str, phone: str, region: str = "US", **more: Any) -> "ContactDetails":
        """
        Read what somebody typed.

        :param region: the country of phone numbers without one, as ISO 3166 code
        :raises NotAllowed: with the field that cannot be read
        """
        if not name.strip():
            raise NotAllowed(gettext("Enter your name."), code="name", field="name")
        number = read_phone(phone, region=region)
        return cls(name=" ".join(name.split()), email=read_email(email), phone=number, **more)

    @property
    def identity(self) -> str:
        """A mark that is the same for the same e-mail address and phone number."""
        return identity_of(self.email, self.phone)

    def as_json(self) -> dict[str, Any]:
        """Return the details in JSON primitives."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "ContactDetails":
        """Read what `as_json` wrote."""
        agreed = tuple(AgreedText(**text) for text in data.get("agreed", ()))
        return cls(**{**data, "agreed": agreed})


def read_phone(typed: str, *, region: str = "US") -> str:
    """
    Return a phone number in E.164, however it is typed.

    :param region: the country of numbers without one, as ISO 3166 code
    :raises NotAllowed: if it is no phone number
    """
    number = to_python(typed, region=region)
    if not number or not number.is_valid():
        raise NotAllowed(gettext("Enter a phone number with area code."), code="phone", field="phone")
    return str(number.as_e164)


def read_email(typed: str) -> str:
    """
    Return an e-mail address in lower case.

    :raises NotAllowed: if it is none
    """
    address = typed.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise NotAllowed(gettext("Enter an e-mail address."), code="email", field="email") from None
    return address


def read_reachable(*, email: str, phone: str, region: str = "US") -> tuple[str, str]:
    """
    Return an e-mail address and a phone number of somebody whom one of them is enough to reach; empty is what is left out.

    :param region: the country of numbers without one, as ISO 3166 code
    :raises NotAllowed: with the field that cannot be read, or if both are left out
    """
    address = read_email(email) if email.strip() else ""
    number = read_phone(phone, region=region) if phone.strip() else ""
    if not address and not number:
        raise NotAllowed(gettext("Enter an e-mail address or a phone number."), code="unreachable", field="email")
    return address, number


def identity_of(email: str, phone: str) -> str:
    """Return a mark that is the same for the same e-mail address and phone number, and tells neither."""
    return hashlib.sha256(f"{email.lower()}\n{phone}".encode()).hexdigest()


class Account(Lifecycle):
    """What is served and billed at one address."""

    MOVES = ACCOUNT_MOVES

    number = models.CharField(_("account number"), max_length=20, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="accounts", verbose_name=_("customer"))
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    premises = models.ForeignKey(Premises, models.PROTECT, related_name="+", verbose_name=_("premises"))
    service_address = models.CharField(_("service address"), max_length=250)
    """As it was written when service was ordered."""
    billing_address = models.CharField(
        _("billing address"), max_length=250, blank=True, help_text=_("Empty: the service address.")
    )
    identity = models.CharField(max_length=64, editable=False)
    """`identity_of` the main contact when the account was opened: one open account per address and identity."""
    status = models.CharField(
        _("status"), max_length=10, choices=AccountStatus.choices, default=AccountStatus.PENDING, editable=False
    )
    standing = models.CharField(
        _("standing"), max_length=12, choices=Standing.choices, default=Standing.GOOD, editable=False
    )
    opened_at = models.DateTimeField(_("opened"), default=now, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)

    objects = LockingQuerySet["Account"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints: ClassVar = [
            status_constraint(AccountStatus, name="account_status_is_known"),
            models.CheckConstraint(condition=Q(standing__in=Standing.values), name="account_standing_is_known"),
            models.CheckConstraint(
                condition=Q(status=AccountStatus.CLOSED, closed_at__isnull=False)
                | ~Q(status=AccountStatus.CLOSED) & Q(closed_at=None),
                name="closed_accounts_say_since_when",
            ),
            models.UniqueConstraint(
                fields=["premises", "identity"], condition=~Q(status=AccountStatus.CLOSED), name="no_duplicate_account"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def activate(self) -> None:
        """
        Service has begun.

        :raises NotAllowed: if it has begun before, or the account is closed
        """
        self._move(AccountStatus.ACTIVE)

    def close(self) -> None:
        """
        Nothing is served any more, or the order came to nothing.

        :raises NotAllowed: if it is closed already
        """
        self._move(AccountStatus.CLOSED)
        self.closed_at = now()


class Delegate(models.Model):
    """Somebody else who signs in for a customer, and how much of it they see; `Customer.user` sees all."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="delegates", verbose_name=_("customer"))
    user = models.ForeignKey(User, models.CASCADE, related_name="delegations", verbose_name=_("person"))
    sight = models.CharField(_("sees"), max_length=10, choices=Sight.choices, default=Sight.OWN)
    account = models.ForeignKey(
        Account, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("site"),
        help_text=_(
            "The account of the site, for those who see all of one; for those who see only what they reported themselves, "
            "where they are."
        ),
    )  # fmt: skip

    class Meta:
        verbose_name = _("delegate")
        verbose_name_plural = _("delegates")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer", "user", "account"], nulls_distinct=False, name="one_delegation_per_site"
            ),
            models.CheckConstraint(
                condition=Q(sight=Sight.OWN)
                | Q(sight=Sight.SITE, account__isnull=False)
                | Q(sight=Sight.COMPANY, account=None),
                name="delegates_of_a_site_say_which",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_sight_display()}"

    def clean(self) -> None:
        if self.sight != Sight.OWN and (self.sight == Sight.SITE) != bool(self.account):
            raise ValidationError(
                {"account": _("Choose a site for those who see one, and none for those who see all.")}
            )
        if self.account and self.account.customer_id != self.customer_id:
            raise ValidationError({"account": _("This is another customer’s site.")})


class Consent(models.Model):
    """One thing that one customer agreed to, with what they had before their eyes; withdrawn, it is kept."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="consents", verbose_name=_("customer"))
    kind = models.CharField(_("kind"), max_length=20, choices=ConsentKind.choices)
    text_version = models.CharField(_("version of the text"), max_length=60)
    text = models.TextField(_("text"), blank=True)
    """As it was shown; empty where the version itself is kept, as that of terms is."""
    language = models.CharField(_("language"), max_length=10)
    channel = models.CharField(_("channel"), max_length=20)
    evidence = models.JSONField(_("evidence"), default=dict)
    given_at = models.DateTimeField(_("given"), default=now)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)

    class Meta:
        ordering: ClassVar = ["-given_at"]
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=ConsentKind.values), name="consent_kind_is_known"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=models.F("given_at")),
                name="consent_is_withdrawn_after_it_was_given",
            ),
            models.UniqueConstraint(
                fields=["customer", "kind", "text_version"],
                condition=Q(withdrawn_at=None),
                name="one_consent_to_one_text",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.text_version})"

    @property
    def can_be_withdrawn(self) -> bool:
        """Whether the customer may take it back: not the terms, which hold for what was ordered."""
        return self.withdrawn_at is None and self.kind != ConsentKind.TERMS


class Partner(models.Model):
    """Somebody outside the house who sells for a market, or for the markets below it, during some time."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    user = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="partners", verbose_name=_("signs in as")
    )
    active_from = models.DateField(_("active from"))
    active_until = models.DateField(
        _("active until"), null=True, blank=True, help_text=_("The last day. Empty: until further notice.")
    )

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(active_until=None) | Q(active_until__gte=models.F("active_from")),
                name="partner_ends_after_it_starts",
                violation_error_message=_("The last day lies before the first."),
            )
        ]

    def __str__(self) -> str:
        return self.name
