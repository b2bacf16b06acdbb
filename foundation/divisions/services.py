"""Every change to the tree's settings."""

from typing import Any

from django.db import transaction

from foundation.divisions.models import Division, DivisionSetting
from foundation.divisions.settings import Setting


@transaction.atomic
def set_value(division: Division, setting: Setting, value: Any) -> None:
    """
    Give a division its own value of a setting, from now on, for itself and all below it.

    :raises ValidationError: if the value is not of the setting's kind, or not among its choices
    """
    parsed = setting.choose(value, division)
    DivisionSetting.objects.update_or_create(
        division=division, name=setting.name, defaults={"value": setting.stored(parsed)}
    )


@transaction.atomic
def inherit_value(division: Division, setting: Setting) -> None:
    """Let a division inherit a setting again."""
    DivisionSetting.objects.filter(division=division, name=setting.name).delete()
