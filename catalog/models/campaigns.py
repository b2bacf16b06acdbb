"""Which packages a market shows, to whom and when."""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy

from catalog.models.dated import Dated
from catalog.models.packages import Package
from catalog.states import CAMPAIGN_MOVES, CampaignStatus, CustomerClass
from foundation.divisions.fields import TranslatedField
from foundation.divisions.models import bumps_configuration
from foundation.lifecycle import Lifecycle, LockingQuerySet, NotAllowed, status_constraint


def every_class() -> list[str]:
    """Return every class of customers: whom a campaign is for until somebody says otherwise."""
    return list(CustomerClass.values)


class Campaign(Lifecycle, Dated):
    """The packages that a market shows to a class of customers for a time."""

    MOVES = CAMPAIGN_MOVES

    code = models.SlugField(_("code"), max_length=60, unique=True, help_text=_("Never used again for anything else."))
    names = TranslatedField(_("name"), help_text=_("As staff and customers read it."))
    status = models.CharField(
        _("status"), max_length=10, choices=CampaignStatus.choices, default=CampaignStatus.INACTIVE, editable=False
    )
    is_dummy = models.BooleanField(
        _("dummy campaign"), default=False,
        help_text=_("Has no packages: an order starts in it until enough is known to choose a real campaign."),
    )  # fmt: skip
    customer_classes = ArrayField(
        models.CharField(max_length=20, choices=CustomerClass.choices), default=every_class,
        verbose_name=_("customer classes"), help_text=_("Who may have it."),
    )  # fmt: skip
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=100, help_text=_("Of several that apply, the one with the highest number comes first.")
    )
    eligible_otherwise = models.BooleanField(
        _("eligible when no group concludes"), default=True,
        help_text=_("What counts when every eligibility group says “check the next group”, or there is none."),
    )  # fmt: skip
    packages: models.ManyToManyField[Package, "CampaignPackage"] = models.ManyToManyField(
        Package, through="CampaignPackage", related_name="campaigns", verbose_name=_("packages")
    )

    objects = LockingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-priority", "code"]
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints: ClassVar = [
            *Dated.Meta.constraints,
            status_constraint(CampaignStatus, name="campaign_status_is_known"),
        ]
        triggers: ClassVar = [
            bumps_configuration(),
            pgtrigger.Trigger(
                name="the_default_stays",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("status", "code") | pgtrigger.Delete,  # type: ignore[no-untyped-call]
                func="""
                    IF TG_OP = 'UPDATE' AND NEW.code = OLD.code AND NEW.status = 'active' THEN
                        RETURN NEW;
                    END IF;
                    IF EXISTS (
                        SELECT FROM divisions_divisionsetting
                        WHERE name = 'catalog.default_campaign' AND value = to_jsonb(OLD.code)
                    ) THEN
                        RAISE EXCEPTION 'campaign % is the default of a division', OLD.code
                            USING ERRCODE = 'restrict_violation';
                    END IF;
                    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
                """,
            ),
        ]

    def __str__(self) -> str:
        return str(self.names) or self.code

    def activate(self) -> None:
        """
        Show this campaign to those whom it addresses.

        :raises NotAllowed: if it is active already, or has no packages and is no dummy
        """
        if not self.is_dummy and not self.packages.exists():
            raise NotAllowed(gettext("A campaign stays inactive until its packages are entered."), code="no_packages")
        self._move(CampaignStatus.ACTIVE)

    def deactivate(self) -> None:
        """
        Show this campaign to nobody any more; what was ordered in it goes on.

        :raises NotAllowed: if it is inactive already
        """
        self._move(CampaignStatus.INACTIVE)


class CampaignPackage(models.Model):
    """A package's place in a campaign."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="entries", verbose_name=_("campaign"))
    package = models.ForeignKey(Package, models.PROTECT, related_name="entries", verbose_name=_("package"))
    position = models.PositiveSmallIntegerField(pgettext_lazy("position", "order"), default=0)

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        verbose_name = _("package of a campaign")
        verbose_name_plural = _("packages of a campaign")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "package"], name="package_once_in_a_campaign")
        ]
        triggers: ClassVar = [bumps_configuration()]

    def __str__(self) -> str:
        return str(self.package)

    def clean(self) -> None:
        if self.campaign.is_dummy:
            raise ValidationError(_("A dummy campaign has no packages."))
