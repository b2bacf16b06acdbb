from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StorefrontConfig(AppConfig):
    """The public site."""

    name = "interfaces.storefront"
    label = "storefront"
    verbose_name = _("Website")
    default_auto_field = "django.db.models.BigAutoField"
