"""Billing systems that speak TM Forum style REST, as docs/billing-contract.md says."""
