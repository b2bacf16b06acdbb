from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TmfBillingConfig(AppConfig):
    """The adapter for TM Forum style billing systems, and the door for their webhooks."""

    name = "integrations.tmf_billing"
    label = "tmf_billing"
    verbose_name = _("TM Forum billing")
