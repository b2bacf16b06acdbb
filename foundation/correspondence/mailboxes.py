"""
Which addresses lead to the same mailbox.

Two questions, with two answers. May these be one mailbox? `normalised_email` says yes in doubt: who must not get
something twice, or stay unasked twice, is not let through by a spelling. Are they surely one? `writers_address` says no
in doubt: who writes to us is told about an account, and at most providers `kim+x@` is somebody else than `kim@`.
"""

from django.conf import settings

DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Domains, and the name under which we know them, where dots before the @ make no difference."""


def normalised_email(email: str) -> str:
    """Return an address without what makes no difference to its mailbox: case, plus-tags, and dots where none count."""
    address = email.strip().lower()
    name, at, domain = address.rpartition("@")
    if not at:
        return address
    before_tag = name.partition("+")[0] or name
    if domain in DOTLESS:
        return f"{before_tag.replace('.', '') or before_tag}@{DOTLESS[domain]}"
    return f"{before_tag}@{domain}"


def writers_address(email: str) -> str:
    """
    Return an address as it tells who writes: as it stands, but for case.

    Only at the domains of `MAIL_TAG_DOMAINS`, whose providers promise that every spelling leads to one mailbox, it is
    what `normalised_email` makes of it.
    """
    return normalised_email(email) if is_tagged_freely(email) else email.strip().lower()


def is_tagged_freely(email: str) -> bool:
    """Tell whether the provider of an address promises that all its spellings lead to one mailbox."""
    return email.strip().lower().rpartition("@")[2] in settings.MAIL_TAG_DOMAINS
