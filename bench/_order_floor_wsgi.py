"""Serve the floor of `order_submit` by the project's own settings, with a few more addresses."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
settings.ROOT_URLCONF = "bench._order_floor"
