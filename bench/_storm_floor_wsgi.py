"""Serve the floor of `storm` by the project's own settings, with one more address."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
settings.ROOT_URLCONF = "bench._storm_floor"
