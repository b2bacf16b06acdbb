"""
The admin, division by division. Other apps' admins start from it.

For example:

    from foundation.people.admin import DivisionScopedAdmin, DivisionScopedTabular

    @admin.register(Campaign)
    class CampaignAdmin(DivisionScopedAdmin):
        permission = Permission.CONFIGURE      # who may add, change, delete (the default); auditors may look
        division_path = "division"             # from the row to its division (the default); `package__division` too
        shows_inherited = True                 # list the rows of the divisions above too, to look at (default: no)
        inlines = [OfferInline]                # class OfferInline(DivisionScopedTabular): model = Offer

A table without divisions says `division_path = None`: only who has the permission at the top of the tree may change
it. `ReadOnlyAdmin` shows and changes nothing; `ConnectionAdmin` has a button that tries what lies outside. Foreign keys, filters and searches offer only rows within sight.
"""

from foundation.people.admin import markets, people
from foundation.people.admin.connections import ConnectionAdmin
from foundation.people.admin.scoped import (
    DivisionScopedAdmin,
    DivisionScopedStacked,
    DivisionScopedTabular,
    ReadOnlyAdmin,
)

__all__ = [
    "ConnectionAdmin",
    "DivisionScopedAdmin",
    "DivisionScopedStacked",
    "DivisionScopedTabular",
    "ReadOnlyAdmin",
    "markets",
    "people",
]
