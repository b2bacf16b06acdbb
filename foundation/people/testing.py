"""Make people in a role, and sign them in as the pages would."""

from functools import cache
from itertools import count
from typing import TYPE_CHECKING

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.hashers import make_password

from foundation.divisions.models import Division
from foundation.now import now
from foundation.people.models import RoleAssignment, User
from foundation.people.queries import is_staff_member
from foundation.people.states import Role

if TYPE_CHECKING:
    from django.test import Client

PASSWORD = "correct horse battery staple"  # noqa: S105  # of made-up people
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105  # the seed of their second factor

_numbers = count(1)


def make_person(
    role: Role | None = None,
    division: Division | None = None,
    *,
    email: str = "",
    name: str = "",
    has_second_factor: bool = True,
    is_superuser: bool = False,
) -> User:
    """
    Make a person who is confirmed, in a role or in none; staff have a second factor unless told otherwise.

    Their address is verified, their password is `PASSWORD`, the seed of their second factor `TOTP_SECRET`.
    """
    email = email or f"{role or 'person'}-{next(_numbers)}@people.example"
    user = User(email=email, password=_hashed(PASSWORD), name=name, is_superuser=is_superuser, confirmed_at=now())
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if role:
        if division is None:
            raise ValueError("A role is held in a division.")
        RoleAssignment.objects.create(user=user, role=role, division=division)
    if has_second_factor and is_staff_member(user):
        TOTP.activate(user, TOTP_SECRET)
    return user


@cache
def _hashed(password: str) -> str:
    """Hash once per process: it is made to take long."""
    return make_password(password)


def sign_in(client: "Client", user: User) -> "Client":
    """Sign a person in, with the second factor where they have one, without walking through the pages."""
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    instant = now().timestamp()
    records: list[dict[str, object]] = [{"method": "password", "at": instant, "email": user.email}]
    records += [
        {"method": "mfa", "at": instant, "id": factor.pk, "type": factor.type}
        for factor in Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP)
    ]
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = records
    session[f"{AUTHENTICATION_METHODS_SESSION_KEY}_user"] = str(user.pk)
    session.save()
    return client


def prove_anew(client: "Client") -> "Client":
    """Let a person who is signed in have given their password once more, on the way to what asks for it."""
    session = client.session
    records = session[AUTHENTICATION_METHODS_SESSION_KEY]
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        *records,
        {"method": "password", "at": now().timestamp(), "reauthenticated": True},
    ]
    session.save()
    return client
