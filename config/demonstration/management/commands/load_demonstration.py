"""Load the demonstration operator."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demonstration.addresses import load_premises
from config.demonstration.billing_systems import load_billing_systems
from config.demonstration.catalogue import load_catalogue
from config.demonstration.mailboxes import load_letters, load_mailboxes
from config.demonstration.neighbours import load_neighbours
from config.demonstration.operator import load_markets, load_people, load_sites
from config.demonstration.orders import load_orders
from config.demonstration.outages import load_outages
from config.demonstration.promises import load_promises
from config.demonstration.referrals import load_referrals
from config.demonstration.replies import load_replies
from config.demonstration.service_desk import load_service_desk
from config.demonstration.sign_ins import load_sign_ins
from config.demonstration.tickets import load_tickets
from foundation.divisions.queries import one_configuration_version


class Command(BaseCommand):
    """Make Larkspur Cable, a plainly fictional operator; what is there already stays as it is."""

    help = "Load the demonstration operator: markets, people, premises, catalogue, billing systems, referrals, orders, tickets, outages."

    def handle(self, **_options: Any) -> None:
        """Load in order of dependence; each part can be run again."""
        if not settings.IS_DEMONSTRATION:
            raise CommandError("This installation is no demonstration: its sign-ins would be known to everybody.")
        root = load_markets()
        load_sites()
        load_people()
        load_premises()
        load_catalogue(root)
        load_billing_systems()
        load_service_desk(root)
        load_promises(root)
        load_replies(root)
        load_mailboxes()
        load_referrals()
        load_orders()
        load_tickets(root)
        with one_configuration_version():  # as in a request: nothing is configured any more
            load_neighbours()
            load_outages()
            load_letters()
        load_sign_ins()
        self.stdout.write("The demonstration operator is loaded.")
