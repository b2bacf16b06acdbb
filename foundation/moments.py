"""Days and moments that come from outside: none in an age that nobody means, or that cannot be read again in some zone."""

from datetime import date, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

YEARS = range(1900, 2200)
"""
The years that somebody can mean.

Far from the ends of what Python can reckon with: a day may be added to any of them, and any may be read in any zone.
The database keeps year 10000, and whoever reads it fails.
"""


def require_meant(day: date | datetime) -> None:
    """
    Let pass a day or a moment that somebody can mean, by the year as it was written.

    :raises ValidationError: if it lies in another age
    """
    if day.year not in YEARS:
        raise ValidationError(_("Enter a year from %(first)d to %(last)d.") % {"first": YEARS[0], "last": YEARS[-1]})


def bound_what_is_typed() -> None:
    """Let every field of every form, in the admin and in filters too, ask for a day or a moment that somebody can mean."""
    for field in (forms.DateField, forms.DateTimeField):
        field.default_validators = [require_meant]
