"""What `make run` says once everything runs: where it is, and how to sign in."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import django
from django.conf import settings
from django.urls import reverse

from config.local import sign_ins


def lines() -> Iterator[str]:
    """Yield the lines to print."""
    from foundation.divisions.models import Site  # noqa: PLC0415  # after Django is set up

    base = os.environ["SITE_URL"]
    data = Path(settings.DATA_DIR)
    yield ""
    for site in Site.objects.filter(is_active=True).select_related("brand").order_by("path_prefix", "host"):
        yield _line(f"{site.brand}", address_of(site.host, site.path_prefix, base))
    yield _line("Staff desk", urljoin(base, reverse("desk:home")))
    yield _line("Admin", urljoin(base, reverse("admin:index")))
    yield _line("Mail", os.environ["MAIL_PAGE_URL"])
    for name in ("MAIN", "FRANCHISE"):
        yield _line(f"Billing system ({name.lower()})", os.environ[f"BILLING_{name}_URL"])
    people = sign_ins.load(data)
    if people:
        yield ""
        yield f"Sign in as one of these; the codes of staff are on {os.environ['MAIL_PAGE_URL']}/sign-ins"
    for person in people:
        start = urljoin(base, person.start_url)
        yield _line(person.role, f"{person.email:<36} {person.password:<24} {start}")
    yield ""
    yield f"Logs are in {data / 'logs'}. Ctrl-C stops everything."


def address_of(host: str, path_prefix: str, base: str) -> str:
    """Return where a browser on this machine finds a site; `*` stands for every host name."""
    parts = urlsplit(base)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname if host == '*' else host}{port}{path_prefix}/"


def _line(name: str, what: str) -> str:
    return f"  {name:<28} {what}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    print("\n".join(lines()), flush=True)
