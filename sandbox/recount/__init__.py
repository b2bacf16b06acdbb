"""
What every reward should be, counted once more by somebody else.

Start it with ``python -m sandbox.recount EXPORT BILLING_DATA_DIR...``. It needs the standard library alone. It reads
the vendor's own memory (``vendor.sqlite3``: work orders, invoices, receipts, what pays what, service statuses,
credits) and the file that the application exports (rules, referrals, the ledger), goes through every reward day by
day, and prints where the ledger or the vendor's credits say something else.
"""
