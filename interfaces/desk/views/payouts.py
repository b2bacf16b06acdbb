"""Payouts: the batches, one of them with its payments, and what each person may do to it."""

from collections import defaultdict
from decimal import Decimal
from itertools import chain
from typing import Any

from django.db.models import Count, DecimalField, F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext, gettext_lazy as _, ngettext

from commissions.models import BankFile, Batch, BatchLine, Reward
from commissions.queries.batches import (
    Standing,
    batches_visible_to,
    corrections_due_within,
    due_within,
    lines_in_question,
    lines_visible_to,
    standing_of,
    unread_lines,
    waiting_for_bank_details,
)
from commissions.queries.owing import rewards_no_longer_owed
from commissions.queries.trace import trace_of
from commissions.queries.transfers import awaited_of, obstacle_to_transfers
from commissions.services import batches
from commissions.states import BankFileStatus, BatchStatus, LineStatus, Verdict
from foundation.divisions.models import Division
from foundation.jobs.queries import progress_of
from foundation.lifecycle import NotAllowed
from foundation.money import ZERO, format_money
from foundation.people.models import User, UserRequest
from foundation.people.queries import can, divisions_where, why_no_second_person
from foundation.people.states import Permission
from interfaces.desk.access import staff_page
from interfaces.desk.actions import Action, perform, posted
from interfaces.desk.filters import BatchFilters, LineFilters
from interfaces.desk.forms import ApproveForm, BuildBatchForm, ConfirmForm, ReadForm
from interfaces.desk.lists import Column, List, Preset, respond
from interfaces.desk.paging import Order
from interfaces.desk.timeline import latest
from referrals.queries import resolved_touches_of

EVENTS_SHOWN = 30
AWAITED_SHOWN = 100

PAYOUTS: List[Batch] = List(
    name="payouts",
    title=_("Payouts"),
    template="desk/payouts.html",
    columns=[
        Column("number", _("Batch"), str, "pk"),
        Column("status", _("State"), lambda batch: batch.get_status_display(), "status"),
        Column("payments", _("Payments"), lambda batch: batch.payments, is_number=True),  # type: ignore[attr-defined]
        Column("total", _("Total"), lambda batch: batch.to_pay, is_number=True),  # type: ignore[attr-defined]
        Column("currency", _("Currency"), lambda batch: batch.currency),
        Column("division", _("Division"), lambda batch: str(batch.division), "division__name"),
        Column("built", _("Built"), lambda batch: batch.built_at, "built_at"),
        Column("approved", _("Approved by"), lambda batch: str(batch.approved_by or "")),
    ],
    order=Order("pk", is_descending=True),
    presets=[
        Preset(_("Being built"), "status=building"),
        Preset(_("To be audited"), "status=frozen"),
        Preset(_("Sent"), "status=submitted"),
        Preset(_("Partly returned"), "status=partly_returned"),
        Preset(_("Refused"), "status=refused"),
        Preset(_("Needs a person"), "waits=person"),
    ],
)

LINES: List[BatchLine] = List(
    name="payout_lines",
    title=_("Payments"),
    template="desk/payout.html",
    columns=[
        Column("payee", _("Payee"), lambda line: line.payee.account.number, "payee__account__number"),
        Column("reward", _("Reward"), lambda line: line.reward_id, "reward_id"),
        Column("amount", _("Amount"), lambda line: line.amount, "amount", is_number=True),
        Column("set_off", _("Set off"), lambda line: line.set_off, is_number=True),
        Column("channel", _("Paid by"), lambda line: line.get_channel_display(), is_shown=False),
        Column("status", _("State"), lambda line: line.get_status_display(), "status"),
        Column("audit", _("Audit"), lambda line: line.get_verdict_display(), "verdict"),
        Column("flags", _("Flagged because"), lambda line: ", ".join(line.flags_in_words)),
        Column("credit", _("Credit or transfer"), lambda line: line.credit_id or line.trace_number),
        Column("seen", _("Read back"), lambda line: line.get_reconciliation_display(), "reconciliation"),
    ],
    order=Order("pk"),
    presets=[
        Preset(_("To be read"), "audit=unread"),
        Preset(_("Flagged"), "audit=flagged"),
        Preset(_("Returned"), "status=returned"),
        Preset(_("Needs a person"), "waits=person"),
    ],
    keeps_filters=False,
)


def in_words(amount: Decimal, currency: str) -> str:
    """Write an amount as the reader's language does."""
    return format_money(amount, currency, get_language() or "en")


