"""Whoever tries the system answers a mail from the page that shows it; the answer comes in as any other."""

import smtplib
import subprocess
import sys
import threading
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from config.local import replying
from config.local.mailbox import Mailbox
from config.local.processes import free_port, start, stop, wait_until_listening
from foundation.correspondence.inbound import read_mail
from foundation.correspondence.services import sign_mail


@pytest.fixture(scope="module")
def website():
    """Something that takes what is posted, and keeps it."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.taken.append((self.path, dict(self.headers), content))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Door)
    server.taken = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def caught(website, tmp_path_factory):
    """A mail catcher that knows the website, and one mail that it caught."""
    folder = tmp_path_factory.mktemp("caught")
    smtp, page = free_port(), free_port()
    command = [
        sys.executable, "-m", "config.local.mail_catcher", "--data", folder, "--smtp-port", str(smtp),
        "--page-port", str(page), "--website", f"http://127.0.0.1:{website.server_port}",
    ]  # fmt: skip
    process = start(command, output=subprocess.DEVNULL)
    wait_until_listening(process, page)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Larkspur <hello@larkspur.example>", "ada@example.com", "Your ticket"
    mail["Message-ID"], mail["Reply-To"] = "<ours@larkspur.example>", "support@larkspur.example"
    mail.set_content("Is it fixed?")
    with smtplib.SMTP("127.0.0.1", smtp) as client:
        client.send_message(mail)
    (name,) = [one.name for one in Mailbox(folder)]
    yield f"http://localhost:{page}/mail/{name}", folder
    stop(process)


class TestAnAnswerFromTheMailPage:
    def test_comes_in_as_the_recipients_own(self, caught, website):
        address, folder = caught

        page = httpx.post(f"{address}/reply", data={"text": "No, still broken."}, timeout=30)

        assert "Your answer has reached the system." in page.text
        path, headers, content = website.taken[-1]
        mail = read_mail(content)
        assert path == "/mail/incoming/support/"
        assert (mail.sender.email, mail.in_reply_to) == ("ada@example.com", ("<ours@larkspur.example>",))
        assert (mail.fresh, mail.subject) == ("No, still broken.", "Re: Your ticket")
        expected = sign_mail(replying.secret_in(folder), headers["X-Mail-Second"], content)
        assert headers["X-Mail-Signature"] == expected

    def test_is_not_sent_empty(self, caught, website):
        before = len(website.taken)

        page = httpx.post(f"{caught[0]}/reply", data={"text": " "}, timeout=30)

        assert "It was not sent" in page.text
        assert len(website.taken) == before

    def test_is_not_sent_by_another_page(self, caught, website):
        before = len(website.taken)
        headers = {"Origin": "http://elsewhere.example"}

        page = httpx.post(f"{caught[0]}/reply", data={"text": "No."}, headers=headers, timeout=30)

        assert page.status_code == 403
        assert len(website.taken) == before
