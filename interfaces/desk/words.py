"""What a fact says to the people who read an order's or a lead's timeline."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache

from django.db.models import Choices
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _

from accounts.states import Standing
from billing.states import ServiceStatus
from commissions.queries.facts import FACTS as ASKED
from commissions.states import BatchStatus, ClaimWay, DisputeStatus, HoldReason as RewardHold, ReasonCode
from foundation.correspondence.models import InboundMail
from foundation.events.facts import FACTS
from foundation.events.models import Event
from leads.states import CloseReason
from orders.queries import appointment_window
from orders.states import CancelReason, Channel, HoldReason
from referrals.states import DisqualifyReason
from tickets.states import (
    ClockKind,
    CreditRunStatus,
    DetachReason,
    EndReason,
    EscalationReason,
    HoldReason as TicketHold,
    OutageStatus,
    PendingReason,
    Priority,
    ResolutionCode,
    Score,
    TaskKind,
    TicketChannel,
    TicketStatus,
    TicketType,
    UpdateStage,
    VisitOutcome,
)

SENTENCES: Mapping[str, str | Promise] = {
    "accounts.account_activated": _("Service began on the account"),
    "accounts.account_closed": _("The account was closed"),
    "accounts.consent_withdrawn": _("A consent was taken back"),
    "accounts.contact_corrected": _("Contact details were corrected: %(fields)s"),
    "accounts.customer_claimed": _("The customer signed in for the first time"),
    "accounts.outage_notices_wanted": _("The customer chose whether to be told of outages"),
    "accounts.standing_changed": _("The account’s standing is now: %(standing)s"),
    "billing.aged_balance_reported": _("Past due: %(past_due)s %(currency)s"),
    "billing.credit_confirmed": _("The billing system posted the credit %(credit_id)s"),
    "billing.credit_refused": _("The billing system refused a credit: %(reason)s"),
    "billing.credit_note_allocated": _("A credit note pays %(amount)s %(currency)s of bill %(invoice_id)s"),
    "billing.credit_note_deallocated": _("A credit note no longer pays %(amount)s %(currency)s of bill %(invoice_id)s"),
    "billing.credit_posted": _("A credit of %(amount)s %(currency)s stands on the account since %(posted_on)s"),
    "billing.install_reported": _("The billing system reported services as installed on %(installed_on)s"),
    "billing.invoice_issued": _("Bill %(invoice_id)s: %(amount)s %(currency)s, due on %(due_date)s"),
    "billing.receipt_allocated": _("%(amount)s %(currency)s of a payment went to bill %(invoice_id)s"),
    "billing.receipt_deallocated": _("%(amount)s %(currency)s of a payment no longer pays bill %(invoice_id)s"),
    "billing.receipt_recorded": _("%(amount)s %(currency)s was paid"),
    "billing.service_status_changed": _("The billing system says of the service, from %(effective_on)s: %(status)s"),
    "billing.submission_requested": _("The billing system is asked"),
    "billing.submission_set_aside": _("Tried too often: a person has to decide"),
    "billing.submission_settled": _("Settled by hand: %(reason)s"),
    "billing.work_order_cancellation_refused": _("The billing system refused to cancel: %(reason)s"),
    "billing.work_order_cancelled": _("The billing system cancelled the work order"),
    "billing.work_order_change_refused": _("The billing system refused the change: %(reason)s"),
    "billing.work_order_changed": _("The billing system took the change"),
    "billing.work_order_confirmed": _("The billing system has the work order: %(work_order_id)s"),
    "billing.work_order_dispatched": _("The billing system says that a technician is on the way"),
    "billing.work_order_failed": _("The billing system could not install: %(reason)s"),
    "billing.work_order_refused": _("The billing system refused the work order: %(reason)s"),
    "billing.work_order_scheduled": _("The billing system scheduled the visit: %(starts_at)s"),
    "billing.work_order_unknown": _("Nobody knows yet whether the billing system has the work order"),
    "commissions.bank_file_downloaded": _("The file for the bank was downloaded"),
    "commissions.bank_file_handed_over": _("The file was handed to the bank"),
    "commissions.bank_file_made": _("The file for the bank was made: %(count)s transfers, $%(total)s"),
    "commissions.bank_file_paid": _("The bank has paid: %(count)s transfers, $%(total)s"),
    "commissions.bank_file_refused": _("The bank has not taken the file, or it was withdrawn: %(reason)s"),
    "commissions.bank_change_heard": _("The payee’s bank has told other details: %(code)s"),
    "commissions.bank_details_corrected": _(
        "The details were written as the bank has told, used from %(usable_from)s on"
    ),
    "commissions.transfer_given_back": _("The bank has not paid the transfer, it is owed again: %(reason)s"),
    "commissions.transfer_returned": _("The bank sent the transfer back: %(code)s"),
    "commissions.bank_details_ended": _("Nothing is sent to the payee’s bank details any more"),
    "commissions.bank_details_given": _("The payee has given bank details, used from %(usable_from)s on"),
    "commissions.batch_moved": _("Batch: %(status)s"),
    "commissions.credit_returned": _("The billing system refused the payment: %(reason)s"),
    "commissions.claim_end_asked": _("Asked about the claim of %(amount)s %(currency)s: %(way)s"),
    "commissions.claim_end_decided": _("Decided about the claim: %(status)s"),
    "commissions.correction_paid": _("A correction was paid: %(credit_id)s"),
    "commissions.correction_taken_back": _("A correction of %(amount)s %(currency)s was found wrong and taken back"),
    "commissions.dispute_answered": _("The payee was answered about what they dispute: %(status)s"),
    "commissions.dispute_given_back": _("The dispute was given back for others"),
    "commissions.dispute_handed_over": _("The dispute was given to a colleague"),
    "commissions.dispute_raised": _("The payee says that a line is wrong, to be answered by %(due_on)s"),
    "commissions.dispute_taken": _("Somebody looks into the dispute"),
    "commissions.evidence_added": _("Something was added to the dispute"),
    "commissions.evidence_given": _("The payee has answered our question: an answer is due by %(due_on)s"),
    "commissions.evidence_wanted": _("The payee was asked for something: the clock rests"),
    "commissions.nothing_accrued": _("No rule promises anything for this order"),
    "commissions.period_closed": _("The month that began on %(period)s was closed"),
    "commissions.reward_accrued": _("A reward has begun to qualify"),
    "commissions.reward_cap_limited": _("A limit was reached: nothing will be earned"),
    "commissions.reward_clawed_back": _("%(amount)s %(currency)s was taken back: %(reason)s"),
    "commissions.reward_forfeited": _("Not eligible since %(since)s: %(reason)s"),
    "commissions.reward_held": _("The reward waits: %(reasons)s"),
    "commissions.reward_qualified": _("Earned on %(qualified_on)s: %(amount)s %(currency)s"),
    "commissions.reward_reinstated": _("Facts that came late have restored the reward: it qualifies again"),
    "commissions.reward_released": _("Nothing holds the reward any more"),
    "commissions.reward_settled": _("The reward was paid: %(credit_id)s"),
    "commissions.version_moved": _("A version of a rule was moved on"),
    "correspondence.address_suppressed": _("The recipient wants no advertising any more"),
    "correspondence.mail_received": _("Mail came in"),
    "correspondence.mail_set_aside": _("A mail that came in waits for a person"),
    "correspondence.message_bounced": _("A message came back: the address does not work"),
    "correspondence.message_queued": _("A message was written"),
    "correspondence.message_sent": _("A message was sent"),
    "correspondence.message_suppressed": _("A message was not sent: the recipient wants none"),
    "correspondence.messages_queued": _("Messages were written"),
    "correspondence.messages_sent": _("Messages were sent"),
    "jobs.cancelled": _("Stopped by hand"),
    "jobs.resumed": _("Taken up again"),
    "leads.assigned": _("The lead was assigned"),
    "leads.captured": _("Somebody asked to be told"),
    "leads.closed": _("The lead was closed: %(reason)s"),
    "leads.contacted": _("Somebody spoke with them"),
    "leads.converted": _("The lead became an order"),
    "leads.noted": _("A note was written"),
    "orders.accepted": _("The order was accepted"),
    "orders.cancellation_asked": _("Cancellation asked for: %(reason)s"),
    "orders.cancellation_refused": _("The order goes on: it was not cancelled"),
    "orders.cancelled": _("The order was cancelled: %(reason)s"),
    "orders.change_refused": _("A change was refused by the billing system"),
    "orders.completed": _("Everything is installed"),
    "orders.contest_settled": _("What the billing system says was settled: %(note)s"),
    "orders.corrected": _("The order was corrected: %(fields)s"),
    "orders.failed": _("Nothing could be installed"),
    "orders.held": _("Put on hold: %(reason)s"),
    "orders.in_progress": _("The work order is in the billing system"),
    "orders.rejected": _("The order was rejected"),
    "orders.released": _("The hold was released"),
    "orders.remainder_closed": _("Closed without being installed: %(products)s. %(reason)s"),
    "orders.rescheduled": _("The appointment was moved from %(before_starts_at)s to %(starts_at)s"),
    "orders.services_ended": _("Ended on %(ended_on)s: %(products)s"),
    "orders.services_failed": _("Could not be installed: %(products)s"),
    "orders.services_installed": _("Installed: %(products)s"),
    "orders.services_resumed": _("Works again since %(resumed_on)s: %(products)s"),
    "orders.submitted": _("The customer ordered"),
    "orders.technician_dispatched": _("A technician is on the way"),
    "orders.window_reported": _("The billing system moved the visit from %(before_starts_at)s to %(starts_at)s"),
    "orders.work_order_asked": _("The work order was asked for"),
    "referrals.disqualified": _("The referral is not eligible: %(reason)s"),
    "referrals.friend_touched": _("A friend was reached"),
    "referrals.friends_invited": _("Friends were invited"),
    "referrals.installed": _("The referred friend is installed since %(installed_on)s"),
    "referrals.invitation_ended": _("An invitation came to its end"),
    "referrals.made": _("The order is credited to a referrer"),
    "referrals.programme_moved": _("The referral program was started, paused or ended"),
    "referrals.referrer_enrolled": _("The customer takes part in a referral program"),
    "referrals.referrer_left": _("The customer left the referral program"),
    "referrals.referrer_returned": _("The customer takes part in the referral program again"),
    "referrals.referrer_suspended": _("The customer may refer nobody for now"),
    "referrals.signal_decided": _("Somebody looked at what seemed odd about the referral"),
    "referrals.signal_raised": _("Something looks odd about the referral"),
    "tickets.agent_arrived": _("The agent arrived: truck roll %(truck_rolls)s"),
    "tickets.agent_set_off": _("The agent is on the way"),
    "tickets.answer_left": _("An answer went out"),
    "tickets.answer_taken_back": _("An answer was taken back before it left"),
    "tickets.answered": _("An answer was written"),
    "tickets.asked": _("The customer was asked, and the ticket waits for the answer"),
    "tickets.attached": _("Attached to the outage"),
    "tickets.credit_run_moved": _("Credits: %(status)s"),
    "tickets.customer_replied": _("The customer replied"),
    "tickets.device_swapped": _("A device was changed: %(before)s out, %(after)s in"),
    "tickets.detached": _("Detached from the outage"),
    "tickets.equipment_installed": _("A device was put in"),
    "tickets.equipment_taken_out": _("A device was taken out"),
    "tickets.escalated": _("Escalation: from level %(before)s to level %(after)s"),
    "tickets.handed_over": _("The ticket was given to somebody"),
    "tickets.child_attached": _("It became part of %(parent_number)s"),
    "tickets.child_detached": _("It is no longer part of %(parent_number)s"),
    "tickets.account_changed": _("It is about account %(after)s"),
    "tickets.customer_changed": _("It turned out to be another customer’s"),
    "tickets.macro_used": _("By the macro “%(macro)s”"),
    "tickets.merged": _("It was merged and goes on as %(into_number)s"),
    "tickets.split": _("Part of %(number)s became %(new_number)s"),
    "tickets.unmerged": _("It goes on by itself again, without %(from_number)s"),
    "tickets.moved": _("From “%(before)s” to “%(after)s”"),
    "tickets.participant_added": _("Our answers go to somebody else, too"),
    "tickets.participant_dropped": _("Our answers go to one person fewer"),
    "tickets.noted": _("An internal note was written"),
    "tickets.opened": _("The ticket was opened: %(type)s, %(priority)s"),
    "tickets.outage_corrected": _("It began at another time than was declared"),
    "tickets.outage_moved": _("The outage is now: %(after)s"),
    "tickets.outage_told": _("Customers are told: %(stage)s"),
    "tickets.outage_widened": _("The outage affects %(services)s more services"),
    "tickets.priority_changed": _("Priority: from %(before)s to %(after)s"),
    "tickets.promise_missed": _("A promise was not kept: %(kind)s"),
    "tickets.promise_nearing": _("%(share)s %% of the time for a promise are used: %(kind)s"),
    "tickets.promise_overdue": _("A promise is long overdue, %(share)s %% of its time: %(kind)s"),
    "tickets.rated": _("The customer said how it was handled: %(score)s"),
    "tickets.released": _("The ticket was laid back for others"),
    "tickets.reopened": _("The ticket was reopened"),
    "tickets.resolution_left": _("The customer is asked whether it is so"),
    "tickets.resolution_taken_back": _("That it was resolved was taken back before the customer was told"),
    "tickets.resolved": _("The ticket was resolved: %(code)s"),
    "tickets.taken": _("Somebody took the ticket"),
    "tickets.task_added": _("A task was added: %(kind)s"),
    "tickets.task_done": _("A task is done: %(kind)s"),
    "tickets.task_dropped": _("A task need not be done: %(kind)s"),
    "tickets.visit_booked": _("A visit is booked: %(starts_at)s"),
    "tickets.visit_called_off": _("The visit was called off: %(starts_at)s"),
    "tickets.visit_made": _("The visit was made: %(outcome)s"),
    "tickets.visit_missed": _("Nobody came to the visit: %(starts_at)s"),
    "tickets.visit_moved": _("The visit was moved from %(before_starts_at)s to %(starts_at)s"),
    "tickets.type_changed": _("Type: from “%(before)s” to “%(after)s”"),
    "tickets.routing_put_in_force": _("Routing procedure %(number)s is in force"),
    "tickets.unplaced": _("Nobody can take it: it lies before the supervisors"),
    "tickets.work_reassigned": _("Everything of one person was given to others, or given back"),
    "worklist.absence_ended": _("Works again"),
    "worklist.absence_noted": _("Does not work for a time"),
}
"""
By the name of the fact. What stands in %( ) is a field of it: days are written out, and the beginning of a visit as its
whole window.
"""
WITHOUT_BEFORE: Mapping[str, str | Promise] = {
    "orders.rescheduled": _("The appointment was moved to %(starts_at)s"),
    "orders.window_reported": _("The billing system moved the visit to %(starts_at)s"),
    "tickets.device_swapped": _("A further device was put there: %(after)s"),
}
"""The same of facts that name nothing that was before."""
TO_NOBODY: Mapping[str, str | Promise] = {
    "tickets.handed_over": _("The ticket was given to nobody: whoever is free takes it"),
}
"""The same of facts that name nobody to whom something went."""
OF_SOMETHING_MISSING: Mapping[str, str | Promise] = {
    "commissions.dispute_raised": _("The payee says that a reward is missing, to be answered by %(due_on)s"),
}
"""The same of facts about what is missing."""
APPEALS: Mapping[str, str | Promise] = {
    "commissions.dispute_raised": _("The payee appeals against our answer, to be answered by %(due_on)s"),
}
"""The same of facts by which an answer is appealed against."""
WITH_UNKNOWN: Mapping[str, str | Promise] = {
    "commissions.nothing_accrued": _("No rule could be decided about this order. Not known: %(unknown)s"),
}
"""The same of facts that name what was not known."""
WITH_REASON: Mapping[str, str | Promise] = {
    "tickets.detached": _("Detached from the outage: %(reason)s"),
    "tickets.escalated": _("Escalation: from level %(before)s to level %(after)s (%(reason)s)"),
    "tickets.moved": _("From “%(before)s” to “%(after)s” (%(reason)s)"),
}
"""The same of facts that name a reason."""

FIELDS: Mapping[str, str | Promise] = {
    "name": _("name"),
    "email": _("e-mail"),
    "phone": _("phone"),
    "preferred_channel": _("how to reach them"),
    "note": _("note for the technician"),
}
"""Fields that facts name, as people call them."""

KINDS: Mapping[str, tuple[type[Choices], ...]] = {
    "accounts.": (Standing,),
    "billing.": (ServiceStatus,),
    "commissions.": (RewardHold, ReasonCode, BatchStatus, DisputeStatus, ClaimWay),
    "leads.": (CloseReason,),
    "orders.": (HoldReason, CancelReason),
    "referrals.": (DisqualifyReason,),
    "tickets.": (
        *(TicketStatus, TicketType, Priority, Score, ClockKind),
        *(PendingReason, TicketHold, ResolutionCode, EscalationReason, EndReason, DetachReason),
        *(TaskKind, VisitOutcome),
    ),
    "tickets.outage_": (OutageStatus, UpdateStage),
    "tickets.credit_": (CreditRunStatus,),
}
"""The codes that facts carry, by the beginning of the facts' names. The same code may mean another thing elsewhere."""