@staff_page(Permission.SEE_LEDGER)
def payouts(request: UserRequest) -> HttpResponse:
    """Show the payout batches of a person's divisions."""
    rows = batches_visible_to(request.user).select_related("division", "built_by", "approved_by")
    counted = rows.annotate(payments=_of_lines(Count("pk")), to_pay=_of_lines(Sum("amount"), ZERO))
    may_build = can(request.user, Permission.BUILD_BATCHES)
    filters = BatchFilters(request.GET, counted, request=request)
    may_take_returns = can(request.user, Permission.APPROVE_BATCHES)
    return respond(request, PAYOUTS, filters, may_build=may_build, may_take_returns=may_take_returns)


def _of_lines(aggregate: Any, nothing: Any = 0) -> Coalesce:
    kept = BatchLine.objects.filter(batch=OuterRef("pk")).exclude(status=LineStatus.REMOVED).order_by()
    field = DecimalField() if nothing is ZERO else None
    return Coalesce(Subquery(kept.values("batch").annotate(of=aggregate).values("of")), nothing, output_field=field)


@staff_page(Permission.SEE_LEDGER)
def payout(request: UserRequest, pk: int) -> HttpResponse:
    """Show one batch: how far it is, what may be done to it, and its payments."""
    batch = _found(request, pk)
    rows = batch.lines.select_related("payee__account__customer", "reward", "submission", "batch", "bank_account")
    standing = standing_of(batch)
    file = BankFile.objects.filter(batch=batch).first()
    unconfirmed = why_no_second_person(request.user, batch.makers)
    may_answer = _may_answer_for(batch, request.user, who_is_unconfirmed=unconfirmed)
    may_read = batch.status == BatchStatus.FROZEN and may_answer
    is_refused = file is not None and file.status == BankFileStatus.REFUSED
    return respond(
        request,
        LINES,
        LineFilters(request.GET, rows, request=request),
        batch=batch,
        standing=standing,
        progress=progress_of(batch.job) if batch.job else None,
        file=file,
        is_refused=is_refused,
        is_being_given_back=is_refused and file is not None and awaited_of(file).exists(),
        may_refuse=file is not None and file.can_move(BankFileStatus.REFUSED) and may_answer,
        may_hand_over=may_answer,
        awaited=_awaited(file),
        obstacle=obstacle_to_transfers(batch),
        is_sending=batch.status in {BatchStatus.APPROVED, BatchStatus.SUBMITTED},
        doings=_doings(batch, standing, request.user, may_read=may_read),
        next_unread=unread_lines(batch).order_by("pk").first(),
        may_read=may_read,
        may_remove=batch.status == BatchStatus.BUILDING and can(request.user, Permission.BUILD_BATCHES, batch.division),
        events=latest(batch, most=EVENTS_SHOWN),
    )


def _awaited(file: BankFile | None) -> list[BatchLine]:
    """Return the transfers that the bank's statement did not show."""
    if file is None or file.status != BankFileStatus.PARTLY_PAID:
        return []
    return list(awaited_of(file).select_related("payee__account__customer")[:AWAITED_SHOWN])


def _doings(batch: Batch, standing: Standing, user: User, *, may_read: bool) -> list[str]:
    """Return what a person may do to a batch as it stands. The services decide again."""
    builds = can(user, Permission.BUILD_BATCHES, batch.division)
    offered = [
        ("freeze", builds and batch.can_move(BatchStatus.FROZEN) and standing.payments > 0),
        ("approve", may_read and not standing.unread and standing.payments > 0),
        ("discard", builds and batch.can_move(BatchStatus.DISCARDED)),
    ]
    return [name for name, is_offered in offered if is_offered]


def _may_answer_for(batch: Batch, user: User, *, who_is_unconfirmed: str) -> bool:
    may_approve = can(user, Permission.APPROVE_BATCHES, batch.division)
    return may_approve and not batch.was_made_by(user) and not who_is_unconfirmed


@staff_page(Permission.BUILD_BATCHES)
def build(request: UserRequest) -> HttpResponse:
    """Build a batch of what is earned in a market."""
    choices = _to_be_paid(request.user)
    form = BuildBatchForm(posted(request), choices=choices)
    if form.is_bound and form.is_valid():
        division_id, currency = form.cleaned_data["what"].split(":")
        try:
            batch = batches.build_batch(int(division_id), currency=currency, by=request.user)
        except NotAllowed as refusal:
            form.add_error(None, refusal.message)
        else:
            return redirect("desk:payout", batch.pk)
    action = Action(
        title=_("Build a payout batch"),
        explanation=_(
            "Every reward that is earned there, and every correction, goes in. Until it is frozen, payments can be taken out, and the whole "
            "can be discarded."
        )
        + _without_bank_details(request.user),
        button=_("Build it"),
        done="",
        nothing="" if choices else _("Nothing is earned and unpaid in your markets now."),
        subject=_("Payouts"),
        back=reverse("desk:payouts"),
    )
    status = 422 if form.errors else 200
    return render(request, "desk/action.html", {"action": action, "form": form}, status=status)


