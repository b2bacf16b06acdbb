"""A real IMAP server (Debian's Dovecot) with one mailbox, in a folder of its own, for as long as a test needs it."""

import datetime as dt
import imaplib
import ipaddress
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from config.local.processes import free_port, start, stop, wait_until_listening
from foundation.now import now

MISSING = "There is no Dovecot 2.3 here: apt-get install dovecot-imapd (as root, `make system-packages` does it)."
USER, PASSWORD = "support", "let-me-in"
CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
first_valid_uid = 1
ssl = yes
ssl_cert = <{home}/certificate.pem
ssl_key = <{home}/key.pem
disable_plaintext_auth = no
mail_location = maildir:{home}/mail
{capability}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class Dovecot:
    """The server, and a way to look into its mailbox."""

    def __init__(self, home: Path, port: int, tls_port: int) -> None:
        self.home, self.port, self.tls_port = home, port, tls_port
        self.certificate = home / "certificate.pem"

    def deliver(self, *contents: bytes, folder: str = "INBOX") -> None:
        """Put messages into a folder."""
        with self.session() as client:
            for content in contents:
                assert client.append(folder, "", None, content)[0] == "OK"

    def subjects(self, folder: str = "INBOX") -> list[str]:
        """Return the subjects of what lies in a folder, in order; of a missing one, none."""
        with self.session() as client:
            if client.select(folder, readonly=True)[0] != "OK":
                return []
            (numbers,) = client.search(None, "ALL")[1]
            found = [
                client.fetch(number, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1] for number in numbers.decode().split()
            ]
        return [answer[0][1].decode().removeprefix("Subject: ").strip() for answer in found]

    def count_anew(self) -> None:
        """Throw the numbers of the messages away, as a server does that was restored."""
        time.sleep(1)  # its count is named by the second in which it begins
        for file in (self.home / "mail").glob("dovecot*"):
            file.unlink()

    @contextmanager
    def session(self) -> Iterator[imaplib.IMAP4]:
        """Sign in."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=10) as client:
            client.login(USER, PASSWORD)
            yield client


@contextmanager
def dovecot(*, can_move: bool = True) -> Iterator[Dovecot]:
    """Start the server on free ports; skip the test where there is none. It runs as any user, root included."""
    if "2.3" not in _version():
        pytest.skip(MISSING)
    home = Path(tempfile.mkdtemp(prefix="order-entry-imap-"))
    server = Dovecot(home, free_port(), free_port())
    try:
        _prepare(server, can_move=can_move)
        with (home / "output").open("wb") as output:
            process = start([_program(), "-F", "-c", home / "dovecot.conf"], output=output)
        try:
            wait_until_listening(process, server.port)
            yield server
        finally:
            stop(process)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _program() -> str:
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


def _version() -> str:
    return (
        subprocess.run([_program(), "--version"], capture_output=True, text=True, check=False).stdout
        if _program()
        else ""
    )


def _prepare(server: Dovecot, *, can_move: bool) -> None:
    home = server.home
    home.chmod(0o755)
    me = pwd.getpwuid(os.geteuid())
    owner = pwd.getpwnam("nobody") if me.pw_uid == 0 else me  # Dovecot gives no mail to root
    (home / "mail").mkdir(mode=0o700)
    os.chown(home / "mail", owner.pw_uid, owner.pw_gid)
    _write_certificate(home)
    internal, login = ("dovecot", "dovenull") if me.pw_uid == 0 else (me.pw_name, me.pw_name)
    configuration = CONFIGURATION.format(
        home=home, port=server.port, tls_port=server.tls_port, uid=owner.pw_uid, gid=owner.pw_gid, internal=internal,
        internal_group=_group_of(internal), login=login, password=PASSWORD,
        capability="" if can_move else "imap_capability = IMAP4rev1 UIDPLUS LITERAL+",
    )  # fmt: skip
    (home / "dovecot.conf").write_text(configuration)


def _group_of(account: str) -> str:
    return subprocess.run(["id", "-gn", account], capture_output=True, text=True, check=True).stdout.strip()


def _write_certificate(home: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    day = dt.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now() - day)
        .not_valid_after(now() + day)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (home / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (home / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
