"""What of tickets the admin shows and never changes: it is done at the desk."""

from foundation.people.admin import ReadOnlyAdmin
from foundation.people.states import Permission


class ToBeReadAdmin(ReadOnlyAdmin):
    """A table for whoever sees tickets."""

    permission = Permission.SEE_TICKETS
