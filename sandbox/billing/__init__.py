"""
A stand-in billing vendor that follows docs/billing-contract.md.

Start it with ``python -m sandbox.billing --port 8100 --data DIR``. It needs the standard library alone, keeps
everything in one SQLite file, and can be told to misbehave (see ``faults.py``).
"""
