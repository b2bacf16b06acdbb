from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorklistConfig(AppConfig):
    """Teams, who works in them and when, and work that is claimed, handed over and due."""

    name = "foundation.worklist"
    label = "worklist"
    verbose_name = _("Service desk")
    default_auto_field = "django.db.models.BigAutoField"
