"""
What is said and shown in a dispute between its beginning and our answer.

While the payee is asked for something the clock rests: the day by which we answer moves on by the days they took.
"""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from commissions.events import EvidenceAdded, EvidenceGiven, EvidenceWanted
from commissions.models import LONGEST_WORDS, Dispute, DisputeArticle
from commissions.queries.disputes import open_question
from commissions.services.disputes import held, held_by_owner, keep_evidence, said, tell_of
from commissions.states import ArticleKind
from foundation.correspondence.services import Upload
from foundation.lifecycle import NotAllowed
from foundation.now import today
from foundation.people.models import User


@transaction.atomic
def want_evidence(
    dispute_id: int, question: str, *, key: str, uploads: Sequence[Upload] = (), by: User
) -> DisputeArticle:
    """
    Ask a payee for something, who is written to; until they answer, the clock rests. Sent twice, it is asked once.

    :param key: of the form, of this person
    :raises NotAllowed: if it was answered, the payee is asked already or has no e-mail address, nothing is said, or a
        colleague has it or the person may not answer it, see `held_by_owner`
    """
    dispute = held_by_owner(dispute_id, by)
    if known := dispute.articles.filter(key=key).first():
        return known
    text = said(question, _("Say what you need."), field="text")
    if not dispute.payee.account.customer.contacts.filter(role="primary").exclude(email="").exists():
        message = _("The payee has no e-mail address: call them, and add what they say.")
        raise NotAllowed(message, code="unreachable", field="text")
    dispute.want(on=today(dispute.division))
    dispute.save(update_fields=["status", "wanted_on"])
    article = _keep(dispute, ArticleKind.QUESTION, text, uploads, key=key, by=by)
    tell_of(dispute, EvidenceWanted(dispute_id=dispute.pk, article_id=article.pk), by=by)
    return article


@transaction.atomic
def hear_payee(  # noqa: PLR0913  # what was said, by whom, to what
    dispute_id: int,
    words: str,
    *,
    key: str,
    question: int | None = None,
    uploads: Sequence[Upload] = (),
    by: User,
) -> DisputeArticle:
    """
    Take in what a payee answers to a question, or adds by themselves. Sent twice, it stands once.

    :param key: of the form, of this person
    :param question: the article, by id, that asks what they answer; any other than the one that waits is not answered
        thereby, as what crosses it was written before it was read
    :raises NotAllowed: if it is not their dispute, was answered, there is neither a word nor a file, or there are too many
    """
    dispute = Dispute.objects.locked().select_related("division", "payee__account__customer").get(pk=dispute_id)
    if dispute.payee.account.customer.user_id != by.pk:
        raise NotAllowed(_("This is no dispute of yours."), code="not_own")
    if known := dispute.articles.filter(key=key).first():
        return known
    _refuse_if_answered(dispute)
    text = _words_or_files(words, uploads)
    waiting = open_question(dispute)
    if waiting is None or waiting.pk != question:
        return _add(dispute, text, uploads, key=key, is_from_payee=True, by=by)
    waited = dispute.hear(on=today(dispute.division))
    dispute.save(update_fields=["status", "wanted_on", "due_on"])
    article = _keep(dispute, ArticleKind.REPLY, text, uploads, key=key, is_from_payee=True, by=by)
    fact = EvidenceGiven(
        dispute_id=dispute.pk, article_id=article.pk, days_waited=waited, due_on=dispute.due_on.isoformat()
    )
    tell_of(dispute, fact, by=by)
    return article


@transaction.atomic
def add_evidence(dispute_id: int, words: str, *, key: str, uploads: Sequence[Upload] = (), by: User) -> DisputeArticle:
    """
    Add something of ours to a dispute, which the payee reads, too. Sent twice, it stands once.

    :param key: of the form, of this person
    :raises NotAllowed: if it was answered, there is neither a word nor a file, or the person may not answer it, see `held`
    """
    dispute = held(dispute_id, by)
    if known := dispute.articles.filter(key=key).first():
        return known
    _refuse_if_answered(dispute)
    return _add(dispute, _words_or_files(words, uploads), uploads, key=key, is_from_payee=False, by=by)


def _refuse_if_answered(dispute: Dispute) -> None:
    if not dispute.is_open:
        raise NotAllowed(_("This was answered: nothing can be added any more."), code="wrong_status")


def _words_or_files(words: str, uploads: Sequence[Upload]) -> str:
    if uploads and len(words.strip()) <= LONGEST_WORDS:
        return words.strip()
    return said(words, _("Write something, or choose a file."), field="text")


def _add(  # noqa: PLR0913  # what was said, by whom
    dispute: Dispute, text: str, uploads: Sequence[Upload], *, key: str, is_from_payee: bool, by: User
) -> DisputeArticle:
    article = _keep(dispute, ArticleKind.ADDED, text, uploads, key=key, is_from_payee=is_from_payee, by=by)
    fact = EvidenceAdded(dispute_id=dispute.pk, article_id=article.pk, is_from_payee=is_from_payee)
    tell_of(dispute, fact, by=by)
    return article


def _keep(  # noqa: PLR0913  # what was said, by whom
    dispute: Dispute,
    kind: ArticleKind,
    text: str,
    uploads: Sequence[Upload],
    *,
    key: str,
    is_from_payee: bool = False,
    by: User,
) -> DisputeArticle:
    article = dispute.articles.create(kind=kind, text=text, key=key, is_from_payee=is_from_payee, author=by)
    keep_evidence(dispute, article, uploads)
    return article
