"""Permission as a refusal, and every change to people and their roles."""

from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from foundation.people.queries import can
from foundation.people.states import Permission


def require(user: User, permission: Permission, division: Division | None = None) -> None:
    """
    Let pass who has a permission in a division.

    :raises NotAllowed: if the person's roles do not include it there
    """
    if not can(user, permission, division):
        refusal = _("Your role does not let you %(what)s here.") % {"what": Permission(permission).label}
        raise NotAllowed(refusal, code="not_permitted")
