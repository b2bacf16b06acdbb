"""Every read of rules, rewards, the ledger and payouts that has a rule in it."""
