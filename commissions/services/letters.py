"""Write to payees what became of their money; of a friend, nothing but the name by which the payee knows them."""

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import Model, QuerySet, Sum
from django.urls import reverse

from commissions.models import BatchLine, Dispute, DisputeArticle, LedgerEntry, Payee, Reward
from commissions.queries.bank import current_bank_account, is_paid_elsewhere_now
from commissions.queries.disputes import is_appealable
from commissions.states import DisputeStatus, EntryKind, LedgerAccount, LineStatus, RewardStatus, Side
from foundation.correspondence.services import compose, queue_message
from foundation.divisions.queries import root_of
from foundation.money import ZERO, format_money


def send_earned(reward_id: int) -> None:
    """
    Tell a payee that a reward is earned, where its programme says so and nothing holds it. Again, nothing is sent.

    What was paid, or taken back, before this came by is told by the letter about that.
    """
    reward = _reward(reward_id)
    is_to_be_paid = reward.status in {RewardStatus.PAYABLE, RewardStatus.BATCHED}
    if is_to_be_paid and reward.amount and reward.referral.programme.tells_when_earned:
        owed, key = reward.amount - reward.clawed_back, f"commissions.earned:{reward.pk}"
        if reward.is_cash:
            asks = "" if current_bank_account(reward.payee) else "yes"
            _send(reward, "earned_cash", owed, key=key, asks=asks, bank_link=_bank_page(reward))
        else:
            _send(reward, "earned", owed, key=key)


def send_credited(reward_id: int) -> None:
    """
    Tell a payee what was credited on their bill, or transferred; nothing where all of it was set off.

    Again, nothing is sent: but of another transfer, after their bank has sent the one before back.
    """
    reward = _reward(reward_id)
    corrections = reward.lines.exclude(dispute=None).filter(status=LineStatus.CONFIRMED)
    came_back = reward.entries.filter(kind=EntryKind.RETURN, debit=LedgerAccount.PAID)
    credited = _sum(reward.entries.filter(kind=EntryKind.SETTLE)) - _sum(came_back) - _sum(corrections)
    if credited:
        kind = "transferred" if reward.is_cash else "credited"
        again = f":{number}" if (number := came_back.count()) else ""
        _send(reward, kind, credited, key=f"commissions.credited:{reward.pk}{again}")


def send_taken_back(reward_id: int, amount: Decimal, *, event_id: int) -> None:
    """Tell a payee that something was taken back which had been credited, and never why. Again, nothing is sent."""
    _send(_reward(reward_id), "taken_back", amount, key=f"commissions.taken_back:{event_id}")


def send_transfer_returned(line_id: int, *, event_id: int) -> None:
    """
    Tell a payee that a transfer came back, or was not made, and what is still theirs of it; ask where else to pay it.

    They are asked where they have named no bank account that money can go to. Again, nothing is sent.
    """
    line = BatchLine.objects.select_related("payee", "bank_account").get(pk=line_id)
    reward = _reward(line.reward_id)
    owed = line.amount if line.dispute_id else max(reward.owed - line.set_off, ZERO)
    language = reward.payee.account.customer.language
    said = {
        "was_sent": "yes" if line.trace_number else "",
        "asks": "yes" if owed and not current_bank_account(reward.payee) else "",
        "goes_elsewhere": "yes" if line.dispute_id or is_paid_elsewhere_now(line) else "",
        "owed": format_money(owed, reward.currency, language) if owed else "",
        "is_less": "yes" if owed != line.amount else "",
        "bank_link": _bank_page(reward),
    }
    _send(reward, "transfer_returned", line.amount, key=f"commissions.transfer_returned:{event_id}", **said)


