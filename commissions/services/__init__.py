"""
Every change to rules, rewards, the ledger and payouts.

Locks are taken in one order: the rule or the batch, then payees by ascending id, then rewards by ascending id.
"""
