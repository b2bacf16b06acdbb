"""An order, from a cart to services that work."""

import hashlib
import json
import secrets
from datetime import datetime
from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import Account, Customer, Partner
from catalog.queries import Quote, Selection
from foundation.divisions.models import Division
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint
from foundation.money import MoneyField
from foundation.now import now
from foundation.people.models import User
from orders.models.terms import TermsVersion
from orders.states import (
    MOVES,
    OPEN,
    REPORTED,
    UNCONFIRMED,
    VISITED,
    CancelReason,
    Channel,
    HoldReason,
    OrderStatus,
    WorkOrderStage,
)
from territory.models import Premises, Qualification

FIRST_NUMBER = 1_000_000
"""Order numbers are this and the order's own id: seven digits that can be read out on the phone."""


def new_token() -> str:
    """Return a secret by which a visitor reaches an order: 192 bits, safe in an address."""
    return secrets.token_urlsafe(24)


class Order(Lifecycle):
    """
    What somebody wants, from the first choice on: the draft is the cart.

    A visitor reaches it by its secret `token` only. What the customer was shown (`quote`, `terms`) is kept as it was.
    """

    MOVES = MOVES

    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    number = models.CharField(_("number"), max_length=20, blank=True, editable=False)
    """Empty while it is a draft."""
    start_key = models.CharField(max_length=80, unique=True, editable=False)
    """The form that started it: pressed twice, it starts one order."""
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    site_code = models.CharField(_("site"), max_length=40, blank=True)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices)
    language = models.CharField(_("language"), max_length=10)
    status = models.CharField(
        _("status"), max_length=30, choices=OrderStatus.choices, default=OrderStatus.DRAFT, editable=False
    )
    created_at = models.DateTimeField(_("started"), default=now, editable=False)
    touched_at = models.DateTimeField(_("last changed"), default=now, editable=False)

    # What is wanted, and where.
    qualification = models.ForeignKey(Qualification, models.PROTECT, related_name="+", verbose_name=_("address check"))
    premises = models.ForeignKey(Premises, models.PROTECT, related_name="+", verbose_name=_("premises"))
    address = models.CharField(_("service address"), max_length=250)
    campaign = models.CharField(_("campaign"), max_length=60, blank=True)
    selection = models.JSONField(_("chosen"), null=True, editable=False)
    """A `catalog.queries.Selection`."""
    quote = models.JSONField(_("as quoted"), null=True, editable=False)
    """A `catalog.queries.Quote` as the customer was shown it; submitted, it never changes."""
    currency = models.CharField(_("currency"), max_length=3, blank=True, editable=False)
    due_today = MoneyField(_("due today"), null=True, editable=False)
    monthly = MoneyField(_("each month"), null=True, editable=False)
    monthly_after = MoneyField(_("each month after promotions"), null=True, editable=False)

    # Who.
    contact = models.JSONField(_("details as typed"), default=dict, encoder=DjangoJSONEncoder, editable=False)
    """`ContactDetails`: the customer is made of it when the order is submitted."""
    note = models.TextField(_("note for the technician"), blank=True)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, related_name="orders", verbose_name=_("customer"), editable=False
    )
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, related_name="orders", verbose_name=_("account"), editable=False
    )
    user = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("ordered by"), editable=False
    )
    """The customer who was signed in."""
    sold_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("sold by"), editable=False
    )
    sold_for = models.ForeignKey(
        Partner, models.PROTECT, null=True, related_name="+", verbose_name=_("sold for"), editable=False
    )
    attribution = models.JSONField(default=list, editable=False)
    """Opaque tokens of what brought the visitor here; those who gave them out resolve them."""

    # Agreed and submitted.
    terms = models.ForeignKey(
        TermsVersion, models.PROTECT, null=True, related_name="+", verbose_name=_("terms"), editable=False
    )
    terms_accepted_at = models.DateTimeField(_("terms accepted"), null=True, editable=False)
    terms_evidence = models.JSONField(default=dict, editable=False)
    terms_digest = models.CharField(max_length=64, blank=True, editable=False)
    """`content_digest` when the customer agreed: they agreed to this and to nothing else."""
    submitted_at = models.DateTimeField(_("submitted"), null=True, editable=False)
    idempotency_key = models.CharField(max_length=80, null=True, unique=True, editable=False)  # noqa: DJ001  # unique where there is one
    submitted_digest = models.CharField(max_length=64, blank=True, editable=False)
    """Of what was submitted: the same key with other content is refused."""

    # Delivered.
    accepted_at = models.DateTimeField(_("accepted"), null=True, editable=False)
    work_order_request_id = models.CharField(max_length=100, blank=True, db_index=True, editable=False)
    work_order_id = models.CharField(_("work order"), max_length=100, blank=True, editable=False)
    work_order_stage = models.CharField(
        _("work order"), max_length=12, choices=WorkOrderStage.choices, default=WorkOrderStage.NONE, editable=False
    )
    work_order_at = models.DateTimeField(null=True, editable=False)
    """When the technician's part of the stage was true, as the billing system says; facts come in any order."""
    work_order_changes = models.PositiveSmallIntegerField(default=0, editable=False)
    """How many changes of the work order were asked for; each has a request id of its own."""
    completed_at = models.DateTimeField(_("completed"), null=True, editable=False)

    # Held or ended otherwise.
    hold_reason = models.CharField(
        _("held because"), max_length=30, choices=HoldReason.choices, blank=True, editable=False
    )
    hold_note = models.TextField(_("note on the hold"), blank=True, editable=False)
    hold_reminder_at = models.DateTimeField(_("look at it again"), null=True, editable=False)
    hold_owner = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("looked after by"), editable=False
    )
    cancel_reason = models.CharField(
        _("cancelled because"), max_length=30, choices=CancelReason.choices, blank=True, editable=False
    )
    cancel_note = models.TextField(_("note on the cancellation"), blank=True, editable=False)
    problem = models.TextField(_("problem"), blank=True, editable=False)
    """What the billing system last said against it, in its own words."""
    contested_at = models.DateTimeField(_("contested"), null=True, editable=False)
    """When the billing system last spoke against what was closed or cancelled here; empty: a person has settled it."""
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    objects = LockingQuerySet["Order"].as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints: ClassVar = [
            status_constraint(OrderStatus, name="order_status_is_known"),
            models.UniqueConstraint(fields=["number"], condition=~Q(number=""), name="one_order_per_number"),
            models.CheckConstraint(
                condition=Q(status__in=[OrderStatus.DRAFT, OrderStatus.CANCELLED], submitted_at=None, number="")
                | ~Q(status=OrderStatus.DRAFT)
                & Q(
                    submitted_at__isnull=False,
                    customer__isnull=False,
                    account__isnull=False,
                    quote__isnull=False,
                    terms__isnull=False,
                    terms_accepted_at__isnull=False,
                    idempotency_key__isnull=False,
                    due_today__isnull=False,
                    monthly__isnull=False,
                    monthly_after__isnull=False,
                )
                & ~Q(number=""),
                name="submitted_orders_are_whole",
            ),
            models.CheckConstraint(
                condition=~Q(status=OrderStatus.HELD) | ~Q(hold_reason=""), name="held_orders_say_why"
            ),
            models.CheckConstraint(
                condition=~Q(status=OrderStatus.CANCELLED) | ~Q(cancel_reason="") & Q(ended_at__isnull=False),
                name="cancelled_orders_say_why_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(status=OrderStatus.COMPLETED) | Q(completed_at__isnull=False),
                name="completed_orders_say_when",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["division", "-id"], name="order_division"),
            models.Index(fields=["customer", "-id"], name="order_customer"),
            models.Index(fields=["sold_for", "-id"], name="order_partner"),
            models.Index(
                fields=["division", "status", "-id"],
                name="order_open",
                condition=Q(status__in=sorted({*OPEN, OrderStatus.FAILED})),
            ),
            models.Index(Upper("work_order_id"), name="order_work_order", condition=~Q(work_order_id="")),
            models.Index(fields=["touched_at"], name="order_draft_age", condition=Q(status=OrderStatus.DRAFT)),
            models.Index(fields=["division", "-id"], name="order_contested", condition=Q(contested_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number or gettext("Draft %d") % self.pk

    @property
    def chosen(self) -> Selection | None:
        """What the customer has chosen, if anything."""
        return Selection.from_json(self.selection) if self.selection else None

    @property
    def quoted(self) -> Quote | None:
        """What the customer was shown, if anything."""
        return Quote.from_json(self.quote) if self.quote else None

    @property
    def content_digest(self) -> str:
        """A mark of what a customer agrees to beside the terms: what is chosen, what it costs, who orders."""
        content = json.dumps([self.selection, self.quote, self.contact], sort_keys=True, cls=DjangoJSONEncoder)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def is_agreed(self) -> bool:
        """Whether the customer has agreed to terms, for what the cart holds now."""
        return self.terms_id is not None and self.terms_digest == self.content_digest

    @property
    def is_open(self) -> bool:
        """Whether it was submitted and has not ended."""
        return self.status in OPEN

    def parties(self) -> tuple[Customer, Account]:
        """
        Return whose order it is.

        :raises NotAllowed: if it was not submitted: a cart is nobody's
        """
        if self.customer is None or self.account is None:
            raise NotAllowed(gettext("This order was not submitted yet."), code="wrong_status")
        return self.customer, self.account

    def require_draft(self) -> None:
        """
        Let pass what has not been submitted.

        :raises NotAllowed: if it is no draft any more
        """
        if self.status != OrderStatus.DRAFT:
            raise NotAllowed(gettext("This order was submitted and can no longer be changed here."), code="not_a_draft")

    def choose(self, selection: Selection, quote: Quote) -> None:
        """
        Put a package with its options into the cart, at the price that is shown with it.

        :raises NotAllowed: if it is no draft any more
        """
        self.require_draft()
        self.selection = selection.as_json()
        self.keep_quote(quote)

    def keep_quote(self, quote: Quote) -> None:
        """
        Keep what the customer is shown.

        :raises NotAllowed: if it is no draft any more
        """
        self.require_draft()
        self.quote = quote.as_json()
        self.currency = quote.currency
        self.due_today, self.monthly, self.monthly_after = quote.due_today, quote.monthly, quote.monthly_after

    def accept_terms(self, terms: TermsVersion, *, at: datetime, evidence: dict[str, Any]) -> None:
        """
        The customer agrees to the terms.

        :raises NotAllowed: if it is no draft any more
        """
        self.require_draft()
        self.terms, self.terms_accepted_at, self.terms_evidence = terms, at, evidence
        self.terms_digest = self.content_digest

    def forget_other_agreement(self) -> None:
        """What was agreed to is not what the cart holds now: the customer has to agree again."""
        if self.terms_id and not self.is_agreed:
            self.terms, self.terms_accepted_at, self.terms_evidence, self.terms_digest = None, None, {}, ""

    def abandon(self, *, at: datetime) -> None:
        """
        Nobody will submit it any more: what was typed is erased.

        :raises NotAllowed: if it is no draft any more
        """
        self.require_draft()
        self.cancel_reason = CancelReason.ABANDONED
        self.contact, self.note = {}, ""
        self.end_cancelled(at=at)

    def submit(self, customer: Customer, account: Account, *, key: str, digest: str, at: datetime) -> None:
        """
        The customer orders.

        :raises NotAllowed: if it is no draft any more
        """
        self._move(OrderStatus.ACKNOWLEDGED)
        self.customer, self.account = customer, account
        self.number = str(FIRST_NUMBER + self.pk)
        self.work_order_request_id = f"order-{self.number}"
        self.idempotency_key, self.submitted_digest, self.submitted_at = key, digest, at

    def accept(self, *, at: datetime) -> None:
        """
        We will deliver it: nothing speaks against it, or a person has decided.

        :raises NotAllowed: if that was decided before
        """
        if self.accepted_at:
            raise NotAllowed(gettext("This order was accepted before."), code="accepted_before")
        self._move(OrderStatus.PENDING)
        self.accepted_at = at
        self._forget_hold()

    def reject(self, note: str, *, at: datetime) -> None:
        """
        We will not deliver it.

        :raises NotAllowed: if it was accepted before
        """
        if self.accepted_at:
            raise NotAllowed(gettext("This order was accepted before: cancel it instead."), code="accepted_before")
        self._move(OrderStatus.REJECTED)
        self.cancel_reason, self.cancel_note, self.ended_at = CancelReason.NOT_ACCEPTED, note, at

    def hold(self, reason: HoldReason, *, note: str = "", reminder_at: datetime | None, owner: User | None) -> None:
        """
        Let a person decide, who is reminded of it.

        :raises NotAllowed: if nothing can be held up any more
        """
        self._move(OrderStatus.HELD)
        self.hold_reason, self.hold_note = reason, note
        self.hold_reminder_at, self.hold_owner = reminder_at, owner

    def release(self) -> None:
        """
        Go on where it was before it was held; what was not accepted yet is accepted by `accept`.

        :raises NotAllowed: if it is not held, or its work order was refused and must be sent again first
        """
        if self.status != OrderStatus.HELD:
            raise NotAllowed(gettext("This order is not on hold."), code="wrong_status")
        if self.work_order_stage == WorkOrderStage.REFUSED:
            raise NotAllowed(
                gettext("The billing system refused the work order. Send it again there first."), code="refused"
            )
        self._move(OrderStatus.IN_PROGRESS if self.work_order_id else OrderStatus.PENDING)
        self._forget_hold()

    def _forget_hold(self) -> None:
        self.hold_reason, self.hold_note, self.hold_reminder_at, self.hold_owner = "", "", None, None

    def ask_for_work_order(self) -> None:
        """The billing system is asked for the work order."""
        if self.work_order_stage == WorkOrderStage.NONE:
            self.work_order_stage = WorkOrderStage.ASKED

    def leave_work_order_unknown(self) -> None:
        """Nobody can tell yet whether the billing system has the work order."""
        if self.work_order_stage in {WorkOrderStage.NONE, WorkOrderStage.ASKED}:
            self.work_order_stage = WorkOrderStage.UNKNOWN

    def is_confirmed_as(self, work_order_id: str) -> bool:
        """Tell whether the billing system was known to have the work order under its id, and nothing spoke against it."""
        return self.work_order_id == work_order_id and self.work_order_stage not in UNCONFIRMED

    def confirm_work_order(self, work_order_id: str) -> None:
        """The billing system has the work order. What is being cancelled, or held for another reason, stays so."""
        self.work_order_id, self.problem = work_order_id, ""
        if self.work_order_stage not in VISITED:
            self.work_order_stage = WorkOrderStage.CONFIRMED
        if self.status == OrderStatus.PENDING or self.hold_reason == HoldReason.WORK_ORDER_REFUSED:
            self._move(OrderStatus.IN_PROGRESS)
            self._forget_hold()

    def refuse_work_order(self, reason: str, *, at: datetime) -> None:
        """
        The billing system will not have the work order: a person decides, unless it was to be cancelled anyway.

        :raises NotAllowed: if the order has ended, or no work order was asked for
        """
        if self.work_order_stage == WorkOrderStage.NONE:
            raise NotAllowed(gettext("No work order was asked for."), code="not_asked")
        self.work_order_stage, self.problem = WorkOrderStage.REFUSED, reason
        if self.status == OrderStatus.PENDING_CANCELLATION:
            self.end_cancelled(at=at)
        elif self.status != OrderStatus.HELD:
            self.hold(HoldReason.WORK_ORDER_REFUSED, note=reason, reminder_at=at, owner=None)

    def dispatch(self, *, at: datetime | None = None) -> None:
        """
        A technician is on the way, unless we have heard already what came of it.

        :param at: when that was true; unknown, it counts as news
        """
        if self.work_order_stage not in REPORTED and self._is_news(at):
            self.work_order_stage = WorkOrderStage.DISPATCHED

    def _is_news(self, at: datetime | None) -> bool:
        """Tell whether nothing later is known of the technician, and keep that this is known."""
        if at and self.work_order_at and at < self.work_order_at:
            return False
        self.work_order_at = at or self.work_order_at
        return True

    def complete(self, *, at: datetime) -> None:
        """
        Everything works that is still wanted.

        :raises NotAllowed: if the order has ended otherwise
        """
        self._move(OrderStatus.COMPLETED)
        self.work_order_stage = WorkOrderStage.INSTALLED
        self.completed_at = self.ended_at = at
        self._forget_hold()

    def complete_partly(self, *, at: datetime | None = None) -> None:
        """
        Some of it works; who has set out again since then is still on the way.

        :param at: when the technician reported it; unknown, it counts as news
        :raises NotAllowed: if the order has ended otherwise
        """
        if self.status != OrderStatus.PARTIAL:
            self._move(OrderStatus.PARTIAL)
        if self._is_news(at):
            self.work_order_stage = WorkOrderStage.PARTLY
        self._forget_hold()

    def fail(self, reason: str, *, at: datetime) -> None:
        """
        Nothing of it can be delivered.

        :raises NotAllowed: if something of it works, or it has ended
        """
        self._move(OrderStatus.FAILED)
        self.work_order_stage = WorkOrderStage.FAILED
        self.problem, self.ended_at = reason, at
        self._forget_hold()

    def ask_to_cancel(self, reason: CancelReason, note: str, *, at: datetime) -> None:
        """
        The order is not wanted any more. How hard that is depends on how far it is.

        Before the billing system was asked for a work order, it ends at once; before a technician is on the way, the
        billing system is asked; after that, a person decides.

        :raises NotAllowed: if it has ended, is being cancelled already, or a part of it works
        """
        if self.status == OrderStatus.PARTIAL:
            raise NotAllowed(
                gettext("Part of this order is installed already. Have those services disconnected instead."),
                code="partly_installed",
            )
        self.cancel_reason, self.cancel_note = reason, note
        nothing_is_there = self.work_order_stage in {WorkOrderStage.NONE, WorkOrderStage.REFUSED}
        if nothing_is_there or self.status == OrderStatus.FAILED:
            self.end_cancelled(at=at)
        elif self.work_order_stage == WorkOrderStage.DISPATCHED:
            self._move(OrderStatus.ASSESSING_CANCELLATION)
            self._forget_hold()
        else:
            self._move(OrderStatus.PENDING_CANCELLATION)
            self._forget_hold()

    def approve_cancellation(self) -> None:
        """
        A person has decided: the billing system is asked to cancel, although a technician is on the way.

        :raises NotAllowed: if there is nothing to decide
        """
        if self.status != OrderStatus.ASSESSING_CANCELLATION:
            raise NotAllowed(gettext("Nobody has asked to cancel this order."), code="wrong_status")
        self._move(OrderStatus.PENDING_CANCELLATION)

    def refuse_cancellation(self, reason: str) -> None:
        """
        It goes on: a person has decided so, or the billing system cannot cancel it any more.

        :raises NotAllowed: if it is not to be cancelled
        """
        if self.status not in {OrderStatus.ASSESSING_CANCELLATION, OrderStatus.PENDING_CANCELLATION}:
            raise NotAllowed(gettext("Nobody has asked to cancel this order."), code="wrong_status")
        self._move(OrderStatus.IN_PROGRESS)
        self.cancel_reason, self.cancel_note, self.problem = "", "", reason

    def contest(self, problem: str, *, at: datetime) -> None:
        """The billing system speaks against what was closed or cancelled here: a person has to see to it."""
        self.problem, self.contested_at = problem, at

    def settle(self) -> None:
        """
        A person has seen to what the billing system said of something closed here.

        :raises NotAllowed: if nothing is to be settled
        """
        if self.contested_at is None:
            raise NotAllowed(gettext("Nothing of this order is to be settled."), code="wrong_status")
        self.problem, self.contested_at = "", None

    def end_cancelled(self, *, at: datetime) -> None:
        """
        It is cancelled, and nothing of it is left in the billing system: by the vendor, where nobody here asked for it.

        :raises NotAllowed: if it has ended otherwise
        """
        self._move(OrderStatus.CANCELLED)
        self.cancel_reason = self.cancel_reason or CancelReason.BY_VENDOR
        self.ended_at = at
        self._forget_hold()
