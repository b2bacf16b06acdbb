"""What people fill in to set up a mailbox."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from foundation.correspondence.models import Mailbox
from foundation.correspondence.queries import may_log_in_as, may_receive_at
from foundation.people.models import User

if TYPE_CHECKING:
    MailboxModelForm = forms.ModelForm[Mailbox]
else:
    MailboxModelForm = forms.ModelForm


LAST_PORT = 65_535


class MailboxForm(MailboxModelForm):
    """
    A mailbox that takes nothing from a market which the person does not know.

    Only what is changed is asked about: what somebody above has set up so may stay. Whose the other is, is not told.
    """

    acting: ClassVar[User]
    """Who fills it in."""

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        if "address" in self.changed_data and not may_receive_at(self.acting, address):
            raise ValidationError(_("This address is not available."))
        return address

    def clean_port(self) -> int:
        """Refuse what is no port of TCP (RFC 9293)."""
        port: int = self.cleaned_data["port"]
        if not 0 < port <= LAST_PORT:
            raise ValidationError(_("A port is a number from 1 to %(last)d.") % {"last": LAST_PORT})
        return port

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        host, username = values.get("host", ""), values.get("username", "")
        if {"host", "username"}.intersection(self.changed_data) and not may_log_in_as(self.acting, username, host):
            self.add_error("username", _("This user name is not available."))
        return values
