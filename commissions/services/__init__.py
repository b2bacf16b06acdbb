"""
Every change to rules, rewards, the ledger and payouts.

Locks are taken in one order: the batch or the referral, then payees by ascending id, then the rules whose budgets are
taken from, by ascending id, and last rewards by ascending id. Rewards that begin are new, and nobody waits for them.
Whoever changes a version holds its rule, whoever answers a dispute holds it before its reward.
"""