def _without_bank_details(user: User) -> str:
    """Say how many rewards in cash go into no batch: nobody knows where to pay them, or nothing is sent there yet."""
    rewards = Reward.objects.filter(division__in=divisions_where(user, Permission.BUILD_BATCHES))
    waiting = waiting_for_bank_details(rewards)
    count = waiting.count()
    later = waiting.filter(payee__bank_accounts__ended_at=None, payee__bank_accounts__isnull=False).count()
    texts = []
    if unnamed := count - later:
        text = ngettext(
            "%(count)d reward in cash waits: its payee has named no bank account.",
            "%(count)d rewards in cash wait: their payees have named no bank account.",
            unnamed,
        )
        texts.append(text % {"count": unnamed})
    if later:
        text = ngettext(
            "%(count)d reward in cash waits: nothing is sent yet to the bank details that its payee has given.",
            "%(count)d rewards in cash wait: nothing is sent yet to the bank details that their payees have given.",
            later,
        )
        texts.append(text % {"count": later})
    return "".join(f" {text}" for text in texts)


def _to_be_paid(user: User) -> list[tuple[str, str]]:
    """Say what is to be paid in each division and below, where a person may build batches; one choice a currency."""
    divisions = divisions_where(user, Permission.BUILD_BATCHES).order_by("name")
    sums: dict[tuple[int, str], tuple[int, Decimal]] = defaultdict(lambda: (0, ZERO))
    within, lineages = divisions.order_by(), ("division__lineage", "payee__division__lineage")
    rewards = due_within(within).order_by().values_list(*lineages, "currency")
    corrections = corrections_due_within(within).order_by().values_list(*lineages, "correction__currency")
    to_be_paid = chain(
        rewards.annotate(count=Count("pk"), total=Sum(F("amount") - F("clawed_back"))),
        corrections.annotate(count=Count("pk"), total=Sum("amount")),
    )
    for lineage, lineage_of_payee, currency, number, amount in to_be_paid:
        for division_id in set(lineage).intersection(lineage_of_payee):
            count, total = sums[division_id, currency]
            sums[division_id, currency] = (count + number, total + amount)
    return [
        (f"{division.pk}:{currency}", _choice(division, count, in_words(total, currency)))
        for division in divisions
        for (division_id, currency), (count, total) in sorted(sums.items())
        if division_id == division.pk
    ]


def _choice(division: Division, count: int, total: str) -> str:
    text = ngettext("%(division)s: %(count)d payment, %(total)s", "%(division)s: %(count)d payments, %(total)s", count)
    return text % {"division": division, "count": count, "total": total}


@staff_page(Permission.BUILD_BATCHES)
def freeze(request: UserRequest, pk: int) -> HttpResponse:
    """Let a batch take no more changes, and draw what has to be read."""
    batch = _found(request, pk)
    action = Action(
        title=_("Freeze the batch"),
        explanation=_sum_sentence(
            batch,
            ngettext(
                "%(count)d payment of %(total)s in all. Nothing can be added or taken out any more, but by an auditor.",
                "%(count)d payments of %(total)s in all. Nothing can be added or taken out any more, but by an auditor.",
                standing_of(batch).payments,
            ),
        ),
        button=_("Freeze it"),
        done=_("The batch is frozen. Somebody else reads and approves it."),
        subject=batch,
        back=_back(batch),
        asks_who_it_is=True,
    )
    return perform(
        request, action, ConfirmForm(posted(request)), lambda _answers: batches.freeze_batch(pk, by=request.user)
    )


@staff_page(Permission.APPROVE_BATCHES)
def approve(request: UserRequest, pk: int) -> HttpResponse:
    """Answer for a batch that others have built: it will be paid."""
    batch = _found(request, pk)
    standing = standing_of(batch)
    action = Action(
        title=_("Approve %(total)s") % {"total": in_words(standing.total, batch.currency)},
        explanation=_sum_sentence(
            batch,
            ngettext(
                "%(count)d payment of %(total)s in all is made. It cannot be called back.",
                "%(count)d payments of %(total)s in all are made. They cannot be called back.",
                standing.payments,
            ),
        ),
        button=_("Approve %(total)s") % {"total": in_words(standing.total, batch.currency)},
        done=_("Approved. The payments go out now."),
        nothing=batches.obstacle_to_approval(batch, by=request.user) if request.method == "GET" else "",
        subject=batch,
        back=_back(batch),
        is_grave=True,
        asks_who_it_is=True,
    )
    form = ApproveForm(posted(request), initial={"shown": standing.total})
    return perform(
        request, action, form, lambda answers: batches.approve_batch(pk, shown=answers["shown"], by=request.user)
    )


