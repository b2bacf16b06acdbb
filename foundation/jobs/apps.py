from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    """Long work in chunks that any number of workers can take."""

    name = "foundation.jobs"
    label = "jobs"
    verbose_name = _("Long work")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Learn of every kind of long work."""
        autodiscover_modules("jobs")
