import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import phonenumber_field.modelfields
from django.conf import settings
from django.db import migrations, models

import accounts.models
import foundation.now


class Migration(migrations.Migration):
    replaces = [
        ("accounts", "0001_initial"),
        ("accounts", "0002_names_as_they_are_said"),
        ("accounts", "0003_mailboxes"),
        ("accounts", "0004_delegates"),
        ("accounts", "0005_outage_notices"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0000_names_and_numbers"),
        ("divisions", "0001_schema"),
        ("people", "__first__"),
        ("territory", "0001_schema"),
    ]

    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True, verbose_name="customer number")),
                (
                    "kind",
                    models.CharField(
                        choices=[("residential", "Residential"), ("business", "Business")],
                        default="residential",
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                (
                    "wants_outage_notices",
                    models.BooleanField(
                        default=True,
                        help_text="By e-mail, when one begins, when there is news, when it is over.",
                        verbose_name="is told of outages",
                    ),
                ),
                ("created_at", models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="since")),
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
                    "user",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whose pages show these accounts and orders.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="customers",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="signs in as",
                    ),
                ),
            ],
            options={
                "verbose_name": "customer",
                "verbose_name_plural": "customers",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["division", "-id"], name="customer_division"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(accounts.models.Folded("name"), name="gin_trgm_ops"),
                        name="customer_name",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        accounts.models.Spellings("name"), name="customer_spelling"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["residential", "business"])), name="customer_kind_is_known"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("primary", "Main contact"),
                            ("billing", "For bills"),
                            ("technical", "For appointments"),
                        ],
                        default="primary",
                        max_length=20,
                        verbose_name="role",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                (
                    "phone",
                    phonenumber_field.modelfields.PhoneNumberField(
                        blank=True, max_length=128, region="US", verbose_name="phone"
                    ),
                ),
                (
                    "preferred_channel",
                    models.CharField(
                        choices=[("email", "E-mail"), ("phone", "Phone"), ("text", "Text message")],
                        default="email",
                        max_length=10,
                        verbose_name="preferred channel",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="contacts",
                        to="accounts.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
                "ordering": ["pk"],
                "indexes": [
                    models.Index(fields=["email"], name="contact_email"),
                    models.Index(accounts.models.Mailbox("email"), name="contact_mailbox"),
                    models.Index(fields=["phone"], name="contact_phone"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass("email", name="gin_trgm_ops"),
                        django.contrib.postgres.indexes.OpClass("phone", name="gin_trgm_ops"),
                        name="contact_part",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("role", "primary")),
                        fields=("customer",),
                        name="one_main_contact_per_customer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="contact_email_in_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("email", ""), _negated=True),
                            models.Q(("phone", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="contact_can_be_reached",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("terms", "Terms of service"),
                            ("marketing_email", "Offers by e-mail"),
                            ("marketing_text", "Offers by text message"),
                            ("notify", "To be told when service is available"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("text_version", models.CharField(max_length=60, verbose_name="version of the text")),
                ("text", models.TextField(blank=True, verbose_name="text")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("channel", models.CharField(max_length=20, verbose_name="channel")),
                ("evidence", models.JSONField(default=dict, verbose_name="evidence")),
                ("given_at", models.DateTimeField(default=foundation.now.now, verbose_name="given")),
                ("withdrawn_at", models.DateTimeField(null=True, verbose_name="withdrawn")),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consents",
                        to="accounts.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "consent",
                "verbose_name_plural": "consents",
                "ordering": ["-given_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["terms", "marketing_email", "marketing_text", "notify"])),
                        name="consent_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("withdrawn_at", None), ("withdrawn_at__gte", models.F("given_at")), _connector="OR"
                        ),
                        name="consent_is_withdrawn_after_it_was_given",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at", None)),
                        fields=("customer", "kind", "text_version"),
                        name="one_consent_to_one_text",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True, verbose_name="account number")),
                ("service_address", models.CharField(max_length=250, verbose_name="service address")),
                (
                    "billing_address",
                    models.CharField(
                        blank=True,
                        help_text="Empty: the service address.",
                        max_length=250,
                        verbose_name="billing address",
                    ),
                ),
                ("identity", models.CharField(editable=False, max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "Ordered"), ("active", "Active"), ("closed", "Closed")],
                        default="pending",
                        editable=False,
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "standing",
                    models.CharField(
                        choices=[("good", "Good"), ("delinquent", "Bills overdue")],
                        default="good",
                        editable=False,
                        max_length=12,
                        verbose_name="standing",
                    ),
                ),
                ("opened_at", models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="opened")),
                ("closed_at", models.DateTimeField(editable=False, null=True, verbose_name="closed")),
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
                    "premises",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.premises",
                        verbose_name="premises",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="accounts",
                        to="accounts.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "account",
                "verbose_name_plural": "accounts",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "active", "closed"])),
                        name="account_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("standing__in", ["good", "delinquent"])), name="account_standing_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", False), ("status", "closed")),
                            models.Q(models.Q(("status", "closed"), _negated=True), ("closed_at", None)),
                            _connector="OR",
                        ),
                        name="closed_accounts_say_since_when",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "closed"), _negated=True),
                        fields=("premises", "identity"),
                        name="no_duplicate_account",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Delegate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "sight",
                    models.CharField(
                        choices=[
                            ("own", "What they reported themselves"),
                            ("site", "All of one site"),
                            ("company", "All of the company"),
                        ],
                        default="own",
                        max_length=10,
                        verbose_name="sees",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        help_text="The account of the site, for those who see all of one.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.account",
                        verbose_name="site",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="delegates",
                        to="accounts.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="delegations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "delegate",
                "verbose_name_plural": "delegates",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("customer", "user", "account"), name="one_delegation_per_site", nulls_distinct=False
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("account__isnull", False), ("sight", "site")),
                            models.Q(models.Q(("sight", "site"), _negated=True), ("account", None)),
                            _connector="OR",
                        ),
                        name="delegates_of_a_site_say_which",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Partner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("active_from", models.DateField(verbose_name="active from")),
                (
                    "active_until",
                    models.DateField(
                        blank=True,
                        help_text="The last day. Empty: until further notice.",
                        null=True,
                        verbose_name="active until",
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
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="partners",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="signs in as",
                    ),
                ),
            ],
            options={
                "verbose_name": "partner",
                "verbose_name_plural": "partners",
                "ordering": ["name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("active_until", None), ("active_until__gte", models.F("active_from")), _connector="OR"
                        ),
                        name="partner_ends_after_it_starts",
                        violation_error_message="The last day lies before the first.",
                    )
                ],
            },
        ),
    ]
