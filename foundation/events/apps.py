from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class EventsConfig(AppConfig):
    """Facts, who hears them, and the proof that each was told."""

    name = "foundation.events"
    label = "events"
    verbose_name = _("Facts and deliveries")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Learn of every fact and of everybody who listens."""
        autodiscover_modules("events", "handlers")
