"""
Invitations from the form's rows to friends marked as written to: suppression, rendering, a local SMTP sink.

Ours writes the letters, queues, sends and hears that they were sent, all by the outbox. The floor sends the very same
messages, rendered before, through Django over one connection that stays open. The sink is a process of its own. One
friend in fifty wants no mail, whom neither side sends anything.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.counting import Statements
from bench.harness import bench_database, compare, set_up_django
from config.local.processes import free_port, start, stop, wait_until_listening

COUNT = int(os.environ.get("INVITATIONS", "10000"))
PAIRS = int(os.environ.get("PAIRS", "5"))
ROWS_IN_A_FORM = 5
UNWANTED_EVERY = 50

SINK = """
import asyncio, sys

class Sink(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer, self.reads_data = transport, b"", False
        transport.write(b"220 sink\\r\\n")

    def data_received(self, data):
        self.buffer += data
        while True:
            end = b"\\r\\n.\\r\\n" if self.reads_data else b"\\r\\n"
            line, found, rest = self.buffer.partition(end)
            if not found:
                return
            self.buffer = rest
            self.answer(line)

    def answer(self, line):
        if self.reads_data:
            self.reads_data = False
            self.transport.write(b"250 Kept\\r\\n")
        elif line[:4].upper() == b"DATA":
            self.reads_data = True
            self.transport.write(b"354 Go on\\r\\n")
        elif line[:4].upper() == b"QUIT":
            self.transport.write(b"221 Bye\\r\\n")
            self.transport.close()
        else:
            self.transport.write(b"250 OK\\r\\n")

async def main():
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
"""


@contextmanager
def sink() -> Iterator[None]:
    """Run a mail server that keeps nothing, and let Django send to it."""
    port = free_port()
    process = start([sys.executable, "-c", SINK, str(port)], output=subprocess.DEVNULL)
    try:
        wait_until_listening(process, port)
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
        yield
    finally:
        stop(process)


class Campaign:
    """As many invitations as are measured, in forms of five, accepted and not yet written."""

    def __init__(self) -> None:
        from orders.testing import make_market
        from referrals.testing import make_friend_row, make_programme, make_referrer

        market = make_market()
        make_programme(market.division, most_per_day=100, most_ever=5000)
        self.referrer = make_referrer(market)
        first = make_friend_row(market.division)
        from territory.models import Qualification

        self.qualification = Qualification.objects.filter(premises=first.premises_id).first()

    def accept(self) -> None:
        """Put everything back: all rows accepted, nothing written, every fiftieth friend suppressed."""
        from django.db import connection, transaction

        from foundation.correspondence.models import Suppression
        from foundation.events.services import publish
        from referrals.events import FriendsInvited
        from referrals.models import Invitation

        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")  # past what keeps facts for ever
            cursor.execute("TRUNCATE events_delivery, events_event, correspondence_message CASCADE")
            cursor.execute("RESET session_replication_role")
        Invitation.objects.all().delete()
        Suppression.objects.all().delete()
        invitations = Invitation.objects.bulk_create(self._rows(), batch_size=2000)
        unwanted = [one.email for one in invitations[::UNWANTED_EVERY]]
        Suppression.objects.bulk_create(Suppression(email=one, mailbox=one, reason="asked") for one in unwanted)
        with transaction.atomic():
            for place in range(0, COUNT, ROWS_IN_A_FORM):
                form = invitations[place : place + ROWS_IN_A_FORM]
                fact = FriendsInvited(referrer_id=self.referrer.pk, invitation_ids=[one.pk for one in form])
                publish(fact, subject=self.referrer, about=form, division=self.referrer.division, by=None)
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")

    def _rows(self) -> Iterator[Any]:
        from referrals.models import Invitation

        for number in range(COUNT):
            email = f"friend-{number}@friends.example"
            yield Invitation(
                referrer=self.referrer,
                division=self.referrer.division,
                friend_name=f"Alex {number}",
                email=email,
                email_key=email,
                note="You will like it." if number % 3 else "",
                language="en",
                qualification=self.qualification,
                key=f"bench:{number}",
            )


def deliver() -> None:
    """Deliver every fact until nothing is owed, as one worker does."""
    from foundation.events.tasks import deliver_due

    while deliver_due():
        pass


def same_messages() -> list[Any]:
    """Return the messages that ours has sent, as the floor gets them: written, with their headers."""
    from django.core.mail import EmailMultiAlternatives

    from foundation.correspondence.models import Message
    from foundation.correspondence.services import headers_of
    from foundation.correspondence.states import MessageStatus

    letters = []
    for message in Message.objects.filter(status=MessageStatus.SENT).order_by("pk"):
        letter = EmailMultiAlternatives(
            message.subject_line, message.text, message.sender, [message.to], headers=headers_of(message)
        )
        letter.attach_alternative(message.html, "text/html")
        letters.append(letter)
    return letters


def main() -> None:
    """Measure and print."""
    with sink(), bench_database("invitations"):
        set_up_django()
        from django.core import mail
        from django.db import connection

        from referrals.models import Invitation
        from referrals.states import InvitationStatus

        campaign = Campaign()
        campaign.accept()
        counted = Statements()
        with connection.execute_wrapper(counted):
            deliver()
        letters = same_messages()
        unwanted = len(range(0, COUNT, UNWANTED_EVERY))
        outcome = {
            status: Invitation.objects.filter(status=status).count()
            for status in (InvitationStatus.SENT, InvitationStatus.SUPPRESSED)
        }
        expected = {InvitationStatus.SENT: COUNT - unwanted, InvitationStatus.SUPPRESSED: unwanted}
        if outcome != expected or len(letters) != COUNT - unwanted:
            raise SystemExit(f"Of {COUNT} invitations, {outcome} instead of {expected}.")

        def bare() -> None:
            with mail.get_connection() as open_one:
                open_one.send_messages(letters)

        measured = compare(
            "invitations",
            deliver,
            bare,
            pairs=PAIRS,
            between=campaign.accept,
            queries=round(counted.count / COUNT, 2),
            rows=COUNT,
            suppressed=unwanted,
        )
        print(measured.as_json())


if __name__ == "__main__":
    main()
