"""
Every change to rules, rewards, the ledger and payouts.

Locks are taken in one order: the batch or the referral, then payees by ascending id, then rewards by ascending id, and
last the rule whose budget is taken from. Whoever changes a version holds its rule,
whoever answers a dispute holds it before its reward.
"""
