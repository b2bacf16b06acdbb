"""Write a market's marker into every text of its rows, so that a row on a page that is not its own gives itself away."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models

from commissions.models import (
    BankAccount,
    BankChange,
    BankFile,
    BankReturn,
    DisputeArticle,
    Evidence,
    LedgerEntry,
    ReturnFile,
)
from foundation.divisions.fields import Texts, TranslatedField
from foundation.divisions.models import Division
from foundation.people.models import User
from orders.models import TermsVersion
from tests.unguarded import unguarded
from tickets.models import Article, Attachment, LateDowngrade, OutageUpdate, Rating

NEVER_CHANGE = (
    *(TermsVersion, BankAccount, BankChange, BankFile, BankReturn, ReturnFile, LedgerEntry, DisputeArticle, Evidence),
    *(Article, Attachment, LateDowngrade, OutageUpdate, Rating),
)
READ_BY_PROGRAMS = frozenset(
    {
        *("actor_role", "adapter", "base_url", "before", "after", "campaign", "channel", "choice_group", "city_key"),
        *("column", "currency", "cursor", "default_language", "delimiter", "digest", "email", "fact", "handler"),
        *("host", "house_number", "idempotency_key", "identity", "key", "kind", "language", "list", "logo_type"),
        *("message_id", "node", "number", "password", "path_prefix", "phone", "primary", "primary_dark", "query"),
        *("relies_on", "remainder", "request_id", "site_code", "source_id", "start_key", "state", "subject_type"),
        *(
            "submitted_digest",
            "suffix",
            "terms_digest",
            "text_version",
            "to",
            "token",
            "unit_key",
            "work_order_request_id",
            "zip_code",
        ),
        *("author_email", "intake_key", "media_type", "requester_email", "requester_phone", "symptom"),
        "billing.billingsystem.code",
        "tickets.choice.code",
        "tickets.step.code",
        "tickets.symptom.code",
        "clocks.calendar.country",
        "clocks.calendar.region",
        "commissions.bankaccount.end_note",
        "commissions.bankaccount.ending",
        "commissions.bankaccount.routing_number",
        "commissions.bankaccount.sealed_number",
        *("commissions.bankchange.code", "commissions.bankchange.corrected"),
        *("commissions.bankchange.original_trace", "commissions.bankchange.trace"),
        "commissions.bankfile.checksum",
        *("commissions.bankfile.content", "commissions.bankfile.modifier", "commissions.bankfile.originator"),
        *("commissions.bankreturn.code", "commissions.bankreturn.original_trace", "commissions.bankreturn.trace"),
        *("commissions.returnfile.checksum", "commissions.returnfile.content"),
        "commissions.batchline.trace_number",
        "commissions.dispute.answer",
        "divisions.divisionsetting.name",
        "events.event.name",
        "referrals.invitation.email_key",
        "referrals.invitationblock.email_key",
        "referrals.referrer.code",
        "territory.spelling.name",
        "territory.street.name",
        "tickets.ticketclock.zone",
        "worklist.shift.zone",
    }
)
"""Texts in which a marker would break something; addresses of e-mail carry it as their domain."""


def plant(marker: str, division: Division) -> None:
    """Add the marker to every text of a division's rows that lacks it."""
    for model, path in models_of_divisions():
        fields = texts_of(model)
        with unguarded() if model in NEVER_CHANGE else nullcontext():
            for row in model._base_manager.filter(**{path: division.pk}).distinct() if fields else ():
                values = {field.name: _marked(field, row, marker) for field in fields}
                model._base_manager.filter(pk=row.pk).update(**values)


def models_of_divisions() -> Iterator[tuple[Any, str]]:
    """Yield every table of ours whose rows belong to divisions, and the way from a row to its division."""
    for model in apps.get_models():
        path = _path_to_division(model)
        if path and model._meta.label.startswith(tuple(app.rsplit(".", 1)[-1] for app in settings.LOCAL_APPS)):
            yield model, path


def _path_to_division(model: Any) -> str:
    """Return the way along foreign keys from a row to its division, empty if there is none."""
    if model in (Division, User):
        return "pk" if model is Division else "roles__division"
    links = {field.name: field.related_model for field in model._meta.concrete_fields if field.many_to_one}
    direct = [name for name, target in links.items() if target is Division]
    if direct or hasattr(model, "pgh_created_at"):
        return direct[0] if direct and not hasattr(model, "pgh_created_at") else ""
    ways = [(name, _path_to_division(target)) for name, target in links.items() if target is not model]
    return next((f"{name}__{way}".removesuffix("__pk") for name, way in ways if way), "")


def texts_of(model: Any) -> list[Any]:
    """Return the fields of a table in which people write."""
    written = (models.CharField, models.TextField, TranslatedField)
    fields = [field for field in model._meta.concrete_fields if isinstance(field, written) and not field.choices]
    return [field for field in fields if not {field.name, f"{model._meta.label_lower}.{field.name}"} & READ_BY_PROGRAMS]


def _marked(field: Any, row: Any, marker: str) -> Any:
    text = getattr(row, field.name)
    if marker.lower() in str(text).lower():
        return text
    if isinstance(field, TranslatedField):
        return Texts({code: f"{text.in_language(code)} {marker}" for code, _name in settings.LANGUAGES})
    if isinstance(field, models.SlugField):
        return f"{text}-{marker.lower()}"
    longest = field.max_length or len(text) + len(marker) + 1
    return f"{text[: longest - len(marker) - 1] or row.pk} {marker}"
