"""Fetch mail from where it lies, and judge what is posted to us."""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q
from django.utils.translation import gettext as _, gettext_lazy
from environ import FileAwareEnv

from foundation.correspondence.inbound.imap import ImapAccount, ImapError, ImapFolder, open_folder
from foundation.correspondence.inbound.reading import LARGEST_MAIL
from foundation.correspondence.models import Fetching, InboundMail, Mailbox
from foundation.correspondence.services.receiving import AT_ONCE, keep_unread, receive_mail, receive_mails
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission

log = structlog.get_logger(__name__)

MOST_BYTES = 30 * 1024 * 1024
"""Of messages that are fetched and kept together: no more of them than of one large message lies in memory."""
MOST_AT_ONCE = 500
"""Messages of one turn; the rest is fetched the next time."""
LEASE = timedelta(minutes=5)
"""For how long one worker has a mailbox to itself."""
SIGNATURE_AGE = timedelta(minutes=5)
NO_CONNECTION = gettext_lazy("The mail server does not answer at this address with this name and password.")


class ForgedMailError(Exception):
    """What was posted does not prove that it comes from a mail server of ours."""


def fetch_mailbox(mailbox_id: int) -> int:
    """
    Keep all that lies in a mailbox and is not ours yet, and move it to the folder for what was taken.

    A message that fails stays where it is, for the next time; the others go on. Two workers do not disturb each other.

    :return: how many messages were kept
    """
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    fetching, _is_new = Fetching.objects.get_or_create(mailbox=mailbox)
    free = Fetching.objects.filter(Q(busy_until=None) | Q(busy_until__lt=now()), pk=fetching.pk)
    if not mailbox.is_active or not mailbox.host or not free.update(busy_until=now() + LEASE):
        return 0
    fetching.refresh_from_db()
    taken, fetching.error = 0, ""
    try:
        with open_folder(account_of(mailbox), mailbox.folder) as folder:
            taken = _fetch(mailbox, fetching, folder)
    except (ImapError, ImproperlyConfigured) as problem:
        log.warning("mailbox_not_fetched", mailbox=mailbox.code, problem=str(problem))
        fetching.error = str(problem)[:300]
    fetching.busy_until, fetching.fetched_at = None, now()
    fetching.save()
    return taken


def account_of(mailbox: Mailbox) -> ImapAccount:
    """
    Return how a mailbox is opened.

    :raises ImproperlyConfigured: if the environment has no password, or has it for another server
    """
    name = f"MAILBOX_{mailbox.code.upper()}"
    if not mailbox.is_bound:
        raise ImproperlyConfigured(_("%(name)s names another server.") % {"name": f"{name}_HOST"})
    try:
        password: str = FileAwareEnv().str(f"{name}_PASSWORD", default="")
    except OSError as problem:
        raise ImproperlyConfigured(_("%(name)s cannot be read.") % {"name": f"{name}_PASSWORD"}) from problem
    if not password:
        raise ImproperlyConfigured(_("%(name)s is not set.") % {"name": f"{name}_PASSWORD"})
    return ImapAccount(
        host=mailbox.host,
        port=mailbox.port,
        security=mailbox.security,
        username=mailbox.username,
        password=password,
    )


def _fetch(mailbox: Mailbox, fetching: Fetching, folder: ImapFolder) -> int:
    """Take what is new; move what is ours, also what a worker that was killed has left where it was."""
    if fetching.validity != folder.validity:
        fetching.validity, fetching.last_uid, fetching.left = folder.validity, 0, []
    uids = folder.uids()
    known = [uid for uid in uids if uid <= fetching.last_uid and uid not in fetching.left]
    new = [uid for uid in uids if uid > fetching.last_uid or uid in fetching.left][:MOST_AT_ONCE]
    _move(mailbox, folder, known)
    taken = 0
    for sizes in _loads(folder, new):
        together = list(sizes)
        kept = list(_keep(mailbox, folder, sizes))
        taken += len(kept)
        left = (set(fetching.left) & set(uids) | set(together)) - set(kept)
        fetching.left, fetching.last_uid = sorted(left), max(fetching.last_uid, *together)
        fetching.save(update_fields=["validity", "left", "last_uid"])
        _move(mailbox, folder, kept)
    return taken


