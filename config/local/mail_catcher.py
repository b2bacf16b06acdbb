"""
A mail server that delivers nothing, with a page to read what it caught and to answer it, and the demonstration's sign-ins.

A mail's HTML is shown in a frame without scripts, forms or the network: a mail is the work of whoever wrote it.
"""

import argparse
import signal
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.template import Context, Engine

from config.local import replying, sign_ins
from config.local.mailbox import Mail, Mailbox

LARGEST_MAIL = 30 * 1024 * 1024
OURS = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'"
"""The policy of our own pages: no script at all."""
THEIRS = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'"
)
"""The policy of a mail's HTML: its links open in a tab of their own."""
LARGEST_FORM = 100_000
LOCAL_NAMES = {"localhost", "127.0.0.1"}
"""Host names that we answer to, so that no page of the outside can read the mail through a name of its own."""
PAGES = Path(__file__).parent / "pages"


class Catcher:
    """Keeps whatever is sent."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        """Take one mail."""
        self.mailbox.keep(envelope.original_content or b"", recipients=[str(address) for address in envelope.rcpt_tos])
        return "250 Kept"


class Page(BaseHTTPRequestHandler):
    """Answers a browser."""

    server: "PageServer"

    def do_GET(self) -> None:
        """Show a page."""
        if not self._is_local():
            return
        match urlsplit(self.path).path.strip("/").split("/"):
            case [""]:
                self._render("mails.html", mails=list(self.server.mailbox))
            case ["sign-ins"]:
                self._show_sign_ins()
            case ["page.css"]:
                self._answer((PAGES / "page.css").read_bytes(), "text/css")
            case ["mail", name, *rest] if mail := self.server.mailbox.get(name):
                self._show_mail(mail, rest)
            case _:
                self._render("missing.html", status=HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Send an answer to a mail, as its recipient would."""
        if not self._is_local():
            return
        match urlsplit(self.path).path.strip("/").split("/"):
            case ["mail", name, "reply"] if mail := self.server.mailbox.get(name):
                size = min(int(self.headers.get("Content-Length") or 0), LARGEST_FORM)
                text = parse_qs(self.rfile.read(size).decode("utf-8", "replace")).get("text", [""])[0].strip()
                content = replying.reply_to(mail, text)
                is_sent = bool(text) and replying.post(content, website=self.server.website, data=self.server.data)
                self._render("mail.html", mail=mail, has_answered=is_sent, has_failed=not is_sent)
            case _:
                self._render("missing.html", status=HTTPStatus.NOT_FOUND)

    def _is_local(self) -> bool:
        """Tell whether the page was opened by its own name, and a form sent from it and no other page."""
        named = [f"//{self.headers.get('Host', '')}", *filter(None, [self.headers.get("Origin")])]
        if all(urlsplit(one).hostname in LOCAL_NAMES for one in named):
            return True
        self._answer(b"Open this page as localhost.", "text/plain", status=HTTPStatus.FORBIDDEN)
        return False

    def _show_mail(self, mail: Mail, rest: list[str]) -> None:
        match rest:
            case []:
                self._render("mail.html", mail=mail)
            case ["html"]:
                self._answer(f'<base target="_blank">{mail.html}'.encode(), "text/html; charset=utf-8", policy=THEIRS)
            case ["source"]:
                self._answer(mail.source, "text/plain; charset=utf-8")
            case ["parts", number] if found := [part for part in mail.attachments if str(part.number) == number]:
                name = f"attachment; filename*=UTF-8''{quote(found[0].name)}"
                self._answer(found[0].content, found[0].content_type, policy=THEIRS, disposition=name)
            case _:
                self._render("missing.html", status=HTTPStatus.NOT_FOUND)

    def _show_sign_ins(self) -> None:
        """Show the codes of now; the browser asks again when they change."""
        remaining = sign_ins.PERIOD - int(time.time()) % sign_ins.PERIOD
        self._render(
            "sign_ins.html", refresh=remaining + 1, people=sign_ins.load(self.server.data), remaining=str(remaining)
        )

    def _render(self, page: str, *, status: HTTPStatus = HTTPStatus.OK, refresh: int = 0, **context: object) -> None:
        html = self.server.engine.get_template(page).render(Context({"page": page, **context}))
        self._answer(html.encode(), "text/html; charset=utf-8", status=status, refresh=refresh)

    def _answer(  # noqa: PLR0913  # a response has these parts
        self,
        body: bytes,
        content_type: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        policy: str = OURS,
        disposition: str = "",
        refresh: int = 0,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if disposition:
            self.send_header("Content-Disposition", disposition)
        if refresh:
            self.send_header("Refresh", str(refresh))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing: whoever reads the mail sees the pages."""


class PageServer(ThreadingHTTPServer):
    """The web server, with what its pages need."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], data: Path, website: str) -> None:
        super().__init__(address, Page)
        self.data = data
        self.website = website
        self.mailbox = Mailbox(data)
        self.engine = Engine(dirs=[str(PAGES)])


def main() -> None:
    """Catch mail until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m config.local.mail_catcher", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--smtp-port", type=int, default=8026)
    parser.add_argument("--page-port", type=int, default=8025)
    parser.add_argument("--website", default="http://localhost:8000", help="where answers are posted")
    options = parser.parse_args()
    replying.secret_in(options.data)
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    smtp = Controller(
        Catcher(Mailbox(options.data)), hostname=options.host, port=options.smtp_port, data_size_limit=LARGEST_MAIL
    )
    smtp.start()
    pages = PageServer((options.host, options.page_port), options.data, options.website)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    print(f"Mail to port {options.smtp_port}, to be read on http://localhost:{options.page_port}/", flush=True)
    told_to_stop.wait()
    pages.shutdown()
    smtp.stop()


if __name__ == "__main__":
    main()
