from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommissionsConfig(AppConfig):
    """What is owed for a referral, under which rule, and how it is paid: rules, rewards, ledger, payouts."""

    name = "commissions"
    label = "commissions"
    verbose_name = _("Commissions")
    default_auto_field = "django.db.models.BigAutoField"
