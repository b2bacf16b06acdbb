"""How much is done. By default little, so that it fits among the other tests; `make faults` does all of it."""

import os

RUNS = int(os.environ.get("FAULT_RUNS", "2"))
"""Double submits, each of fifty requests."""
ORDERS = int(os.environ.get("FAULT_ORDERS", "30"))
"""Orders placed on the website while a server is taken away."""
WORK_ORDERS = int(os.environ.get("FAULT_WORK_ORDERS", "24"))
"""Orders whose work orders are posted while workers are killed."""
KILLS = int(os.environ.get("FAULT_KILLS", "2"))
"""Workers killed meanwhile: a child and a whole tree in turn."""
SHUFFLES = int(os.environ.get("FAULT_SHUFFLES", "2"))
"""Orders in which the same webhooks arrive."""
