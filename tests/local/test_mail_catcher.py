import smtplib
import subprocess
import sys
from email.message import EmailMessage

import httpx
import pytest

from config.local.mailbox import Mailbox
from config.local.processes import free_port, start, stop, wait_until_listening

PICTURE = b"\x89PNG\r\n\x1a\n"


def a_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "Your order is ready – ¡gracias!"
    mail["From"] = "Larkspur <hello@larkspur.example>"
    mail["To"] = "Ada <ada@example.com>"
    mail.set_content("Plain <words>")
    mail.add_alternative('<h1>Words</h1><img src="cid:logo"><script>alert(1)</script>', subtype="html")
    mail.get_payload()[1].add_related(PICTURE, "image", "png", cid="<logo>")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="Order é.pdf")
    return mail


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("caught")
    smtp, page = free_port(), free_port()
    command = [sys.executable, "-m", "config.local.mail_catcher", "--data", folder,
               "--smtp-port", str(smtp), "--page-port", str(page)]  # fmt: skip
    process = start(command, output=subprocess.DEVNULL)
    wait_until_listening(process, page)
    with smtplib.SMTP("127.0.0.1", smtp) as client:
        client.send_message(a_mail(), to_addrs=["ada@example.com", "copy@example.com"])
    yield page, folder
    stop(process)


@pytest.fixture
def browser_on(ports):
    page, _folder = ports
    with httpx.Client(base_url=f"http://localhost:{page}", timeout=30) as client:
        yield client


@pytest.fixture
def mail(ports):
    (mail,) = Mailbox(ports[1])
    return mail


class TestMailCatcher:
    def test_lists_what_was_sent_with_everyone_who_got_it(self, browser_on):
        answer = browser_on.get("/")

        assert "Your order is ready – ¡gracias!" in answer.text
        assert "ada@example.com, copy@example.com" in answer.text

    def test_shows_text_and_files(self, browser_on, mail):
        answer = browser_on.get(f"/mail/{mail.name}")

        assert "Plain &lt;words&gt;" in answer.text
        assert "Order é.pdf" in answer.text
        assert f'src="/mail/{mail.name}/html"' in answer.text

    def test_shows_the_html_without_scripts_and_without_the_network(self, browser_on, mail):
        answer = browser_on.get(f"/mail/{mail.name}/html")

        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox ")
        assert "default-src 'none'" in policy
        assert "allow-scripts" not in policy
        assert "allow-same-origin" not in policy

    def test_shows_pictures_that_the_mail_carries(self, browser_on, mail):
        (picture,) = [part for part in mail.attachments if part.content_type == "image/png"]
        address = f"/mail/{mail.name}/parts/{picture.number}"

        assert address in browser_on.get(f"/mail/{mail.name}/html").text
        assert browser_on.get(address).content == PICTURE

    def test_hands_files_out_under_their_names(self, browser_on, mail):
        (pdf,) = [part for part in mail.attachments if part.content_type == "application/pdf"]

        answer = browser_on.get(f"/mail/{mail.name}/parts/{pdf.number}")

        assert answer.content == b"%PDF-1.7"
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Order%20%C3%A9.pdf"

    @pytest.mark.parametrize("path", ["/mail/nothing", "/mail/%2e%2e%2fsecret_key", "/elsewhere"])
    def test_has_no_other_pages(self, browser_on, path):
        assert browser_on.get(path).status_code == 404

    def test_answers_no_foreign_name(self, browser_on):
        assert browser_on.get("/", headers={"Host": "attacker.example"}).status_code == 403
