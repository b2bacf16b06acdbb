"""Set Django up, and play: `python -m config.simulation.stage`, in the environment that `config.simulation` makes."""

import os
import sys

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

    from config.simulation.play import main

    sys.exit(main())
