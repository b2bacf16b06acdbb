import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import phonenumber_field.modelfields
from django.conf import settings
from django.db import migrations, models

import accounts.models
import foundation.now


class Migration(migrations.Migration):
    replaces = [("leads", "0001_initial"), ("leads", "0002_names_as_they_are_said")]

    initial = True

    dependencies = [
        ("divisions", "0001_schema"),
        ("orders", "0001_schema"),
        ("people", "__first__"),
        ("territory", "0001_schema"),
    ]

    operations = [
        migrations.CreateModel(
            name="Lead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(editable=False, max_length=80, unique=True)),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                (
                    "phone",
                    phonenumber_field.modelfields.PhoneNumberField(
                        blank=True, max_length=128, region="US", verbose_name="phone"
                    ),
                ),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("web", "Website"),
                            ("phone", "Phone"),
                            ("store", "Store"),
                            ("door", "At the door"),
                            ("partner", "Partner"),
                        ],
                        max_length=20,
                        verbose_name="channel",
                    ),
                ),
                ("address", models.CharField(max_length=300, verbose_name="address")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("qualified", "Available"),
                            ("alternate", "Available another way"),
                            ("planned", "Planned"),
                            ("unserviceable", "Cannot be served"),
                            ("unknown", "Not known"),
                            ("active_service", "Has service already"),
                            ("blocked", "Blocked"),
                        ],
                        max_length=14,
                        verbose_name="outcome of the check",
                    ),
                ),
                (
                    "families",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("internet", "Internet"),
                                ("video", "TV"),
                                ("voice", "Phone"),
                                ("mobile", "Mobile"),
                                ("equipment", "Equipment"),
                                ("accessories", "Accessories"),
                                ("installation", "Installation"),
                            ],
                            max_length=20,
                        ),
                        default=list,
                        size=None,
                        verbose_name="wants",
                    ),
                ),
                ("consent_version", models.CharField(max_length=60, verbose_name="version of the consent")),
                ("consent_text", models.TextField(verbose_name="agreed to")),
                ("consented_at", models.DateTimeField(default=foundation.now.now, verbose_name="agreed")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("new", "New"),
                            ("assigned", "Assigned"),
                            ("contacted", "Contacted"),
                            ("converted", "Became an order"),
                            ("closed", "Closed"),
                        ],
                        default="new",
                        editable=False,
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("contacted_at", models.DateTimeField(editable=False, null=True, verbose_name="last contacted")),
                (
                    "close_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not_interested", "No longer interested"),
                            ("not_reached", "Could not be reached"),
                            ("never_served", "Will not be served"),
                            ("duplicate", "Twice the same"),
                        ],
                        editable=False,
                        max_length=20,
                        verbose_name="closed because",
                    ),
                ),
                ("captured_at", models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="since")),
                (
                    "assigned_to",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leads",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="assigned to",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leads",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "qualification",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.qualification",
                        verbose_name="address check",
                    ),
                ),
            ],
            options={
                "verbose_name": "lead",
                "verbose_name_plural": "leads",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["division", "-id"], name="lead_division"),
                    models.Index(
                        condition=models.Q(("status__in", ["assigned", "contacted", "new"])),
                        fields=["division", "-id"],
                        name="lead_open",
                    ),
                    models.Index(fields=["assigned_to", "-id"], name="lead_of"),
                    models.Index(fields=["email"], name="lead_email"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(accounts.models.Folded("name"), name="gin_trgm_ops"),
                        django.contrib.postgres.indexes.OpClass(accounts.models.Folded("address"), name="gin_trgm_ops"),
                        django.contrib.postgres.indexes.OpClass("email", name="gin_trgm_ops"),
                        django.contrib.postgres.indexes.OpClass("phone", name="gin_trgm_ops"),
                        accounts.models.Spellings("name"),
                        name="lead_said",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["new", "assigned", "contacted", "converted", "closed"])),
                        name="lead_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("email", ""), _negated=True),
                            models.Q(("phone", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="lead_can_be_reached",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="lead_email_in_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("order__isnull", False), ("status", "converted")),
                            models.Q(models.Q(("status", "converted"), _negated=True), ("order", None)),
                            _connector="OR",
                        ),
                        name="converted_leads_have_an_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "assigned"), _negated=True),
                            ("assigned_to__isnull", False),
                            _connector="OR",
                        ),
                        name="assigned_to_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "closed"), _negated=True),
                            models.Q(("close_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="closed_leads_say_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(verbose_name="note")),
                ("at", models.DateTimeField(default=foundation.now.now, verbose_name="written")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to="leads.lead",
                        verbose_name="lead",
                    ),
                ),
            ],
            options={
                "verbose_name": "note on a lead",
                "verbose_name_plural": "notes on leads",
                "ordering": ["-pk"],
            },
        ),
    ]
