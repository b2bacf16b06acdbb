"""
Every change to rules, rewards, the ledger and payouts.

In which order rows are locked is said in docs/locking.md.
"""
