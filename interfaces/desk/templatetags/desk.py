"""How the desk writes moments, ages, amounts and states."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from json import dumps
from typing import Any

from django import template
from django.db.models import Model
from django.forms import BoundField, Select
from django.forms.utils import flatatt
from django.template import Context
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.formats import date_format, get_format, number_format, time_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext as _, ngettext

from foundation.divisions.models import Division
from foundation.money import format_money
from foundation.now import now
from foundation.people.queries import Person, can
from foundation.people.states import Permission
from interfaces.desk.following import stage_in_words, stage_of
from interfaces.desk.words import trouble_in_words, why_here
from orders.models import Order
from orders.queries import visit_hours
from referrals.models import Referral
from tickets.models import Visit
from tickets.queries.sla import duration as hours_and_minutes

register = template.Library()

TONES = {
    "good": {
        *(
            "completed",
            "confirmed",
            "sent",
            "done",
            "converted",
            "installed",
            "active",
            "payable",
            "settled",
            "matched",
        ),
        *("correct", "won", "cleared", "upheld", "resolved", "restored", "made"),
    },
    "brand": {
        *("acknowledged", "in_progress", "pending", "sending", "queued", "running", "assigned", "new", "open"),
        *(
            "building",
            "approved",
            "submitted",
            "accrued",
            "batched",
            "ordered",
            "planned",
            "requested",
            "posted",
            "booked",
            "on_the_way",
        ),
    },
    "careful": {
        *("held", "partial", "unknown", "assessing_cancellation", "pending_cancellation", "waiting", "frozen"),
        *(
            "partly_returned",
            "cap_limited",
            "reversed",
            "raised",
            "evidence_wanted",
            "identified",
            "monitoring",
            "arrived",
        ),
    },
    "bad": {"rejected", "refused", "failed", "returned", "differs", "wrong", "investigating", "missed"},
}
"""Which of the tag's colours goes with a state; to any other belongs none."""
NOW = "desk.now"
"""Under which a template that is being rendered keeps the moment at which it began to count ages."""


@register.filter
def tone(status: str) -> str:
    """Return the name of the colour that goes with a state; the state itself is always written out beside it."""
    return next((name for name, statuses in TONES.items() if status in statuses), "none")


@register.filter
def named(row: Model, name: str) -> str:
    """
    Write in words what stands in a field with choices, as `get_<name>_display` does.

    The words are looked up once per language: Django would translate all of the field's choices for every row.
    """
    value: str = getattr(row, name)
    return _names(type(row), name, get_language()).get(value, value)


@lru_cache(maxsize=500)
def _names(model: type[Model], name: str, _language: str | None) -> dict[Any, str]:
    field = model._meta.get_field(name)
    return {value: str(label) for value, label in field.flatchoices}  # type: ignore[union-attr]


@register.filter
def trouble(error: str) -> str:
    """Return in words why a call to a billing system came to nothing."""
    return trouble_in_words(error)


@register.simple_tag
def moment(
    at: datetime | None, division: Division | None = None, *, zone: bool = False, seconds: bool = False
) -> SafeString | str:
    """
    Write a moment in a division's time zone, with the zone on hover; a dash where there is none.

    :param zone: write the zone beside it, too: where rows of several divisions stand below each other
    :param seconds: write the second, too: in histories, where several things happen within a minute
    """
    if at is None:
        return "–"
    style = _to_the_second(get_format("SHORT_DATETIME_FORMAT")) if seconds else "SHORT_DATETIME_FORMAT"
    shown, of_zone = _written(at, _zone_of(division), get_language(), style)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), of_zone, f"{shown} {of_zone}" if zone else shown
    )


@register.simple_tag
def brief(at: datetime | None, division: Division) -> SafeString | str:
    """Write a moment as short as can be: today the time, else the day; a dash where there is none."""
    if at is None:
        return "–"
    local = timezone.localtime(at, division.zone)
    is_today = local.date() == timezone.localtime(now(), division.zone).date()
    shown = date_format(local, "TIME_FORMAT" if is_today else "MONTH_DAY_FORMAT")
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), _exactly(at, division.zone), shown)


