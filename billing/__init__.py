"""Billing systems: what we ask of them, exactly once and honestly, and what they tell us."""