@staff_page(Permission.BUILD_BATCHES)
def discard(request: UserRequest, pk: int) -> HttpResponse:
    """Pay nothing of a batch."""
    batch = _found(request, pk)
    action = Action(
        title=_("Discard the batch"),
        explanation=_sum_sentence(
            batch,
            ngettext(
                "%(count)d payment of %(total)s in all is not made. Its reward waits for another batch.",
                "%(count)d payments of %(total)s in all are not made. Their rewards wait for another batch.",
                standing_of(batch).payments,
            ),
        ),
        button=_("Discard it"),
        done=_("The batch is discarded. Its rewards wait for another one."),
        subject=batch,
        back=_back(batch),
        is_grave=True,
    )
    return perform(
        request, action, ConfirmForm(posted(request)), lambda _answers: batches.discard_batch(pk, by=request.user)
    )


def _sum_sentence(batch: Batch, sentence: str) -> str:
    standing = standing_of(batch)
    return sentence % {"count": standing.payments, "total": in_words(standing.total, batch.currency)}


@staff_page(Permission.SEE_LEDGER)
def line(request: UserRequest, pk: int) -> HttpResponse:
    """Show one payment with the trace of its reward, and take down what an auditor found."""
    found = _found_line(request, pk)
    batch, reward = found.batch, found.reward
    this = BatchLine.objects.filter(pk=pk)
    is_not_owed = batch.status == BatchStatus.FROZEN and bool(rewards_no_longer_owed(this))
    is_due = found.verdict == Verdict.UNREAD or is_not_owed or lines_in_question(this).exists()
    unconfirmed = why_no_second_person(request.user, batch.makers)
    may_answer = _may_answer_for(batch, request.user, who_is_unconfirmed=unconfirmed)
    may_read = batch.status == BatchStatus.FROZEN and may_answer and is_due and found.status == LineStatus.PENDING
    form = ReadForm(posted(request)) if may_read else None
    if form and form.is_bound and form.is_valid():
        answers = form.cleaned_data
        try:
            batches.read_line(pk, Verdict(answers["verdict"]), answers["note"], by=request.user)
        except NotAllowed as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            return _on_to_the_next(batch)
    context = {
        "line": found,
        "batch": batch,
        "reward": reward,
        "trace": trace_of(reward),
        "touches": resolved_touches_of(reward.referral.order),
        "signals": reward.referral.signals.select_related("decided_by"),
        "standing": standing_of(batch),
        "form": form,
        "is_not_owed": is_not_owed,
        "is_own": batch.was_made_by(request.user),
        "may_audit": can(request.user, Permission.APPROVE_BATCHES, batch.division),
        "who_is_unconfirmed": unconfirmed,
        "may_remove": batch.status == BatchStatus.BUILDING
        and can(request.user, Permission.BUILD_BATCHES, batch.division),
        "may_settle": can(request.user, Permission.SETTLE_SUBMISSIONS, found.division),
    }
    return render(request, "desk/payout_line.html", context, status=422 if form and form.errors else 200)


def _on_to_the_next(batch: Batch) -> HttpResponse:
    following = unread_lines(batch).order_by("pk").first()
    return redirect("desk:payout_line", following.pk) if following else redirect("desk:payout", batch.pk)


@staff_page(Permission.BUILD_BATCHES)
def remove(request: UserRequest, pk: int) -> HttpResponse:
    """Take one payment out of a batch that is being built."""
    found = _found_line(request, pk)
    action = Action(
        title=_("Take the payment out"),
        explanation=gettext("%(amount)s to account %(account)s. The reward waits for another batch.")
        % {"amount": in_words(found.amount, found.currency), "account": found.payee.account},
        button=_("Take it out"),
        done=_("The payment is taken out."),
        subject=found.batch,
        back=_back(found.batch),
    )
    return perform(
        request, action, ConfirmForm(posted(request)), lambda _answers: batches.remove_line(pk, by=request.user)
    )


def _found(request: UserRequest, pk: int) -> Batch:
    related = ("division", "built_by", "frozen_by", "approved_by", "job")
    return get_object_or_404(batches_visible_to(request.user).select_related(*related), pk=pk)


def _found_line(request: UserRequest, pk: int) -> BatchLine:
    related = (
        "batch__division", "division", "dispute__answered_by", "payee__account__customer", "submission", "read_by", "reward__division",
        "reward__version__rule", "reward__referral__order", "reward__referral__referrer__customer",
        "reward__referral__friend", "reward__friend_account",
    )  # fmt: skip
    return get_object_or_404(lines_visible_to(request.user).select_related(*related), pk=pk)


def _back(batch: Batch) -> str:
    return reverse("desk:payout", args=[batch.pk])
