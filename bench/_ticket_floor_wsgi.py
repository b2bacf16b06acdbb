"""Serve the floor of `ticket_list` by the project's own settings, with one more address."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
settings.ROOT_URLCONF = "bench._ticket_floor"
