"""What an operator does in the admin, and that the site follows."""

import io
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.templatetags.static import static
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from foundation.jobs.models import Job
from foundation.jobs.services import work_one_chunk
from foundation.people.states import Role
from foundation.people.testing import make_person, sign_in
from territory.models import ImportFile, Override, Premises
from territory.services import qualify, start_import
from territory.services.premises_file import OFFERED, OPTIONAL, REQUIRED
from territory.testing import make_available, make_premises

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator_client(client, system):
    return sign_in(client, make_person(Role.OPERATOR, system))


def _statements_of(client) -> int:
    client.get(reverse("admin:territory_premises_changelist"))  # remembers the configuration
    with CaptureQueriesContext(connection) as captured:
        assert client.get(reverse("admin:territory_premises_changelist")).status_code == 200
    return len(captured)


class TestPremisesAdmin:
    @pytest.mark.parametrize("typed", ["12 Oak Street", "12 oka st", "N-7"])
    def test_searches_as_the_site_does_and_by_number(self, operator_client, system, neighbour, typed):
        wanted = make_premises(system, "12 Oak Street")
        Premises.objects.filter(pk=wanted.pk).update(source_id="N-7")
        make_premises(neighbour, "12 Oak Street", city="Chester", zip_code="05143")
        make_premises(system, "14 Elm Street")

        page = operator_client.get(reverse("admin:territory_premises_changelist"), {"q": typed})

        assert [row.pk for row in page.context["cl"].result_list] == [wanted.pk]

    def test_lists_one_row_and_fifty_with_as_many_statements(self, operator_client, system):
        make_premises(system)
        one = _statements_of(operator_client)
        for _ in range(49):
            make_premises(system)

        assert _statements_of(operator_client) == one

    def test_lets_the_site_follow_an_edit(self, operator_client, system):
        premises = make_premises(system)
        (internet,) = make_available(premises, "internet")
        form = {
            "latitude": "", "longitude": "",
            "availability-TOTAL_FORMS": "1", "availability-INITIAL_FORMS": "1",
            "availability-0-id": internet.pk, "availability-0-premises": premises.pk,
            "availability-0-family": "internet", "availability-0-status": "blocked", "availability-0-reason": "Call us.",
            "occupancies-TOTAL_FORMS": "0", "occupancies-INITIAL_FORMS": "0",
        }  # fmt: skip

        answer = operator_client.post(reverse("admin:territory_premises_change", args=[premises.pk]), form)

        assert answer.status_code == 302
        assert qualify(typed="", premises_id=premises.pk, division=system, channel="web").outcome == "blocked"

    def test_overrides_one_address(self, operator_client, system):
        premises = make_premises(system)
        make_available(premises)
        url = reverse("admin:territory_premises_override", args=[premises.pk])

        assert operator_client.get(url).status_code == 200
        assert operator_client.post(url, {"status": "blocked", "note": " "}).status_code == 200
        assert operator_client.post(url, {"status": "blocked", "note": "Dispute"}).status_code == 302

        assert qualify(typed="", premises_id=premises.pk, division=system, channel="web").outcome == "blocked"
        lift = {"action": "lift", "_selected_action": [Override.objects.get().pk]}
        assert operator_client.post(reverse("admin:territory_override_changelist"), lift).status_code == 302
        assert qualify(typed="", premises_id=premises.pk, division=system, channel="web").outcome == "qualified"

    def test_shows_nobody_another_market(self, operator_client, neighbour):
        premises = make_premises(neighbour)

        assert operator_client.get(reverse("admin:territory_premises_override", args=[premises.pk])).status_code == 404
        page = operator_client.get(reverse("admin:territory_premises_changelist"))
        assert premises.street_line not in page.content.decode()


class TestImportAdmin:
    def test_takes_a_file_and_shows_how_far_it_is_and_what_was_refused(self, operator_client, system):
        content = b"source_id,street,city,state,zip\n1,12 Oak Street,Rutland,VT,05701\n=2,,Rutland,VT,05701\n"
        upload = {"division": system.pk, "file": SimpleUploadedFile("premises.csv", content)}
        url = reverse("admin:territory_importfile_load")
        assert operator_client.get(url).status_code == 200

        answer = operator_client.post(url, upload)

        job = Job.objects.get()
        assert answer.url == reverse("admin:jobs_job_change", args=[job.pk])
        while work_one_chunk(job.pk):
            pass
        page = operator_client.get(reverse("admin:territory_importfile_changelist")).content.decode()
        assert "100 %" in page
        file = ImportFile.objects.get()
        refused = operator_client.get(reverse("admin:jobs_job_errors", args=[file.job_id]))
        lines = b"".join(refused.streaming_content).decode().splitlines()
        assert lines[1:] == ['3,street,Missing.,"\'=2,,Rutland,VT,05701"']

    def test_leads_from_the_page_of_the_work_to_the_file_of_what_was_refused(self, operator_client, system):
        job = start_import(
            io.BytesIO(b"source_id,street,city,state,zip\n2,,Rutland,VT,05701\n"),
            name="a.csv",
            division=system,
            by=None,
        )
        while work_one_chunk(job.pk):
            pass

        page = operator_client.get(reverse("admin:jobs_job_change", args=[job.pk])).content.decode()

        assert reverse("admin:jobs_job_errors", args=[job.pk]) in page

    def test_gives_nobody_what_was_refused_in_another_market(self, operator_client, neighbour):
        job = start_import(
            io.BytesIO(b"source_id,street,city,state,zip\n2,,Rutland,VT,05701\n"),
            name="a.csv",
            division=neighbour,
            by=None,
        )

        assert operator_client.get(reverse("admin:jobs_job_errors", args=[job.pk])).status_code == 404

    def test_offers_an_example_that_is_taken_in_whole(self, operator_client, system):
        page = operator_client.get(reverse("admin:territory_importfile_load")).content.decode()
        example = Path(finders.find("examples/premises.csv"))

        with example.open("rb") as content:
            job = start_import(content, name="premises.csv", division=system, by=None)
        while work_one_chunk(job.pk):
            pass

        assert f'href="{static("examples/premises.csv")}"' in page
        assert all(column in page for column in (*REQUIRED, *OPTIONAL, *OFFERED))
        assert (ImportFile.objects.get().added, job.errors.count()) == (3, 0)

    def test_says_what_is_wrong_with_a_broken_file(self, operator_client, system):
        upload = {"division": system.pk, "file": SimpleUploadedFile("premises.csv", b"street\n12 Oak Street\n")}

        answer = operator_client.post(reverse("admin:territory_importfile_load"), upload)

        assert "no column source_id" in answer.content.decode()
        assert not Job.objects.exists()

    def test_is_closed_to_csrs(self, client, system):
        sign_in(client, make_person(Role.CSR, system))

        assert client.get(reverse("admin:territory_importfile_load")).status_code in {302, 403, 404}
