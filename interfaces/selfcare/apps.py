from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SelfcareConfig(AppConfig):
    """The signed-in customer and partner."""

    name = "interfaces.selfcare"
    label = "selfcare"
    verbose_name = _("Self-care")
    default_auto_field = "django.db.models.BigAutoField"
