"""Commission rules in the admin: composed by operators, approved by a second person."""

from commissions.admin import rules

__all__ = ["rules"]
