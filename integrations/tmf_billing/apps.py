from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TmfBillingConfig(AppConfig):
    """A billing system that speaks the TM Forum's way."""

    name = "integrations.tmf_billing"
    label = "tmf_billing"
    verbose_name = _("TM Forum billing")
    default_auto_field = "django.db.models.BigAutoField"