def _loads(folder: ImapFolder, uids: Iterable[int]) -> Iterator[dict[int, int]]:
    """Part messages, by their numbers with their sizes, into loads of `AT_ONCE` and `MOST_BYTES` at the most."""
    load: dict[int, int] = {}
    for uid in uids:
        size = folder.size(uid)
        if load and (len(load) >= AT_ONCE or sum(load.values()) + size > MOST_BYTES):
            yield load
            load = {}
        load[uid] = size
    if load:
        yield load


def _keep(mailbox: Mailbox, folder: ImapFolder, sizes: Mapping[int, int]) -> Iterator[int]:
    """Read some messages, given with their sizes, and keep them; yield the numbers of those that are ours now."""
    raws: dict[int, bytes] = {}
    for uid, size in sizes.items():
        if size > LARGEST_MAIL:
            reason = _("It has %(size)d bytes, too many to be read. It lies in the mailbox.")
            keep_unread(mailbox.pk, folder.read(uid, headers_only=True), reason=reason % {"size": size})
            yield uid
        elif raw := folder.read(uid):  # empty: somebody else has moved it away in the meantime
            raws[uid] = raw
    yield from _keep_together(mailbox, raws)


def _keep_together(mailbox: Mailbox, raws: dict[int, bytes]) -> Iterator[int]:
    """Keep messages in one go; if that fails, each alone, so that one does not hold back the others."""
    try:
        receive_mails(mailbox.pk, list(raws.values()))
        yield from raws
    except ValueError:
        for uid, raw in raws.items():
            try:
                receive_mail(mailbox.pk, raw)
                yield uid
            except ValueError:
                log.exception("mail_not_kept", mailbox=mailbox.code, uid=uid)


def _move(mailbox: Mailbox, folder: ImapFolder, uids: list[int]) -> None:
    """Move what is ours out of the way; what cannot be moved now is moved the next time."""
    for uid in uids if mailbox.done_folder else ():
        try:
            folder.move(uid, mailbox.done_folder)
        except ImapError as problem:
            log.warning("mail_not_moved", mailbox=mailbox.code, uid=uid, problem=str(problem))


def check_mailbox(mailbox_id: int, *, by: User) -> None:
    """
    Open a mailbox and read nothing, to see that it lets us in.

    :raises NotAllowed: if it does not; or if the person may not configure
    """
    mailbox = Mailbox.objects.select_related("division").get(pk=mailbox_id)
    require(by, Permission.CONFIGURE, mailbox.division)
    try:
        with open_folder(account_of(mailbox), mailbox.folder):
            return
    except (ImapError, ImproperlyConfigured) as problem:
        log.warning("mailbox_check_failed", mailbox=mailbox.code, problem=str(problem))
        raise NotAllowed(str(NO_CONNECTION), code="no_connection") from problem


def take_posted_mail(code: str, raw: bytes, *, second: str, signature: str) -> InboundMail:
    """
    Keep a message that a mail server has posted for a mailbox.

    :param second: when it was signed, in seconds since 1970
    :param signature: HMAC-SHA256 of the second, a full stop and the message, under the mailbox's secret, in hexadecimal
    :raises ForgedMailError: if there is no such mailbox, no secret, or the signature is wrong or old
    """
    mailbox = Mailbox.objects.filter(code=code, is_active=True).first()
    if mailbox is None:
        raise ForgedMailError("There is no such mailbox.")
    if not second.isdecimal() or abs(now().timestamp() - int(second[:12])) > SIGNATURE_AGE.total_seconds():
        raise ForgedMailError("It was signed at another time.")
    secrets: list[str] = FileAwareEnv().list(f"MAILBOX_{code.upper()}_SECRET", default=[])
    expected = [sign_mail(secret, second, raw) for secret in secrets if secret]
    if not any(hmac.compare_digest(one.encode(), signature.encode()) for one in expected):
        raise ForgedMailError("The signature is wrong.")
    return receive_mail(mailbox.pk, raw)


def sign_mail(secret: str, second: str, raw: bytes) -> str:
    """Return the signature with which a mail server posts a message."""
    return hmac.new(secret.encode(), second.encode() + b"." + raw, hashlib.sha256).hexdigest()
