"""Every change to the tree's settings."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from foundation.divisions.models import Division, DivisionSetting
from foundation.divisions.queries import effective, has_history, inheriting
from foundation.divisions.settings import Setting


@transaction.atomic
def set_value(division: Division, setting: Setting, value: Any) -> None:
    """
    Give a division its own value of a setting, from now on, for itself and all below it.

    :raises ValidationError: if the value is not of the setting's kind, not among its choices, or another one than what has
        happened was reckoned by
    """
    parsed = setting.choose(value, division)
    require_changeable(division, setting, parsed)
    DivisionSetting.objects.update_or_create(
        division=division, name=setting.name, defaults={"value": setting.stored(parsed)}
    )


@transaction.atomic
def inherit_value(division: Division, setting: Setting) -> None:
    """
    Let a division inherit a setting again.

    :raises ValidationError: if what it would inherit is another value than what has happened was reckoned by
    """
    above = division.parent
    require_changeable(division, setting, effective(above, setting) if above else setting.default)
    DivisionSetting.objects.filter(division=division, name=setting.name).delete()


def require_changeable(division: Division, setting: Setting, value: Any) -> None:
    """
    Let a setting take a value at a division, unless history fixes another one.

    :raises ValidationError: if anything has happened in the division, or in one below that inherits the setting from it
    """
    if not setting.is_fixed_by_history or value == effective(division, setting):
        return
    if has_history(inheriting(division, setting)):
        raise ValidationError(_("It stays as it is: orders, rules or bills here or below were reckoned by it."))