@register.simple_tag(takes_context=True)
def age(context: Context, at: datetime | None, division: Division | None = None) -> SafeString | str:
    """
    Write how long ago a moment was, in its largest unit, with the moment in a division's time zone on hover.

    All ages of a page are those at one moment.
    """
    if at is None:
        return "–"
    seen = context.render_context
    if NOW not in seen:
        seen[NOW] = now()
    exactly = _exactly(at, _zone_of(division))
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exactly, duration(seen[NOW] - at))


def _to_the_second(style: str) -> str:
    """Return a format with seconds behind its minutes: 9:05:07 a.m., 21:05:07."""
    return style.replace("P", "g:i:s a") if "P" in style else style.replace(":i", ":i:s")


def _zone_of(division: Division | None) -> tzinfo:
    return division.zone if division else timezone.get_current_timezone()


def _exactly(at: datetime, zone: tzinfo) -> str:
    return " ".join(_written(at, zone, get_language(), "DATETIME_FORMAT"))


@lru_cache(maxsize=20_000)
def _written(at: datetime, zone: tzinfo, _language: str | None, style: str) -> tuple[str, str]:
    """Write a moment in a zone and in the language that is spoken now, and the zone: lists show the same ones all day."""
    local = at.astimezone(zone)
    return date_format(local, style), local.tzname() or ""


@register.filter
def duration(span: timedelta | None) -> str:
    """Write a length of time in its largest unit: 40 s, 5 min, 3 h, 12 days."""
    if span is None:
        return "–"
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return _("%(count)d s") % {"count": seconds}
    if seconds < 3600:
        return _("%(count)d min") % {"count": seconds // 60}
    if seconds < 48 * 3600:
        return _("%(count)d h") % {"count": seconds // 3600}
    days = seconds // 86400
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


@register.simple_tag
def amount(value: Decimal | str | None, currency: str) -> str:
    """Write an amount of money as the reader's language does."""
    return "–" if value in (None, "") else format_money(Decimal(str(value)), currency, get_language() or "en")


@register.simple_tag
def control(field: BoundField, placeholder: str = "") -> SafeString:
    """Write a field's input in Bootstrap's classes; what stands in an empty one names it where there is no room above."""
    is_select = isinstance(field.field.widget, Select)
    kind = "form-select" if is_select else "form-control"
    attrs: dict[str, Any] = {"class": f"{kind} is-invalid" if field.errors else kind}
    if placeholder and not is_select:
        attrs["placeholder"] = placeholder
    return _select(field, attrs) if is_select else field.as_widget(attrs=attrs)


def _select(field: BoundField, attrs: dict[str, Any]) -> SafeString:
    """Write a select without groups: Django would render a template for each option of each filter."""
    attrs |= {"id": field.auto_id}
    known = field.field.widget.get_context(field.html_name, field.value(), field.build_widget_attrs(attrs))["widget"]
    options = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (option["value"], flatatt(option["attrs"]), option["label"])
            for _group, options, _index in known["optgroups"]
            for option in options
        ),
    )
    return format_html('<select name="{}"{}>{}</select>', known["name"], flatatt(known["attrs"]), options)


@register.filter
def integer(number: float) -> str:
    """Write a whole number with the reader's separators."""
    return number_format(int(number), use_l10n=True, force_grouping=True)


@dataclass(frozen=True)
class Place:
    """One entry of the navigation."""

    label: str
    url: str
    is_current: bool


BESIDE = {
    "letterbox": "tickets",
    "who_works": "tickets",
    "ledger": "payouts",
    "disputes": "payouts",
    "claims": "payouts",
    "rewards": "referrals",
}
"""Lists that are reached from another one's page, and are a part of its place."""