def code_in_words(fact: str, code: str) -> str:
    """Return what a code means in a fact of this name; the code itself where it is none."""
    return str(_codes_of(fact).get(code, code))


@cache
def _codes_of(fact: str) -> Mapping[str, str | Promise]:
    """Return what each code means: first in facts that begin as this one does, then anywhere."""
    nearest_last = sorted(KINDS, key=lambda start: (fact.startswith(start), len(start)))
    return {choice.value: choice.label for start in nearest_last for kind in KINDS[start] for choice in kind}


OUTAGES: tuple[tuple[str, str | Promise], ...] = (
    (r"HTTP 40[13]", _("The billing system does not let us in: our token there has to be renewed.")),
    (r"HTTP 429", _("The billing system is too busy.")),
    (r"HTTP 5\d\d", _("The billing system is out of service.")),
    (r"HTTP \d+", _("The billing system gave an answer that we do not understand.")),
    (r"No connection", _("The billing system cannot be reached.")),
    (r"No answer", _("The billing system did not answer in time.")),
    (r"BILLING_\w+", _("The way to the billing system is not set up: whoever runs the servers has to see to it.")),
    (r"The answer is not JSON", _("The billing system gave an answer that we do not understand.")),
)
"""How what adapters note of a call that came to nothing begins, and what it means."""


