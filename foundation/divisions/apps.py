from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from foundation.moments import bound_what_is_typed


class DivisionsConfig(AppConfig):
    """The tree of markets that everything is scoped by."""

    name = "foundation.divisions"
    label = "divisions"
    verbose_name = _("Markets")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Bound the years of what is typed, for the whole program."""
        bound_what_is_typed()