@register.simple_tag
def places(user: Person, path: str) -> list[Place]:
    """
    List the pages of the desk, and beside it, that a person's roles open.

    :param path: where the person is: the place that it lies below is the current one
    """
    offered = [
        ("home", _("Desk"), None),
        ("orders", _("Orders"), Permission.SEE_ORDERS),
        ("tickets", _("Tickets"), None),
        ("visits", _("My visits"), Permission.MAKE_VISITS),
        ("leads", _("Leads"), Permission.SEE_LEADS),
        ("outages", _("Outages"), Permission.SEE_TICKETS),
        ("referrals", _("Referrals"), Permission.SEE_REFERRALS),
        ("payouts", _("Payouts"), Permission.SEE_LEDGER),
        ("submissions", _("Billing systems"), Permission.SEE_ORDERS),
        ("messages", _("Messages"), Permission.SEE_ORDERS),
        ("jobs", _("Long work"), None),
    ]
    address = _addresses(get_script_prefix(), *(name for name, _label, _permission in offered), *BESIDE)
    home = address["home"]
    path = next((address[place] for name, place in BESIDE.items() if path.startswith(address[name])), path)
    opened = [
        (label, address[name]) for name, label, permission in offered if permission is None or can(user, permission)
    ]
    if can(user, Permission.CONFIGURE):
        opened.append((_("Set-up"), reverse("admin:index")))
    return [Place(label, url, path == url or (url != home and path.startswith(url))) for label, url in opened]


@lru_cache(maxsize=100)
def _addresses(_prefix: str, *names: str) -> dict[str, str]:
    """Return the addresses of pages of the desk, below the prefix of a site: every page links to all of them."""
    return {name: reverse(f"desk:{name}") for name in names}


register.filter("why_here", why_here)


@register.filter
def short(label: str) -> str:
    """Return the name in a label that explains itself behind a colon."""
    return str(label).partition(":")[0]


@register.filter
def json(content: object) -> str:
    """Write what was sent or reported so that a person can read it."""
    return dumps(content, indent=2, ensure_ascii=False)


@register.simple_tag
def day(at: datetime | date, division: Division) -> str:
    """Write the day of a moment in a division's zone, or a day."""
    local = timezone.localtime(at, division.zone).date() if isinstance(at, datetime) else at
    return date_format(local, "SHORT_DATE_FORMAT")


@register.simple_tag
def visit(order: Order) -> str:
    """Write when a technician comes for an order, with the zone, short enough for a table."""
    appointment = getattr(order, "appointment", None)
    if appointment is None or not appointment.takes_place:
        return "–"
    return _short_window(appointment.starts_at, appointment.ends_at, order.division)


@register.simple_tag
def window(visit: Visit) -> str:
    """Write when an agent comes for a ticket, with the zone, short enough for a table."""
    return _short_window(visit.starts_at, visit.ends_at, visit.division)


@register.simple_tag
def hours_of(visit: Visit) -> str:
    """Write between which hours of its day an agent comes."""
    return visit_hours(visit.starts_at, visit.ends_at, visit.division.zone)


def _short_window(starts_at: datetime, ends_at: datetime, division: Division) -> str:
    start, end = timezone.localtime(starts_at, division.zone), timezone.localtime(ends_at, division.zone)
    hours = f"{time_format(start.time(), 'P')}–{time_format(end.time(), 'P')}"
    return f"{date_format(start, 'D j M')}, {hours} {start.tzname()}"


@register.simple_tag
def stage(referral: Referral) -> SafeString:
    """Write the stage that a referral is at."""
    code = stage_of(referral)
    tones = {"credited": "good", "earned": "good", "held": "careful", "limited": "careful", "taken_back": "careful"}
    kind = "none" if code == "not_eligible" else tones.get(code, "brand")
    return format_html('<span class="tag tag-{}">{}</span>', kind, stage_in_words(referral))


@register.simple_tag
def took(span: timedelta | None) -> str:
    """Write how long something took to the minute; a dash where it is not known."""
    return "–" if span is None else hours_and_minutes(span)
