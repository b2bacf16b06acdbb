"""Routing procedures: a new version beside the old one, and the moment at which it decides."""

from django.db import transaction
from django.utils.translation import gettext as _

from foundation.divisions.models import Division
from foundation.events.services import publish
from foundation.lifecycle import NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.people.services import require
from foundation.people.states import Permission
from tickets.events import RoutingPutInForce
from tickets.models import RoutingRow, RoutingVersion


@transaction.atomic
def start_routing_version(division: Division, *, by: User) -> RoutingVersion:
    """
    Start a draft that says what the newest version of a division says; what is in force stays so.

    :raises NotAllowed: if the person may not configure the division, or a draft is being written
    """
    require(by, Permission.CONFIGURE, division)
    Division.objects.select_for_update(no_key=True).get(pk=division.pk)
    newest = RoutingVersion.objects.filter(division=division).order_by("-number").first()
    if newest and newest.is_draft:
        raise NotAllowed(_("A draft is being written. Go on with that one."), code="draft")
    number = newest.number + 1 if newest else 1
    draft = RoutingVersion.objects.create(division=division, number=number, author=by)
    if newest:
        _copy_rows(newest, draft)
    return draft


def _copy_rows(old: RoutingVersion, new: RoutingVersion) -> None:
    fields = [field.name for field in RoutingRow._meta.concrete_fields if field.name not in {"id", "version"}]
    for row in old.rows.prefetch_related("skills", "divisions").order_by("position", "pk"):
        copied = RoutingRow.objects.create(version=new, **{name: getattr(row, name) for name in fields})
        copied.skills.set(row.skills.all())
        copied.divisions.set(row.divisions.all())


@transaction.atomic
def put_routing_in_force(version_id: int, *, by: User) -> RoutingVersion:
    """
    Let a draft decide from now on, in place of what decides in its division. Tickets that were routed stay where they are.

    :raises NotAllowed: if the person may not configure the division, it is no draft, or it has no rule
    """
    version = RoutingVersion.objects.locked().select_related("division").get(pk=version_id)
    require(by, Permission.CONFIGURE, version.division)
    if not version.rows.exists():
        raise NotAllowed(_("Write at least one rule."), code="empty")
    at = now()
    version.put_in_force(at=at)
    RoutingVersion.objects.filter(division=version.division, in_force_from__isnull=False, in_force_until=None).update(
        in_force_until=at
    )
    version.save(update_fields=["in_force_from"])
    fact = RoutingPutInForce(version_id=version.pk, number=version.number)
    publish(fact, subject=version, division=version.division, by=by)
    return version
