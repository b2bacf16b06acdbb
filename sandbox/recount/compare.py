"""Hold what every reward should be against what the ledger, the vendor's credits and the bank's statement say."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING

from sandbox.recount.days import day_in
from sandbox.recount.expect import Expected, expected_rewards

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from sandbox.recount.bank import Transfer
    from sandbox.recount.export import BankAccount, Entry, Export
    from sandbox.recount.vendor import Credit, Vendors

LEGS = {
    "accrual": {("expense", "held")},
    "release": {("held", "payable")},
    "forfeit": {("held", "expense")},
    "reinstate": {("expense", "held")},
    "send": {("payable", "in_transit")},
    "settle": {("in_transit", "paid")},
    "return": {("in_transit", "payable"), ("paid", "payable"), ("receivable", "payable")},
    "hold": {("payable", "held")},
    "clawback": {("held", "expense"), ("payable", "expense"), ("receivable", "expense")},
    "recover": {("payable", "receivable")},
    "correct": {("expense", "payable")},
    "write_off": {("expense", "receivable")},
    "charge": {("paid", "receivable")},
}
"""Between which accounts each kind of entry moves money."""
CANCELS = {"reinstate": ("forfeit",), "release": ("hold",)}
"""What an entry makes undone, if there is one before it."""
CANCELS_RETURNED = {"in_transit": ("send",), "paid": ("settle", "send"), "receivable": ("recover",)}
"""The same, of a payment that came back, by the account that it came back from."""
PAYMENTS = {"send", "settle", "recover"}
DECIDED = {"correct", "write_off", "charge"}
"""What stands for a decision of people, and is owed to no rule."""
OURS = ("reward-", "correction-")
"""How the request ids of our credits begin: `reward-<reward>-<attempt>`, `correction-<dispute>-<attempt>`."""

Posting = tuple[str, "date", Decimal]


@dataclass
class Standing:
    """The entries of one reward that still stand, in the order of posting."""

    entries: list[Entry]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Standing:
        """Leave out what was undone by a later entry, together with that."""
        kept: list[Entry] = []
        for entry in sorted(entries, key=lambda entry: int(entry.key.partition(":")[2] or 0)):
            cancels = CANCELS_RETURNED[entry.debit] if entry.kind == "return" else CANCELS.get(entry.kind, ())
            undone = [next((one for one in reversed(kept) if one.kind == kind), None) for kind in cancels]
            if not undone or any(one is None or one.amount != entry.amount for one in undone):
                kept.append(entry)
            else:
                kept = [one for one in kept if one not in undone]
        return cls(kept)

    def of_kind(self, *kinds: str) -> list[Entry]:
        """Return the entries of some kinds."""
        return [entry for entry in self.entries if entry.kind in kinds]

    def sum_of(self, *kinds: str) -> Decimal:
        """Add up the entries of some kinds."""
        return sum((entry.amount for entry in self.of_kind(*kinds)), Decimal(0))


def differences(export: Export, vendors: Vendors, transfers: Iterable[Transfer] = ()) -> Iterator[str]:
    """Yield a sentence for everything that should be otherwise; nothing where all is well."""
    expected = {(one.referral.order_number, one.side): one for one in expected_rewards(export, vendors)}
    entries: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in export.entries:
        entries[entry.order_number, entry.side].append(entry)
    taken_back = {one.key: one.number for one in export.decisions if one.kind == "clawback"}
    shown = _credits_of_rewards(export, vendors)
    handed: dict[str, list[Transfer]] = defaultdict(list)
    for transfer in transfers:
        handed[transfer.reward].append(transfer)
    for place in sorted({*expected, *entries}):
        name = f"Order {place[0]}, {place[1]}"
        if place not in expected:
            yield from (f"{name}: {_said(entry)} for a reward that nobody earned." for entry in entries[place])
            continue
        reward, posted = expected[place], [entry for entry in entries[place] if entry.key not in taken_back]
        ids = {entry.reward for entry in posted}
        paid = [credit for one in ids for credit in shown.pop(one, [])]
        on_top = [
            one.amount
            for one in export.decisions
            if one.kind == "correct" and one.reward in ids and one.number not in taken_back.values()
        ]
        sent = [transfer for one in sorted(ids) for transfer in handed.pop(one, [])]
        named = [one for one in export.bank_accounts if one.payee == reward.payee]
        yield from (f"{name}: {what}" for what in _compare(reward, posted, paid, on_top))
        yield from (f"{name}: {what}" for what in _compare_transfers(reward, posted, sent, named))
    for reward_id, strays in shown.items():
        yield from (
            f"Credit {one.id} of {one.amount} to {one.account_number}: no reward {reward_id}." for one in strays
        )
    for reward_id, left in handed.items():
        yield from (f"Transfer {one.trace} of {one.amount}: no reward {reward_id}." for one in left)
    yield from _decided(export)
    yield from _receivables(export.entries)


def _credits_of_rewards(export: Export, vendors: Vendors) -> dict[str, list[Credit]]:
    """Return the credits that we have asked for, by the reward that they pay or correct."""
    corrected = {one.number: one.reward for one in export.decisions if one.kind == "correct"}
    shown: dict[str, list[Credit]] = defaultdict(list)
    for credit in vendors.credits():
        if credit.request_id.startswith(OURS):
            what, number = credit.request_id.split("-")[:2]
            shown[number if what == "reward" else corrected.get(number, credit.request_id)].append(credit)
    return shown


def _decided(export: Export) -> Iterator[str]:
    """Look whether there is an entry for each decision of people, as they decided, and none without one."""
    decisions = {one.key: one for one in export.decisions}
    for entry in export.entries:
        if entry.kind not in DECIDED and entry.key not in decisions:
            continue
        decision = decisions.pop(entry.key, None)
        if decision is None or decision.kind != entry.kind:
            yield f"{_said(entry)} that nobody has decided."
            continue
        wanted = (decision.payee, decision.amount, decision.on)
        if (entry.payee, entry.amount, entry.effective_on) != wanted:
            yield f"{_said(entry)} for {entry.payee}; decided was {decision.amount} for {decision.payee} on {decision.on}."
        if not decision.number and entry.kind != "write_off":
            yield f"{_said(entry)} names no {'charge in the billing system' if entry.kind == 'charge' else 'dispute'}."
    for decision in decisions.values():
        yield f"no {decision.kind} of {decision.amount} for {decision.payee} ({decision.key}), though it was decided."


def _compare(reward: Expected, posted: list[Entry], paid: list[Credit], on_top: list[Decimal]) -> Iterator[str]:
    yield from _check_each(reward, posted)
    standing = Standing.of(posted)
    wanted: list[Posting] = [*reward.postings()]
    for entry in standing.entries:
        if entry.kind in {*PAYMENTS, *DECIDED, "hold"}:
            continue
        match = next((one for one in wanted if _is(entry, one, may_wait=reward.referral.was_signalled)), None)
        if match is None:
            yield f"{_said(entry)} that nothing explains; it should be {reward.in_words()}."
        else:
            wanted.remove(match)
    for kind, on, amount in wanted:
        if kind != "release" or not reward.referral.was_signalled:
            yield f"no {kind} of {amount} on {on}; it should be {reward.in_words()}."
    if not reward.is_in_cash:
        yield from _compare_credits(reward, standing, paid)
    yield from _compare_sum(reward, standing, on_top)


def _is(entry: Entry, posting: Posting, *, may_wait: bool) -> bool:
    kind, on, amount = posting
    is_day = entry.effective_on == on or (may_wait and kind == "release" and entry.effective_on > on)
    return (entry.kind, entry.amount) == (kind, amount) and is_day


def _check_each(reward: Expected, posted: list[Entry]) -> Iterator[str]:
    """Look at each entry by itself: whose it is, by which version, between which accounts."""
    version = (reward.version.rule, reward.version.number)
    was_paid = False
    for entry in sorted(posted, key=lambda entry: int(entry.key.partition(":")[2] or 0)):
        was_paid = was_paid or entry.kind in {"settle", "recover"}
        if entry.payee != reward.payee:
            yield f"{_said(entry)} for {entry.payee}; the payee is {reward.payee}."
        if (entry.rule, entry.version) != version:
            said = f"{entry.rule} version {entry.version}"
            yield f"{_said(entry)} by {said}; in force was {version[0]} version {version[1]}."
        if (entry.debit, entry.credit) not in LEGS[entry.kind]:
            yield f"{_said(entry)} moves money from {entry.debit} to {entry.credit}."
        if entry.kind == "clawback" and (entry.debit == "receivable") != was_paid:
            yield f"{_said(entry)} is taken from {entry.debit}, though it was {'' if was_paid else 'not '}paid."


def _compare_credits(reward: Expected, standing: Standing, paid: list[Credit]) -> Iterator[str]:
    """Hold each payment in the ledger against a credit of the vendor's."""
    left = list(paid)
    for entry in standing.of_kind("settle"):
        credit = next((one for one in left if one.amount == entry.amount), left[0] if left else None)
        if credit is None:
            yield f"{_said(entry)}: the vendor shows no credit."
            continue
        left.remove(credit)
        yield from _compare_credit(reward, entry, credit, day_in(reward.zone, credit.posted_at))
    for credit in left:
        yield f"credit {credit.id} of {credit.amount} to {credit.account_number}, which the ledger does not have."


