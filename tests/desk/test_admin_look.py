"""The admin's first page: grouped by task, each with what a change does, and a way to the desk and back."""

from django.contrib import admin
from django.urls import reverse

from config.admin_site import GROUPS
from foundation.people.states import Role


class TestFirstPage:
    def test_groups_by_task_and_says_what_a_change_does(self, market, signed_in):
        page = signed_in(Role.OPERATOR, market.division).get(reverse("admin:index")).content.decode()

        for group in GROUPS:
            for text in (group.name, group.purpose):
                assert str(text) in page
        assert page.count("What happens if") == len(GROUPS)
        assert "css/admin" in page

    def test_leads_to_the_desk_and_the_desk_to_it(self, market, signed_in):
        operator = signed_in(Role.OPERATOR, market.division)

        assert f'href="{reverse("desk:home")}"' in operator.get(reverse("admin:index")).content.decode()
        assert f'href="{reverse("admin:index")}"' in operator.get(reverse("desk:home")).content.decode()

    def test_is_not_offered_to_who_sets_nothing_up(self, csr):
        assert f'href="{reverse("admin:index")}"' not in csr.get(reverse("desk:home")).content.decode()

    def test_has_a_place_for_every_table(self):
        grouped = {label for group in GROUPS for label in group.app_labels}

        assert {model._meta.app_label for model in admin.site._registry} <= grouped
