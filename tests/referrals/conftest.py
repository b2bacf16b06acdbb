"""What tests of referrals share."""

import pytest

from foundation.events import facts


@pytest.fixture
def only_referrals_listen(monkeypatch):
    """Deliver facts to referrals and to the mail alone: no billing system is there."""
    for name, listeners in list(facts.HANDLERS.items()):
        ours = {label: one for label, one in listeners.items() if label.startswith(("referrals.", "foundation."))}
        monkeypatch.setitem(facts.HANDLERS, name, ours)
