"""
Tell customers of outages: each person once an update and channel. Three pieces of news are three letters.

Who is told is written down in one statement, under a constraint that lets nobody in twice; then long work writes the
letters in chunks, and goes on where it was killed.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from foundation.correspondence.services import Letter, Outgoing, compose, queue_messages
from foundation.correspondence.states import Purpose
from foundation.divisions.queries import root_of
from foundation.jobs.models import Job, JobChunk
from foundation.jobs.services import ChunkResult, start_job
from orders.queries import moment_in_words
from tickets.models import Outage, OutageNotice, OutageUpdate
from tickets.services.outages.extent import locked_outage
from tickets.states import UpdateStage

TELLING = "tickets.tell_of_outage"
"""The kind of long work that writes the letters."""
CHUNK = 200
"""Letters in one transaction."""

NOTING = """
    WITH affected AS (
        SELECT DISTINCT affected.customer_id FROM tickets_affectedservice affected
        WHERE affected.outage_id = %(outage)s AND (
            NOT EXISTS (
                SELECT FROM tickets_outagedetachment apart JOIN tickets_ticket ticket ON ticket.id = apart.ticket_id
                WHERE apart.outage_id = %(outage)s AND ticket.account_id = affected.account_id
            ) OR EXISTS (
                SELECT FROM tickets_ticket ticket
                WHERE ticket.outage_id = %(outage)s AND ticket.account_id = affected.account_id
            )
        )
    )
    INSERT INTO tickets_outagenotice (update_id, customer_id, channel, address, language)
    SELECT DISTINCT ON (contact.email) %(update)s, customer.id, 'email', contact.email, customer.language
    FROM affected JOIN accounts_customer customer ON customer.id = affected.customer_id
    JOIN accounts_contact contact ON contact.customer_id = customer.id AND contact.role = 'primary'
    WHERE customer.wants_outage_notices AND contact.email <> '' AND NOT (
        %(is_over)s AND EXISTS (
            SELECT FROM tickets_ticket ticket
            WHERE ticket.outage_id = %(outage)s AND ticket.customer_id = customer.id AND ticket.status = 'resolved'
                AND ticket.resolution = 'outage_ended' AND ticket.requester_email <> ''
        )
    )
    ORDER BY contact.email, customer.id
    ON CONFLICT DO NOTHING
"""
"""Who reported it is not told that it is over but asked whether it is: by the letter about their ticket."""


@transaction.atomic
def tell_customers(update_id: int) -> Job | None:
    """
    Write down who is told of an update, and let the workers write to them; again, only those who came in since.

    Customers who want no notices are left out, and those whose ticket is about something else.
    """
    update = OutageUpdate.objects.select_related("outage__division", "by").get(pk=update_id)
    outage = locked_outage(update.outage_id, None)
    if _is_overtaken(update, outage):
        return None
    latest = update.notices.order_by("-pk").values_list("pk", flat=True).first() or 0
    params = {"update": update.pk, "outage": outage.pk, "is_over": update.stage == UpdateStage.RESTORED}
    with connection.cursor() as cursor:
        cursor.execute(NOTING, params)
        count = cursor.rowcount
    if not count:
        return None
    return start_job(
        TELLING,
        title=_("%(stage)s: %(outage)s") % {"stage": update.get_stage_display(), "outage": outage},
        division=outage.division,
        total=count,
        chunk_size=CHUNK,
        params={"update": update.pk, "after": latest},
        by=update.by,
    )


def _is_overtaken(update: OutageUpdate, outage: Outage) -> bool:
    """Tell whether nobody should hear this any more: of a beginning when it is over, or of an end that was none."""
    ends = (UpdateStage.RESTORED, UpdateStage.WITHDRAWN)
    is_begun = update.stage not in ends
    return is_begun != outage.is_open


def write_chunk(job: Job, chunk: JobChunk) -> ChunkResult:
    """Write the letters of a chunk: of the notices that were written down with it, its first to its last."""
    update = OutageUpdate.objects.select_related("outage__division").get(pk=job.params["update"])
    if _is_overtaken(update, update.outage):
        return ChunkResult(done=chunk.last - chunk.first + 1)
    notices = update.notices.filter(pk__gt=job.params["after"]).order_by("pk")
    taken = list(notices[chunk.first - 1 : chunk.last])
    unwritten = [notice for notice in taken if notice.message_id is None]
    outgoing = list(_letters(update, unwritten))
    messages = {message.key: message for message in queue_messages(outgoing, kind=KIND, purpose=Purpose.SERVICE)}
    for notice in unwritten:
        notice.message = messages.get(_key(notice))
    OutageNotice.objects.bulk_update(unwritten, ["message"])
    return ChunkResult(done=len(taken))


KIND = "tickets.outage"


def _key(notice: OutageNotice) -> str:
    return f"{KIND}:{notice.pk}"


def _letters(update: OutageUpdate, notices: Sequence[OutageNotice]) -> Iterable[Outgoing]:
    """Compose one letter a language, for all who read it."""
    composed = {language: _compose(update, language) for language in {notice.language for notice in notices}}
    for notice in notices:
        yield Outgoing(
            letter=composed[notice.language],
            key=_key(notice),
            to=notice.address,
            language=notice.language,
            division=update.outage.division,
            subject=update.outage,
        )


def _compose(update: OutageUpdate, language: str) -> Letter:
    division = update.outage.division
    with translation.override(language):
        context: dict[str, Any] = {
            "stage": update.stage,
            "kind": update.outage.kind,
            "words": update.words.in_language(language),
            "families": update.outage.families_in_words,
            "starts": moment_in_words(update.outage.starts_at, division.zone),
            "expected": moment_in_words(update.expected_at, division.zone) if update.expected_at else "",
            "link": _address(division, reverse("selfcare:start")),
        }
    return compose("tickets/mail/outage", context, language=language, division=division)


def _address(division: Any, path: str) -> str:
    return f"{root_of(division)}{path}"
