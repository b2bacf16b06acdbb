"""What a member of staff may see of the territory."""

from django.db.models import QuerySet

from foundation.people.models import User
from foundation.people.queries import divisions_visible_to
from territory.models import AddressLookup, ImportFile, Override, Premises, Qualification


def premises_visible_to(user: User) -> QuerySet[Premises]:
    """Return the premises of a person's divisions."""
    return Premises.objects.filter(division__in=divisions_visible_to(user))


def overrides_visible_to(user: User) -> QuerySet[Override]:
    """Return the overrides of a person's divisions."""
    return Override.objects.filter(division__in=divisions_visible_to(user)).select_related("division", "by")


def qualifications_visible_to(user: User) -> QuerySet[Qualification]:
    """Return the address checks of a person's divisions."""
    return Qualification.objects.filter(division__in=divisions_visible_to(user)).select_related("division", "premises")


def lookups_visible_to(user: User) -> QuerySet[AddressLookup]:
    """Return the address searches of a person's divisions."""
    return AddressLookup.objects.filter(division__in=divisions_visible_to(user)).select_related("division")


def imports_visible_to(user: User) -> QuerySet[ImportFile]:
    """Return the imported files of a person's divisions."""
    return ImportFile.objects.filter(division__in=divisions_visible_to(user)).select_related("division", "job", "by")
