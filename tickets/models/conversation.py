"""What was said on a ticket: never changed, never deleted."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Left
from django.utils.translation import gettext, gettext_lazy as _

from foundation.correspondence.models import KeptFile
from foundation.lifecycle import LockingQuerySet, NotAllowed
from foundation.now import now
from foundation.people.models import User
from foundation.safeguards import append_only
from tickets.models.ticket import Ticket
from tickets.states import FROM_THE_CUSTOMER, PUBLIC, ArticleKind, TicketChannel

LONGEST_SEARCHED = 50_000
"""Letters of an article that a search finds."""


def new_key() -> str:
    """Return a key for what nothing else tells apart."""
    return uuid.uuid4().hex


class Article(models.Model):
    """Something that was said, or happened, on a ticket."""

    key = models.CharField(max_length=120, default=new_key, editable=False)
    """What wrote it (a form, a mail): sent twice, it stands once."""
    ticket = models.ForeignKey(
        Ticket, models.PROTECT, related_name="articles", db_index=False, verbose_name=_("ticket")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ArticleKind.choices)
    channel = models.CharField(_("channel"), max_length=10, choices=TicketChannel.choices)
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("by"))
    """Who was signed in; None: somebody who writes or calls."""
    author_name = models.CharField(_("name"), max_length=120, blank=True)
    author_email = models.EmailField(_("e-mail"), blank=True)
    to = ArrayField(models.EmailField(), default=list, blank=True, verbose_name=_("to"))
    """To whom an answer goes, as it was when it was written."""
    text = models.TextField(_("text"))
    at = models.DateTimeField(_("at"), default=now)
    message_id = models.CharField(max_length=250, blank=True)
    """Message-ID of the mail that this came by, or goes out as."""
    copied_from = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="copies", db_index=False, verbose_name=_("first said on")
    )
    """The article of another ticket from which this ticket was split off."""
    search = models.GeneratedField(
        expression=SearchVector(Left("text", LONGEST_SEARCHED), config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    """Of so much of the text that Postgres can hold its words, whatever they are (a megabyte at most)."""

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=ArticleKind.values), name="article_kind_is_known"),
            models.CheckConstraint(condition=~Q(text=""), name="article_says_something"),
            models.UniqueConstraint(fields=["key"], name="an_article_stands_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["ticket", "at"], name="article_ticket"),
            models.Index(fields=["author"], name="article_author", condition=Q(author__isnull=False)),
            models.Index(fields=["copied_from"], name="article_copied", condition=Q(copied_from__isnull=False)),
            models.Index(fields=["message_id"], name="article_message", condition=~Q(message_id="")),
            GinIndex(fields=["search"], name="article_search"),
        ]
        triggers: ClassVar = [*append_only("What was said on a ticket stands as it was said.")]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def is_public(self) -> bool:
        """Whether the customer may read it, once it has left."""
        return self.kind in PUBLIC

    @property
    def is_from_the_customer(self) -> bool:
        """Whether the customer said it."""
        return self.kind in FROM_THE_CUSTOMER


class Leaving(models.Model):
    """When something leaves the house: until then it can be taken back."""

    leaves_at = models.DateTimeField(_("leaves"))
    left_at = models.DateTimeField(_("left"), null=True, editable=False)
    taken_back_at = models.DateTimeField(_("taken back"), null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def is_ahead(self) -> bool:
        """Whether it has neither left nor been taken back."""
        return self.left_at is None and self.taken_back_at is None

    def leave(self, *, at: datetime) -> None:
        """
        It goes out.

        :raises NotAllowed: if it was taken back, or has left
        """
        self._must_be_ahead()
        self.left_at = at

    def take_back(self, *, at: datetime) -> None:
        """
        It does not go out.

        :raises NotAllowed: if it has left, or was taken back before
        """
        self._must_be_ahead()
        self.taken_back_at = at

    def _must_be_ahead(self) -> None:
        if self.left_at:
            raise NotAllowed(gettext("It has left already."), code="left")
        if self.taken_back_at:
            raise NotAllowed(gettext("It was taken back."), code="taken_back")


class Departure(Leaving):
    """When an answer leaves the house."""

    article = models.OneToOneField(Article, models.PROTECT, related_name="departure", verbose_name=_("answer"))

    objects = LockingQuerySet["Departure"].as_manager()

    class Meta:
        verbose_name = _("departure of an answer")
        verbose_name_plural = _("departures of answers")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(taken_back_at=None), name="an_answer_leaves_or_is_taken_back"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["leaves_at"], name="departure_due", condition=Q(left_at=None, taken_back_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.article} – {self.leaves_at}"


class ResolutionNotice(Leaving):
    """When the customer is told that a ticket is resolved, and asked whether it is so."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="resolution_notices", verbose_name=_("ticket"))
    times = models.PositiveSmallIntegerField(_("times reopened"))
    """How often the ticket was reopened before: each time it is resolved, the customer is asked anew."""

    objects = LockingQuerySet["ResolutionNotice"].as_manager()

    class Meta:
        verbose_name = _("notice of a resolution")
        verbose_name_plural = _("notices of resolutions")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(taken_back_at=None), name="a_notice_leaves_or_is_taken_back"
            ),
            models.UniqueConstraint(
                fields=["ticket", "times"], condition=Q(taken_back_at=None), name="one_notice_of_a_resolution"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["leaves_at"], name="resolutionnotice_due", condition=Q(left_at=None, taken_back_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket} – {self.leaves_at}"


class Attachment(KeptFile):
    """A file that came or goes with an article."""

    article = models.ForeignKey(Article, models.PROTECT, related_name="attachments", verbose_name=_("article"))

    class Meta(KeptFile.Meta):
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        triggers: ClassVar = [*append_only("What came with an article stays as it came.")]
