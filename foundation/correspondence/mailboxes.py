"""Which addresses lead to the same mailbox."""

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
