from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    """What is sold: products, packages, prices, campaigns and who may have them."""

    name = "catalog"
    verbose_name = _("Catalogue and campaigns")
    default_auto_field = "django.db.models.BigAutoField"
