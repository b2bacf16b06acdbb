"""Start, pause and end a programme."""

from collections.abc import Callable

from django.db import transaction
from django.utils.translation import gettext as _

from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from referrals.events import ProgrammeMoved
from referrals.models import Programme


def start_programme(programme_id: int, *, by: User) -> Programme:
    """
    Let customers refer, for the first time or after a pause.

    :raises NotAllowed: if the person may not configure there, it runs already or has ended, or its texts lack what an
        invitation needs
    """
    return _move(programme_id, _start, by=by)


def _start(programme: Programme) -> None:
    needed = (programme.names, programme.headlines, programme.subjects, programme.invitation_texts)
    if not all(text.in_language() for text in (*needed, programme.rewards_in_words)):
        raise NotAllowed(_("Write its texts before you start it."), code="incomplete")
    programme.start()


def pause_programme(programme_id: int, *, by: User) -> Programme:
    """
    Take no new referrals for a while.

    :raises NotAllowed: if the person may not configure there, or it does not run
    """
    return _move(programme_id, Programme.pause, by=by)


def end_programme(programme_id: int, *, by: User) -> Programme:
    """
    Take no new referrals any more.

    :raises NotAllowed: if the person may not configure there, or it has ended
    """
    return _move(programme_id, Programme.end, by=by)


@transaction.atomic
def _move(programme_id: int, move: Callable[[Programme], None], *, by: User) -> Programme:
    programme = Programme.objects.locked().select_related("division").get(pk=programme_id)
    require(by, Permission.CONFIGURE, programme.division)
    move(programme)
    programme.save(update_fields=["status"])
    fact = ProgrammeMoved(programme_id=programme.pk, status=programme.status)
    publish(fact, subject=programme, division=programme.division, by=by)
    return programme
