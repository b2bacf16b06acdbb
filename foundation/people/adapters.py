"""Where allauth's ways differ from ours."""

from email.utils import formataddr
from secrets import token_urlsafe
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy

from foundation.divisions.models import Brand
from foundation.people.encryption import decrypt, encrypt
from foundation.people.http import client_address
from foundation.people.models import User
from foundation.people.queries import is_staff_member

log = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Signing in and up: mail in the brand of the site, links to our own address, each role to its own start page."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": gettext_lazy("The e-mail address or the password is not right."),
        "incorrect_password": gettext_lazy("The password is not right."),
        "too_many_login_attempts": gettext_lazy("Too many attempts. Try again in a few minutes."),
        "rate_limited": gettext_lazy("Too many attempts. Try again in a few minutes."),
    }

    # Where to.

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Send staff to the desk, who only sets up or audits to the admin, everybody else to their own pages."""
        user = request.user
        if not isinstance(user, User) or not is_staff_member(user):
            return reverse(settings.LOGIN_REDIRECT_URL)
        return reverse(settings.STAFF_START_URL)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link that lets a new password be set; never built from a request's Host header."""
        uid, _dash, token = key.partition("-")
        return public_url(reverse("account_reset_password_from_key", args=[uid, token]))

    # Who asks.

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the client's address, by the one rule of the house."""
        return client_address(request)

    # Mail.

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell the owner of a known address; the answer takes as long as that to an unknown one, which hashes too."""
        make_password(token_urlsafe())
        super().send_account_already_exists_mail(email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """
        Send a message about an account at once.

        It holds a key to the account, so it is not kept in the outbox. Where the mail server is away the person is
        told so; that tells nobody whether the address is known.
        """
        links = {
            "signup_url": public_url(reverse("account_signup")),
            "password_reset_url": public_url(reverse("account_reset_password")),
        }
        message = self.render_mail(template_prefix, email, {**links, **context, "email": email})
        try:
            message.send()
        except OSError as error:
            log.warning("account_mail_failed", template=template_prefix, error=type(error).__name__)
            messages.error(self.request, _("We cannot send e-mail at the moment. Try again in a few minutes."))

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Write a message as plain text, and the same text in the brand's frame."""
        parts = {**context, "brand": self._brand(), "site_url": settings.SITE_URL}
        subject_line = " ".join(render_to_string(f"{template_prefix}_subject.txt", parts).split())
        text = render_to_string(f"{template_prefix}_message.txt", parts).strip()
        to = [email] if isinstance(email, str) else email
        message = EmailMultiAlternatives(subject_line, text, self.get_from_email(), to, headers=headers)
        html = render_to_string("account/email/frame.html", {**parts, "text": text, "subject_line": subject_line})
        message.attach_alternative(html, "text/html")
        return message

    def get_from_email(self) -> str:
        """Return the brand's own sender, else the house's."""
        brand = self._brand()
        if not (brand and brand.email):
            return settings.DEFAULT_FROM_EMAIL
        return formataddr((" ".join(brand.name.split()), brand.email))

    def _brand(self) -> Brand | None:
        site = getattr(self.request, "site", None)
        return site.brand if site else None


class MfaAdapter(DefaultMFAAdapter):
    """Second factors: their seeds are encrypted, and staff cannot do without one."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy("The code is not right, or it was used before. Wait for the next one."),
        "cannot_delete_authenticator": gettext_lazy("Staff need a second factor. It can be replaced by an operator."),
    }

    def encrypt(self, text: str) -> str:
        """Encrypt a seed for storage."""
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Read a stored seed."""
        return decrypt(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Let customers go without a second factor, staff not."""
        return not is_staff_member(authenticator.user)


def public_url(path: str) -> str:
    """Return the whole address of a page for a message."""
    return f"{settings.SITE_URL}{path}"
