"""Let invitations end that are too old to be credited for."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Value

from referrals.models import Invitation
from referrals.states import InvitationStatus

AT_ONCE = 1000
AGEING = (InvitationStatus.SENT, InvitationStatus.CLICKED)


@transaction.atomic
def expire_invitations(at: datetime, at_once: int = AT_ONCE) -> int:
    """Let a bundle of invitations end whose window is over, so that others may invite the same friend; return how many."""
    window = ExpressionWrapper(
        F("referrer__programme__window_days") * Value(timedelta(days=1)), output_field=DurationField()
    )
    over = Invitation.objects.filter(status__in=AGEING, created_at__lt=at - window).order_by("pk")
    ids = list(
        over.select_for_update(skip_locked=True, no_key=True, of=("self",)).values_list("pk", flat=True)[:at_once]
    )
    return Invitation.objects.filter(pk__in=ids, status__in=AGEING).update(status=InvitationStatus.EXPIRED, ended_at=at)
