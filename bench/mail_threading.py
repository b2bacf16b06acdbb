"""
Replies that come in by mail, from their raw bytes to the tickets that they belong to.

Ours keeps each message once, reads and judges it, finds its ticket (a quarter each by In-Reply-To, by References, to a
ticket that waited for it, and from somebody who takes part for the first time), writes it down and tells what happened,
in the bundles that a mailbox is fetched in. The floor reads the very same messages with the same reader and inserts what
it read, with the raw message, into a bare table, in the same bundles.

    python -m bench.mail_threading [messages] [pairs]
"""

import sys
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

from bench.counting import Statements
from bench.harness import bench_database, compare, set_up_django

A_TICKET = 5
"""Replies on each ticket."""
QUOTED = "\n".join(f"> Line {number} of what we have written, as every mail program quotes it." for number in range(12))
ROUND = b"this-round"
"""What stands in a draft for the number of the round: each has Message-IDs of its own."""
BARE = """
CREATE TABLE bare_mail (
    id bigserial PRIMARY KEY, raw bytea, message_id text, sender text, subject text, text text, sent_at timestamptz
)
"""


class Post:
    """Tickets with an answer each, and new replies to them whenever they are wanted."""

    def __init__(self, count: int) -> None:
        from accounts.testing import make_account
        from foundation.correspondence.testing import make_mailbox
        from foundation.divisions.testing import make_division
        from tickets.testing import answer, make_ticket

        self.count = count
        division = make_division()
        self.mailbox = make_mailbox(division)
        account = make_account(division)
        self.tickets = [make_ticket(division, account=account) for _number in range(max(1, count // A_TICKET))]
        self.answers = [answer(ticket).message_id for ticket in self.tickets]
        self.round = 0
        self.drafts = list(self._drafts())
        self.replies: list[bytes] = []

    def write(self) -> None:
        """Write new replies; every second ticket waits for the customer again."""
        from django.db import connection

        from tickets.models import Ticket

        self.round += 1
        self.replies = [draft.replace(ROUND, b"%d" % self.round) for draft in self.drafts]
        waiting = [ticket.pk for ticket in self.tickets[::2]]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE tickets_ticket SET status = 'pending', reason = 'customer' WHERE id = ANY(%s) AND status <> 'pending'",
                [waiting],
            )
            cursor.execute("TRUNCATE bare_mail, events_delivery")
            cursor.execute("CHECKPOINT")
        assert Ticket.objects.filter(status="pending").count() == len(waiting)

    def _drafts(self) -> Iterator[bytes]:
        for number in range(self.count):
            place = number % len(self.tickets)
            ticket, answered = self.tickets[place], self.answers[place]
            message = EmailMessage()
            message["From"] = "Kim <kim@people.example>" if number % 4 == 3 else ticket.requester_email
            message["To"] = self.mailbox.address
            message["Subject"] = f"Re: {ticket.subject}"
            message["Date"] = "Mon, 02 Nov 2026 10:00:00 +0000"
            message["Message-ID"] = f"<{ROUND.decode()}.{number}@people.example>"
            message["References"] = f"<first.{place}@people.example> {answered}"
            if number % 4 != 1:
                message["In-Reply-To"] = answered
            text = f"It still does not work, for the time {number}.\n\nOn Monday Larkspur wrote:\n{QUOTED}\n"
            message.set_content(text)
            message.add_alternative(f"<p>{text}</p>", subtype="html")
            yield message.as_bytes()


def thread(post: Post) -> None:
    """Keep the replies and let them find their tickets."""
    from foundation.correspondence.services import receive_mails
    from foundation.correspondence.services.receiving import AT_ONCE
    from tickets.services import take_mails

    for first in range(0, post.count, AT_ONCE):
        take_mails(receive_mails(post.mailbox.pk, post.replies[first : first + AT_ONCE]))


def insert_bare(post: Post) -> None:
    """Read the same replies and insert them."""
    from django.db import connection, transaction

    from foundation.correspondence.inbound import read_mail
    from foundation.correspondence.services.receiving import AT_ONCE

    for first in range(0, post.count, AT_ONCE):
        rows: list[tuple[Any, ...]] = []
        for content in post.replies[first : first + AT_ONCE]:
            mail = read_mail(content)
            sender = mail.sender.email if mail.sender else ""
            rows.append((content, mail.message_id, sender, mail.subject, mail.fresh, mail.sent_at))
        with transaction.atomic(), connection.cursor() as cursor:
            columns = "raw, message_id, sender, subject, text, sent_at"
            places = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(rows))
            statement = f"INSERT INTO bare_mail ({columns}) VALUES {places}"  # names of columns; values are parameters
            cursor.execute(statement, [value for row in rows for value in row])


def main(count: int = 10_000, pairs: int = 5) -> None:
    """Measure and print."""
    with bench_database("mail_threading"):
        set_up_django()
        from django.db import connection

        from tickets.models import Article

        with connection.cursor() as cursor:
            cursor.execute(BARE)
        post = Post(count)
        post.write()
        before = Article.objects.count()
        counted = Statements()
        with connection.execute_wrapper(counted):
            thread(post)
        if Article.objects.count() - before != count:
            raise SystemExit(f"Of {count} replies, {Article.objects.count() - before} found their tickets.")
        measured = compare(
            "mail_threading",
            lambda: thread(post),
            lambda: insert_bare(post),
            pairs=pairs,
            between=post.write,
            queries=round(counted.count / count, 2),
            rows=count,
        )
        print(measured.as_json())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
