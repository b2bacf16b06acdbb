"""Every change to what people keep for themselves at the desk."""

from django.db import transaction

from foundation.people.models import User
from interfaces.desk.models import SavedFilter


@transaction.atomic
def save_filter(list_name: str, name: str, query: str, *, by: User) -> SavedFilter:
    """Keep a filter of a list under a name; what had this name before is replaced."""
    saved, _is_new = SavedFilter.objects.update_or_create(
        owner=by, list=list_name, name=name, defaults={"query": query}
    )
    return saved


@transaction.atomic
def forget_filter(filter_id: int, *, by: User) -> None:
    """
    Forget a filter of one's own.

    :raises SavedFilter.DoesNotExist: if it is somebody else's, or gone
    """
    SavedFilter.objects.get(pk=filter_id, owner=by).delete()
