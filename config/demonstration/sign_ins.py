"""A way in for one made-up person of each role, second factor included."""

import base64
import hashlib
import json
from pathlib import Path

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings

from config.demonstration.operator import PASSWORD, PEOPLE, Person
from config.local.sign_ins import file_of
from foundation.people.models import User
from foundation.people.states import STAFF_ROLES, Role

START = {Role.CUSTOMER: "/me/", Role.PARTNER: "/me/", Role.OPERATOR: "/admin/", Role.FIELD_AGENT: "/staff/visits/"}
"""Where each role begins; the others begin at the desk."""


def load_sign_ins() -> None:
    """Verify everybody's address, set up the staff's second factor, and leave a list for `make run` to print."""
    rows = [_sign_in(person) for person in PEOPLE]
    file = file_of(Path(settings.DATA_DIR))
    file.touch(mode=0o600)
    file.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _sign_in(person: Person) -> dict[str, str]:
    user = User.objects.get(email=person.email)
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    secret = ""
    if person.role in STAFF_ROLES:
        secret = _seed(person.email)
        if not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
            TOTP.activate(user, secret)
    return {
        "role": str(person.role.label),
        "email": person.email,
        "password": PASSWORD,
        "totp_secret": secret,
        "start_url": f"{settings.SITE_URL}{START.get(person.role, '/staff/')}",
    }


def _seed(email: str) -> str:
    """Return a seed that is the same at every start of this installation, and another on every other."""
    digest = hashlib.sha256(f"{settings.SECRET_KEY}:{email}".encode()).digest()
    return base64.b32encode(digest[:20]).decode()
