"""Messages and documents, for the pages that show them."""

from django.db import models
from django.db.models import QuerySet

from foundation.correspondence.models import Document, Message
from foundation.people.models import User
from foundation.people.queries import divisions_visible_to


def messages_visible_to(user: User) -> QuerySet[Message]:
    """Return the messages of a person's divisions."""
    return Message.objects.filter(division__in=divisions_visible_to(user))


def messages_about(subject: models.Model) -> QuerySet[Message]:
    """Return the messages about a row, the latest first."""
    return Message.objects.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)


def documents_visible_to(user: User) -> QuerySet[Document]:
    """Return the documents of a person's divisions."""
    return Document.objects.filter(division__in=divisions_visible_to(user))


def documents_about(subject: models.Model) -> QuerySet[Document]:
    """Return the documents about a row, without their content."""
    return Document.objects.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk).defer("content")
