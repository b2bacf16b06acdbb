"""Every read of referrals that has a rule in it."""

from referrals.queries.letters import first_name, in_words, invitation_letter
from referrals.queries.links import (
    link_in_invitation,
    link_of,
    link_to_stop,
    normalised_code,
    referrer_by_code,
    shown_code,
)
from referrals.queries.programmes import (
    Reason,
    counts_in,
    is_running,
    is_within_dates,
    may_count_on_site,
    nearest_to,
    programme_for,
    programmes_within,
    why_not,
    why_not_join,
)
from referrals.queries.resolver import PrecedenceRow, precedence_table
from referrals.queries.visibility import (
    own_referrers,
    programmes_visible_to,
    referrals_visible_to,
    referrers_visible_to,
    resolved_touches_of,
    signals_visible_to,
)
from referrals.queries.wording import has_link, is_name

__all__ = [
    "PrecedenceRow", "Reason", "counts_in", "first_name", "has_link", "in_words", "invitation_letter",
    "is_name", "is_running", "is_within_dates", "link_in_invitation", "link_of",
    "link_to_stop", "may_count_on_site", "nearest_to", "normalised_code", "own_referrers", "precedence_table",
    "programme_for", "programmes_visible_to", "programmes_within", "referrals_visible_to", "referrer_by_code",
    "referrers_visible_to", "resolved_touches_of", "shown_code", "signals_visible_to", "why_not", "why_not_join",
]  # fmt: skip
