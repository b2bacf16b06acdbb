"""Find streets as a person names them."""

from collections.abc import Iterable

from foundation.divisions.models import Division
from territory.addresses.streets import read_street_line, read_zip
from territory.models import Street


def zip_code_in(text: str) -> str:
    """Return the five digits of a ZIP or ZIP+4 code as it was typed; nothing where it is none."""
    return read_zip(text)


def streets_called(typed: str, divisions: Iterable[Division]) -> set[int]:
    """
    Return the ids of the streets of some divisions that a line names: Main Street, or Main Street, 05701.

    A street's name alone means all that are called so there.
    """
    name, _comma, rest = typed.partition(",")
    street = read_street_line(name)[1]
    if not street.name:
        return set()
    rows = Street.objects.filter(division__in=divisions, name=street.name)
    if street.suffix:
        rows = rows.filter(suffix__in=["", street.suffix])
    if rest.split() and (zip_code := read_zip(rest.split()[-1])):
        rows = rows.filter(zip_code=zip_code)
    return set(rows.values_list("pk", flat=True))
