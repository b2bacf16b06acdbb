from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReferralsConfig(AppConfig):
    """Customers who bring friends: programmes, referrers, invitations, and who is credited for an order."""

    name = "referrals"
    label = "referrals"
    verbose_name = _("Referral programs")
    default_auto_field = "django.db.models.BigAutoField"
