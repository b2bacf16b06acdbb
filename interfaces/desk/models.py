"""What people keep for themselves at the desk."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.people.models import User


class SavedFilter(models.Model):
    """A filter of a list that a person gave a name, to have it one click away."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("person"))
    list = models.CharField(_("list"), max_length=40)
    """The name of the list's address, such as `orders`."""
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1000)
    """The part of the address behind the question mark."""

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "list", "name"], name="one_saved_filter_per_name"),
        ]

    def __str__(self) -> str:
        return self.name