def send_answer(dispute_id: int) -> None:
    """Tell a payee what was answered about a line of a statement, or about what they miss. Again, nothing is sent."""
    dispute = _dispute(dispute_id)
    kind = "dispute_upheld" if dispute.status == DisputeStatus.UPHELD else "dispute_explained"
    asked_about = dispute.amount or (dispute.entry.amount if dispute.entry else None)
    said: dict[str, object] = {
        "answer": dispute.answer,
        "expected_on": dispute.expected_on,
        "is_appeal": dispute.appeals_id is not None,
        "may_appeal": is_appealable(dispute),
    }
    reward = dispute.reward
    if kind == "dispute_upheld" and reward and reward.is_cash:
        said |= {"asks": "" if current_bank_account(reward.payee) else "yes", "bank_link": _bank_page(reward)}
    _write_about(dispute, kind, key=f"commissions.dispute_answered:{dispute.pk}", amount=asked_about, **said)


def send_question(article_id: int) -> None:
    """Tell a payee what we need from them to answer a dispute. Again, nothing is sent."""
    article = DisputeArticle.objects.get(pk=article_id)
    key = f"commissions.dispute_question:{article.pk}"
    _write_about(_dispute(article.dispute_id), "dispute_question", key=key, question=article.text)


def _dispute(dispute_id: int) -> Dispute:
    related = ("entry__reward__referral", "referral", "payee__account__customer", "payee__division")
    return Dispute.objects.select_related(*related).get(pk=dispute_id)


def _write_about(dispute: Dispute, kind: str, *, key: str, amount: Decimal | None = None, **said: object) -> None:
    payee, reward = dispute.payee, dispute.reward
    customer = payee.account.customer
    currency = reward.currency if reward else payee.currency
    context = {
        "friend": dispute.friend,
        "is_missing": dispute.entry is None,
        "amount": "" if amount is None else format_money(amount, currency, customer.language),
        "link": root_of(payee.division) + reverse("selfcare:dispute", args=[dispute.pk]),
        **said,
    }
    _write(payee, kind, context, key=key, subject=reward or dispute)


def send_correction_taken_back(dispute_id: int) -> None:
    """Tell a payee that what was added after their dispute is not paid after all. Again, nothing is sent."""
    correction = LedgerEntry.objects.get(corrects=dispute_id)
    key = f"commissions.correction_taken_back:{dispute_id}"
    _send(_reward(correction.reward_id), "correction_taken_back", correction.amount, key=key)


def _bank_page(reward: Reward) -> str:
    """Return the address of the page on which a payee says where they are paid."""
    return root_of(reward.payee.division) + reverse("selfcare:bank", args=[reward.payee_id])


def _sum(rows: QuerySet[LedgerEntry] | QuerySet[BatchLine]) -> Decimal:
    total: Decimal | None = rows.aggregate(total=Sum("amount"))["total"]
    return total or ZERO


def _reward(reward_id: int) -> Reward:
    related = ("payee__account__customer", "payee__division", "referral__programme", "term")
    return Reward.objects.select_related(*related).get(pk=reward_id)


def _send(reward: Reward, kind: str, amount: Decimal, *, key: str, **said: str) -> None:
    payee = reward.payee
    context = {
        "friend": reward.referral.friend_label if reward.side == Side.REFERRER else "",
        "amount": format_money(amount, reward.currency, payee.account.customer.language),
        "link": root_of(payee.division) + reverse("selfcare:statements"),
        **said,
    }
    _write(payee, kind, context, key=key, subject=reward)


def _write(payee: Payee, kind: str, context: Mapping[str, object], *, key: str, subject: Model) -> None:
    customer, division = payee.account.customer, payee.division
    contact = customer.contacts.filter(role="primary").exclude(email="").first()
    if contact is None:
        return
    said = {"name": customer.name, **context}
    queue_message(
        compose(f"commissions/mail/{kind}", said, language=customer.language, division=division),
        key=key,
        kind=f"commissions.{kind}",
        to=contact.email,
        language=customer.language,
        division=division,
        subject=subject,
        about=[payee.account, customer],
    )
