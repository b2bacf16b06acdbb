"""Codes as they are typed, and the addresses that are handed on."""

from foundation.divisions.models import Division
from foundation.divisions.queries import root_of
from referrals.models import CODE_LENGTH, Referrer


def normalised_code(typed: str) -> str:
    """Return a code as it is kept, however it was typed: in lower case, with spaces or hyphens."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def shown_code(code: str) -> str:
    """Return a code as it is read out: in two parts."""
    half = CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"


def referrer_by_code(code: str) -> Referrer | None:
    """Return the referrer whose code was typed, said or followed, active or not."""
    related = ("programme__division", "customer", "division")
    return Referrer.objects.select_related(*related).filter(code=normalised_code(code)).first()


def link_of(referrer: Referrer) -> str:
    """Return the address that a referrer hands on, on the site of their market."""
    return f"{root_of(referrer.division)}/r/{referrer.code}/"


def link_in_invitation(token: str, division: Division) -> str:
    """Return the address in an invitation's letter."""
    return f"{root_of(division)}/i/{token}/"


def link_to_stop(token: str, division: Division) -> str:
    """Return where a friend stops the invitations of one referrer."""
    return f"{root_of(division)}/i/{token}/stop/"
