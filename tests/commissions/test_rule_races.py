"""A version is approved while its writer writes it otherwise: what is in force is what was read, or nothing."""

from decimal import Decimal

import pytest
from django.db import transaction

from commissions.models import RuleVersion
from commissions.services import rules
from commissions.services.rules import TermDescription, Wording
from commissions.states import Side, VersionStatus
from commissions.testing import digest_shown, make_draft_version, make_rule
from foundation.divisions.testing import make_division
from foundation.people.states import Role
from foundation.people.testing import make_person
from tests.orders.racing import Meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_approved_while_it_is_written_otherwise_is_refused():
    division = make_division()
    author, auditor = make_person(Role.OPERATOR, division), make_person(Role.AUDITOR, division)
    version = make_draft_version(make_rule(division, by=author), by=author)
    rules.send_to_review(version.pk, by=author)
    read = digest_shown(version)
    more = Wording(terms=(TermDescription(side=Side.REFERRER, amount=Decimal(9999)),))

    with transaction.atomic():
        rules.return_version(version.pk, by=author)
        approving = Meanwhile(lambda: rules.approve_version(version.pk, shown=read, by=auditor))
        rules.write_version(version.pk, more, by=author)
        rules.send_to_review(version.pk, by=author)

    assert approving.outcome().code == "other_wording"
    assert RuleVersion.objects.get(pk=version.pk).status == VersionStatus.IN_REVIEW