def trouble_in_words(error: str) -> str:
    """Return what is known of a call to a billing system that came to nothing; a vendor's own words stay as they are."""
    return next((str(words) for start, words in OUTAGES if re.match(start, error)), error)


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def say(event: Event, names: Mapping[str, str] | None = None) -> str:
    """
    Return what happened, in the reader's language; the bare name of a fact that nobody has put into words.

    :param names: what products are called, by their codes; others are called by their codes
    """
    sentence = SENTENCES.get(event.name)
    if sentence is None:
        return event.name
    if event.name in WITHOUT_BEFORE and not (event.payload.get("before_starts_at") or event.payload.get("before")):
        sentence = WITHOUT_BEFORE[event.name]
    if event.name in TO_NOBODY and not event.payload.get("user_id"):
        sentence = TO_NOBODY[event.name]
    if event.name in OF_SOMETHING_MISSING and event.payload.get("is_missing"):
        sentence = OF_SOMETHING_MISSING[event.name]
    if event.name in APPEALS and event.payload.get("is_appeal"):
        sentence = APPEALS[event.name]
    if event.name in WITH_UNKNOWN and event.payload.get("unknown"):
        sentence = WITH_UNKNOWN[event.name]
    if event.name in WITH_REASON and event.payload.get("reason"):
        sentence = WITH_REASON[event.name]
    return str(sentence) % _readable(event, names or {})


