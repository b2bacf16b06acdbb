from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    """Submissions to the billing systems of the divisions, and facts from them."""

    name = "billing"
    label = "billing"
    verbose_name = _("Billing systems")
    default_auto_field = "django.db.models.BigAutoField"
