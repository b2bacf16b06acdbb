"""Files that wait for their form to be sent."""

from django.db.models import QuerySet

from foundation.people.models import User
from tickets.models import UnsentFile


def files_held(key: str, user: User) -> QuerySet[UnsentFile]:
    """
    Return the files that somebody chose on a form, without what is in them.

    :param key: of the form; another person's form of the same key is another form
    """
    return UnsentFile.objects.filter(owner=user, key=key).defer("content")
