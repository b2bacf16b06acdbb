from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext_lazy as _


class SelfcareConfig(AppConfig):
    """The signed-in customer and partner."""

    name = "interfaces.selfcare"
    label = "selfcare"
    verbose_name = _("Self-care")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Look for a person's earlier orders whenever they sign in."""
        from interfaces.selfcare.sign_in import claim_earlier_orders  # noqa: PLC0415  # needs every app loaded

        user_logged_in.connect(claim_earlier_orders)
