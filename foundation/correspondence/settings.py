"""The settings that markets inherit for their mail."""

from django.utils.translation import gettext_lazy as _

from foundation.divisions.settings import declare

FILE_MEGABYTES = declare(
    "correspondence.file_megabytes",
    kind=int,
    default=10,
    label=_("Largest attachment"),
    help=_("Megabytes of one file that comes by mail. A larger one is named, and not passed on."),
    minimum=1,
    maximum=25,
)