def say_who(event: Event) -> str:
    """Return who did it: a person, else where it happened, else nobody."""
    if event.actor:
        return str(event.actor)
    channels = {str(value): str(label) for value, label in [*Channel.choices, *TicketChannel.choices]}
    return channels.get(event.channel, event.channel) or gettext("by itself")


def _readable(event: Event, names: Mapping[str, str]) -> dict[str, str]:
    readable = dict.fromkeys(FACTS[event.name].__dataclass_fields__, "") if event.name in FACTS else {}
    for field, value in event.payload.items():
        said = [_said(event.name, field, str(one), names) for one in (value if isinstance(value, list) else [value])]
        readable[field] = ", ".join(said)
    for start, end in (("starts_at", "ends_at"), ("before_starts_at", "before_ends_at")):
        if event.payload.get(start) and event.payload.get(end):
            readable[start] = _window(event, event.payload[start], event.payload[end])
    return readable


def _said(fact: str, field: str, value: str, names: Mapping[str, str]) -> str:
    if field == "products":
        return names.get(value, value)
    if field == "fields":
        return str(FIELDS.get(value, value))
    if field == "unknown":
        return str(ASKED[value].label) if value in ASKED else value
    if _DAY.fullmatch(value):
        return date_format(date.fromisoformat(value), "SHORT_DATE_FORMAT")
    return code_in_words(fact, value)


def _window(event: Event, start: str, end: str) -> str:
    zone = event.division.zone if event.division else None
    if zone is None:
        return start
    return appointment_window(datetime.fromisoformat(start), datetime.fromisoformat(end), zone)


LEFT_BECAUSE = {
    "unknown_sender": _("Nobody of ours writes from this address."),
    "no_ticket": _("A machine or a list wrote it, about nothing of ours."),
    "broken": _("It could not be handled."),
    "flood": _("Its sender has opened many tickets within an hour."),
}


def why_here(mail: InboundMail) -> str:
    """Say why a message that came in waits for a person."""
    return str(LEFT_BECAUSE.get(mail.reason, mail.reason))