def _compare_transfers(
    reward: Expected, posted: list[Entry], sent: list[Transfer], named: list[BankAccount]
) -> Iterator[str]:
    """
    Hold what the ledger says was sent, paid and returned against the bank's statement.

    What the bank has paid may still be in transit here: a person confirms it.
    """
    if not reward.is_in_cash:
        yield from (f"transfer {one.trace} of {one.amount}, though it is not in cash." for one in sent)
        return
    standing = Standing.of(posted)
    paid, back = [one for one in sent if one.is_paid], [one for one in sent if one.is_returned]
    yield from _compare_settled(standing.of_kind("settle"), paid)
    settled = len(standing.of_kind("settle"))
    in_transit = len(standing.of_kind("send")) - settled
    returned = len([entry for entry in posted if entry.kind == "return" and entry.debit != "receivable"])
    if len(sent) - len(back) > settled + in_transit:
        yield f"the bank was handed {len(sent)} transfers; the ledger has {settled} paid, {in_transit} in transit."
    if len(back) > returned:
        yield f"the bank has sent {len(back)} back; by the ledger {returned} came back."
    yield from _compare_sent(reward, [entry for entry in posted if entry.kind == "send"], sent, named)


def _compare_sent(
    reward: Expected, sends: list[Entry], sent: list[Transfer], named: list[BankAccount]
) -> Iterator[str]:
    """
    Look for an entry, of that amount and by then, for each transfer that the bank was handed, whatever became of it since.

    It went to a bank account that its payee had named, and that had not ended when it was sent.
    """
    left = sorted(sends, key=lambda entry: entry.effective_on)
    for transfer in sorted(sent, key=lambda one: one.received_on):
        fitting = [e for e in left if e.amount == transfer.amount and e.effective_on <= transfer.received_on]
        if not fitting:
            yield f"transfer {transfer.trace} of {transfer.amount}: by the ledger nothing of that amount was sent by then."
            continue
        left.remove(fitting[-1])
        accounts = [one for one in named if one.is_of(transfer.account, transfer.received_on)]
        if not accounts:
            yield f"transfer {transfer.trace} went to an account that its payee had not named by then."
        elif not any(one.was_open(fitting[-1].effective_on, reward.zone) for one in accounts):
            yield f"transfer {transfer.trace} went to an account that had ended when it was sent."


