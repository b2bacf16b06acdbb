"""Tests, by app; `tests.stack` starts real processes for those that need them."""
