"""
Deliver what is due, as a worker does, until somebody ends this process: `python -m config.simulation.courier`.

The play starts one for a batch of credits and kills it in the middle of a call.
"""

import os
import time

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

    from foundation.events.services import deliver_next

    while True:
        if not deliver_next():
            time.sleep(0.05)