def _compare_settled(settled: list[Entry], paid: list[Transfer]) -> Iterator[str]:
    """Look for a transfer that the bank has paid, by then and of that amount, for each entry that says so."""
    left = list(paid)
    for entry in settled:
        transfer = next((one for one in left if one.amount == entry.amount), None)
        if transfer is None:
            yield f"{_said(entry)}: the bank shows no such transfer."
            continue
        left.remove(transfer)
        if transfer.posted_on and transfer.posted_on > entry.effective_on:
            yield f"{_said(entry)}: transfer {transfer.trace} was paid on {transfer.posted_on}."


def _compare_sum(reward: Expected, standing: Standing, on_top: list[Decimal]) -> Iterator[str]:
    """
    Look whether neither more nor less was paid or set off than is owed: the reward, and what was decided on top.

    Each of them is paid whole, in its own batch, or not yet.
    """
    if not standing.of_kind(*PAYMENTS):
        return
    corrections = {sum(some, Decimal(0)) for count in range(len(on_top) + 1) for some in combinations(on_top, count)}
    given = standing.sum_of("settle", "recover")
    if reward.is_never_paid or reward.fate.amount is None:
        if not on_top or given not in corrections:
            yield f"it was paid; it should be {reward.in_words()}."
        return
    before = sum((e.amount for e in standing.of_kind("clawback") if e.debit != "receivable"), Decimal(0))
    owed = reward.fate.amount - before
    if standing.of_kind("settle", "recover") and given not in corrections | {owed + extra for extra in corrections}:
        yield f"{given + before} was paid or set off; it should be {reward.fate.amount}."


def _compare_credit(reward: Expected, entry: Entry, credit: Credit, posted_on: date) -> Iterator[str]:
    name = f"credit {credit.id}"
    if credit.account_number != reward.payee:
        yield f"{name} went to {credit.account_number}; the payee is {reward.payee}."
    if (credit.amount, credit.currency) != (entry.amount, entry.currency):
        yield f"{name} is of {credit.amount} {credit.currency}; the ledger paid {entry.amount} {entry.currency}."
    if posted_on != entry.effective_on:
        yield f"{name} was posted on {posted_on}; by the ledger it was on {entry.effective_on}."


def _receivables(entries: list[Entry]) -> Iterator[str]:
    """Look whether more was set off of anybody's rewards than was taken back from them."""
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if entry.debit == "receivable":
            owed[entry.payee] += entry.amount
        if entry.credit == "receivable":
            owed[entry.payee] -= entry.amount
    yield from (
        f"{payee}: {-amount} more was set off than was taken back." for payee, amount in owed.items() if amount < 0
    )


def _said(entry: Entry) -> str:
    return f"{entry.kind} of {entry.amount} on {entry.effective_on} ({entry.key})"
