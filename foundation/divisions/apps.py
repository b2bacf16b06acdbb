from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DivisionsConfig(AppConfig):
    """The tree of markets that everything is scoped by."""

    name = "foundation.divisions"
    label = "divisions"
    verbose_name = _("Markets")
    default_auto_field = "django.db.models.BigAutoField"
