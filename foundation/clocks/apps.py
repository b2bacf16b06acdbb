from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClocksConfig(AppConfig):
    """Business calendars, and stopwatches that run by them."""

    name = "foundation.clocks"
    label = "clocks"
    verbose_name = _("Working hours")
    default_auto_field = "django.db.models.BigAutoField"
