import datetime
from decimal import Decimal

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
import phonenumber_field.modelfields
from django.conf import settings
from django.db import migrations, models

import foundation.divisions.fields
import foundation.money
import foundation.now
import foundation.safeguards
import tickets.models.conversation
import tickets.models.handling
import tickets.models.sla
import tickets.models.ticket


class Migration(migrations.Migration):
    replaces = [
        ("tickets", "0001_initial"),
        ("tickets", "0002_satisfaction"),
        ("tickets", "0003_routing"),
        ("tickets", "0004_handling"),
        ("tickets", "0005_service_levels"),
        ("tickets", "0006_mail"),
        ("tickets", "0007_outages"),
        ("tickets", "0008_symptoms"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_schema"),
        ("billing", "0001_schema"),
        ("catalog", "0001_schema"),
        ("clocks", "0001_schema"),
        ("correspondence", "0001_schema"),
        ("divisions", "0001_schema"),
        ("jobs", "0001_schema"),
        ("orders", "0001_schema"),
        ("people", "__first__"),
        ("territory", "0001_schema"),
        ("worklist", "0001_schema"),
    ]

    operations = [
        migrations.CreateModel(
            name="Step",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "position",
                    models.PositiveSmallIntegerField(help_text="The lowest is asked first.", verbose_name="position"),
                ),
                (
                    "code",
                    models.SlugField(
                        help_text="Under which the answer is kept on the ticket, for routing rules.",
                        max_length=40,
                        verbose_name="code",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("question", "Somebody answers"), ("reading", "The equipment is read")],
                        default="question",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "texts",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts,
                        help_text="Of a reading: what is looked at.",
                        verbose_name="question",
                    ),
                ),
                (
                    "is_required",
                    models.BooleanField(
                        default=True,
                        help_text="No ticket without it. A reading that fails counts as made: it never stops anybody.",
                        verbose_name="required",
                    ),
                ),
            ],
            options={
                "verbose_name": "step",
                "verbose_name_plural": "steps",
                "ordering": ["symptom", "position"],
            },
        ),
        migrations.CreateModel(
            name="Article",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(
                        default=tickets.models.conversation.new_key, editable=False, max_length=120, unique=True
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("customer", "From the customer"),
                            ("answer", "Our answer"),
                            ("note", "Internal note"),
                            ("phone", "Noted on the phone"),
                            ("system", "By itself"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("web", "Website"),
                            ("phone", "Phone"),
                            ("mail", "E-mail"),
                            ("store", "Store"),
                            ("door", "At the door"),
                            ("system", "Our own systems"),
                        ],
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                ("author_name", models.CharField(blank=True, max_length=120, verbose_name="name")),
                ("author_email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                (
                    "to",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.EmailField(max_length=254),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="to",
                    ),
                ),
                ("text", models.TextField(verbose_name="text")),
                ("at", models.DateTimeField(default=foundation.now.now, verbose_name="at")),
                ("message_id", models.CharField(blank=True, max_length=250)),
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.contrib.postgres.search.SearchVector("text", config="simple"),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "copied_from",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="copies",
                        to="tickets.article",
                        verbose_name="first said on",
                    ),
                ),
            ],
            options={
                "verbose_name": "article",
                "verbose_name_plural": "articles",
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="ArticleMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rest", models.TextField(blank=True, verbose_name="quoted")),
                (
                    "article",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mail",
                        to="tickets.article",
                        verbose_name="article",
                    ),
                ),
                (
                    "mail",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="correspondence.inboundmail",
                        verbose_name="received message",
                    ),
                ),
            ],
            options={
                "verbose_name": "mail of an article",
                "verbose_name_plural": "mails of articles",
            },
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, verbose_name="file name")),
                ("media_type", models.CharField(max_length=100, verbose_name="type")),
                ("size", models.PositiveIntegerField(verbose_name="size")),
                ("content", models.BinaryField()),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="tickets.article",
                        verbose_name="article",
                    ),
                ),
            ],
            options={
                "verbose_name": "attachment",
                "verbose_name_plural": "attachments",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="CannedReply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="As staff look for it.", max_length=80, verbose_name="name")),
                (
                    "language",
                    models.CharField(
                        help_text="Offered on tickets in this language alone.", max_length=10, verbose_name="language"
                    ),
                ),
                (
                    "family",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("internet", "Internet"),
                            ("video", "TV"),
                            ("voice", "Phone"),
                            ("mobile", "Mobile"),
                            ("equipment", "Equipment"),
                            ("accessories", "Accessories"),
                            ("installation", "Installation"),
                        ],
                        help_text="Empty: about any product.",
                        max_length=20,
                        verbose_name="product",
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        help_text="{name}, {number}, {subject}, {agent} and {brand} are filled in.",
                        validators=[tickets.models.handling.check_variables],
                        verbose_name="text",
                    ),
                ),
                (
                    "valid_until",
                    models.DateField(
                        blank=True,
                        help_text="The last day on which it is offered. Empty: for good.",
                        null=True,
                        verbose_name="valid until",
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: of any brand.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.brand",
                        verbose_name="brand",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="It is offered there and in all divisions below.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "canned reply",
                "verbose_name_plural": "canned replies",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Equipment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("serial", models.CharField(max_length=40, verbose_name="serial number")),
                ("name", models.CharField(max_length=80, verbose_name="device")),
                ("since", models.DateField(verbose_name="since")),
                ("until", models.DateField(blank=True, null=True, verbose_name="until")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="equipment",
                        to="accounts.account",
                        verbose_name="account",
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
                    "service",
                    models.ForeignKey(
                        blank=True,
                        help_text="That it serves. Empty: all of the account’s.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="equipment",
                        to="orders.installedservice",
                        verbose_name="service",
                    ),
                ),
            ],
            options={
                "verbose_name": "device",
                "verbose_name_plural": "equipment",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["account", "-id"], name="equipment_account")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until", None)), fields=("serial",), name="a_device_stands_at_one_place"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("serial", ""), _negated=True), name="a_device_has_a_serial_number"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                        name="a_device_leaves_after_it_came",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Macro",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="As staff look for it.", max_length=80, verbose_name="name")),
                (
                    "priority",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("p1", "P1 – nothing works, many or much at stake"),
                            ("p2", "P2 – a service does not work"),
                            ("p3", "P3 – it works badly"),
                            ("p4", "P4 – when there is time"),
                        ],
                        help_text="Empty: as it is.",
                        max_length=2,
                        verbose_name="priority",
                    ),
                ),
                (
                    "takes",
                    models.BooleanField(
                        default=False, help_text="Whoever uses it becomes the owner.", verbose_name="takes it"
                    ),
                ),
                (
                    "reply",
                    foundation.divisions.fields.TranslatedField(
                        blank=True,
                        default=foundation.divisions.fields.Texts,
                        help_text="{name}, {number}, {subject}, {agent} and {brand} are filled in.",
                        verbose_name="reply",
                    ),
                ),
                (
                    "end",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Leave it as it is"),
                            ("wait", "Wait for the customer"),
                            ("resolve", "Resolve it"),
                        ],
                        max_length=8,
                        verbose_name="after that",
                    ),
                ),
                (
                    "resolution",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("restored", "Repaired by us"),
                            ("restored_itself", "Worked again by itself"),
                            ("customer_side", "Put right at the customer's"),
                            ("replaced", "Equipment replaced"),
                            ("outage_ended", "The outage is over"),
                            ("explained", "Explained"),
                            ("credited", "Credited"),
                            ("apologised", "Apologised and put right"),
                            ("done", "Done as asked"),
                            ("not_found", "No fault found"),
                            ("no_answer", "The customer did not answer"),
                        ],
                        max_length=16,
                        verbose_name="resolution",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="It is offered there and in all divisions below.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "macro",
                "verbose_name_plural": "macros",
                "ordering": ["name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end", "resolve"), models.Q(("resolution", ""), _negated=True)),
                            models.Q(models.Q(("end", "resolve"), _negated=True), ("resolution", "")),
                            _connector="OR",
                        ),
                        name="macros_that_resolve_say_how",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Outage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(editable=False, max_length=120, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("fault", "Fault"), ("maintenance", "Planned maintenance")],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("investigating", "Being investigated"),
                            ("identified", "Cause known"),
                            ("monitoring", "Repaired, being watched"),
                            ("restored", "Over"),
                            ("withdrawn", "Called off"),
                        ],
                        default="investigating",
                        editable=False,
                        max_length=14,
                        verbose_name="state",
                    ),
                ),
                ("title", models.CharField(max_length=160, verbose_name="what and where")),
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
                            max_length=12,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="what does not work",
                    ),
                ),
                ("cause", models.TextField(blank=True, verbose_name="cause")),
                (
                    "words",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts, multiline=True, verbose_name="words for customers"
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="since")),
                ("expected_at", models.DateTimeField(blank=True, null=True, verbose_name="works again by")),
                ("restored_at", models.DateTimeField(editable=False, null=True, verbose_name="worked again")),
                (
                    "reopened_count",
                    models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="times reopened"),
                ),
                (
                    "declared_at",
                    models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="declared"),
                ),
                (
                    "declared_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="declared by",
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
            ],
            options={
                "verbose_name": "outage",
                "verbose_name_plural": "outages",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["division", "-id"], name="outage_division"),
                    models.Index(
                        condition=models.Q(("status__in", ["planned", "identified", "investigating", "monitoring"])),
                        fields=["division"],
                        name="outage_open",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["planned", "investigating", "identified", "monitoring", "restored", "withdrawn"],
                            )
                        ),
                        name="outage_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["fault", "maintenance"])), name="outage_kind_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "planned"), _negated=True), ("kind", "maintenance"), _connector="OR"
                        ),
                        name="faults_are_not_planned",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("restored_at__isnull", False), ("status", "restored")),
                            models.Q(models.Q(("status", "restored"), _negated=True), ("restored_at", None)),
                            _connector="OR",
                        ),
                        name="restored_outages_say_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("expected_at", None), ("expected_at__gt", models.F("starts_at")), _connector="OR"
                        ),
                        name="outage_ends_after_it_starts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "Waits for approval"),
                            ("approved", "Approved"),
                            ("posted", "Sent to billing"),
                            ("confirmed", "Credited"),
                            ("partly_returned", "Partly refused by billing"),
                            ("discarded", "Discarded"),
                        ],
                        default="requested",
                        editable=False,
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("counted_until", models.DateTimeField(verbose_name="counted until")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("count", models.PositiveIntegerField(default=0, editable=False, verbose_name="accounts")),
                (
                    "total",
                    foundation.money.MoneyField(
                        decimal_places=2, default=Decimal("0.00"), editable=False, max_digits=12, verbose_name="total"
                    ),
                ),
                ("checksum", models.CharField(blank=True, editable=False, max_length=64, verbose_name="checksum")),
                (
                    "requested_at",
                    models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="asked for"),
                ),
                ("approved_at", models.DateTimeField(editable=False, null=True, verbose_name="approved")),
                ("concluded_at", models.DateTimeField(editable=False, null=True, verbose_name="answered by billing")),
                (
                    "approved_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
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
                    "job",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="jobs.job",
                        verbose_name="work",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
                (
                    "outage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_runs",
                        to="tickets.outage",
                        verbose_name="outage",
                    ),
                ),
            ],
            options={
                "verbose_name": "credits for an outage",
                "verbose_name_plural": "credits for outages",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["requested", "approved", "posted", "confirmed", "partly_returned", "discarded"],
                            )
                        ),
                        name="credit_run_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by", None),
                            models.Q(("approved_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_approves_their_own_credits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["requested", "discarded"]),
                            models.Q(("approved_at__isnull", False), ("approved_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="sent_credits_were_approved",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["requested", "approved"])),
                        fields=("outage",),
                        name="one_run_of_credits_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AffectedService",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outages",
                        to="accounts.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orders.installedservice",
                        verbose_name="service",
                    ),
                ),
                (
                    "outage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="affected",
                        to="tickets.outage",
                        verbose_name="outage",
                    ),
                ),
            ],
            options={
                "verbose_name": "affected service",
                "verbose_name_plural": "affected services",
                "constraints": [models.UniqueConstraint(fields=("outage", "service"), name="affected_once")],
            },
        ),
        migrations.CreateModel(
            name="OutageCredit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Not sent"),
                            ("sent", "Sent"),
                            ("confirmed", "Credited"),
                            ("returned", "Refused"),
                            ("discarded", "Discarded"),
                        ],
                        default="pending",
                        editable=False,
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("minutes", models.PositiveIntegerField(verbose_name="minutes")),
                ("monthly", foundation.money.MoneyField(decimal_places=2, max_digits=12, verbose_name="each month")),
                (
                    "due",
                    foundation.money.MoneyField(decimal_places=2, max_digits=12, verbose_name="for the whole outage"),
                ),
                (
                    "credited_before",
                    foundation.money.MoneyField(
                        decimal_places=2, default=Decimal("0.00"), max_digits=12, verbose_name="credited before"
                    ),
                ),
                ("amount", foundation.money.MoneyField(decimal_places=2, max_digits=12, verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("request_id", models.CharField(max_length=100, unique=True, verbose_name="request id")),
                ("credit_id", models.CharField(blank=True, max_length=100, verbose_name="vendor's credit")),
                ("problem", models.CharField(blank=True, max_length=300, verbose_name="problem")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                ("confirmed_at", models.DateTimeField(null=True, verbose_name="credited")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outage_credits",
                        to="accounts.account",
                        verbose_name="account",
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
                    "outage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="tickets.outage",
                        verbose_name="outage",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="tickets.creditrun",
                        verbose_name="run",
                    ),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.submission",
                        verbose_name="submission",
                    ),
                ),
            ],
            options={
                "verbose_name": "credit for an outage",
                "verbose_name_plural": "single credits for outages",
                "ordering": ["run", "pk"],
                "indexes": [models.Index(fields=["outage", "account"], name="outage_credit_account")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "sent", "confirmed", "returned", "discarded"])),
                        name="outage_credit_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "amount",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("due"), "-", models.F("credited_before")
                                ),
                            ),
                            ("amount__gt", 0),
                            ("credited_before__gte", 0),
                        ),
                        name="outage_credit_is_the_rest",
                    ),
                    models.UniqueConstraint(fields=("run", "account"), name="an_account_is_credited_once_a_run"),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["confirmed", "pending", "returned", "sent"])),
                        fields=("outage", "account", "credited_before"),
                        name="an_outage_is_credited_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutageScope",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("node", "Network node"),
                            ("zip", "ZIP code"),
                            ("street", "Street"),
                            ("premises", "Address"),
                            ("account", "Account"),
                            ("product", "Product"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=60, verbose_name="code")),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
                (
                    "outage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scopes",
                        to="tickets.outage",
                        verbose_name="outage",
                    ),
                ),
                (
                    "premises",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.premises",
                    ),
                ),
                (
                    "street",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.street",
                    ),
                ),
            ],
            options={
                "verbose_name": "extent of an outage",
                "verbose_name_plural": "extents of outages",
                "ordering": ["kind", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("outage", "kind", "code", "street", "premises", "account"),
                        name="scope_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("account", None),
                                ("kind__in", ["node", "zip", "product"]),
                                ("premises", None),
                                ("street", None),
                                models.Q(("code", ""), _negated=True),
                            ),
                            models.Q(
                                ("account", None),
                                ("code", ""),
                                ("kind", "street"),
                                ("premises", None),
                                ("street__isnull", False),
                            ),
                            models.Q(
                                ("account", None),
                                ("code", ""),
                                ("kind", "premises"),
                                ("premises__isnull", False),
                                ("street", None),
                            ),
                            models.Q(
                                ("account__isnull", False),
                                ("code", ""),
                                ("kind", "account"),
                                ("premises", None),
                                ("street", None),
                            ),
                            _connector="OR",
                        ),
                        name="scope_names_one_thing",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutageSpell",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began_at", models.DateTimeField(verbose_name="from")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="to")),
                (
                    "outage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="spells",
                        to="tickets.outage",
                        verbose_name="outage",
                    ),
                ),
            ],
            options={
                "verbose_name": "spell of an outage",
                "verbose_name_plural": "spells of outages",
                "ordering": ["began_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("outage",), name="one_spell_at_a_time"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ended_at", None), ("ended_at__gt", models.F("began_at")), _connector="OR"),
                        name="spell_ends_after_it_begins",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutageUpdate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("announced", "Announced"),
                            ("started", "Begun"),
                            ("updated", "News"),
                            ("restored", "Over"),
                            ("reopened", "Not over after all"),
                            ("withdrawn", "Called off"),
                        ],
                        max_length=10,
                        verbose_name="stage",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("investigating", "Being investigated"),
                            ("identified", "Cause known"),
                            ("monitoring", "Repaired, being watched"),
                            ("restored", "Over"),
                            ("withdrawn", "Called off"),
                        ],
                        max_length=14,
                        verbose_name="state",
                    ),
                ),
                (
                    "words",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts, multiline=True, verbose_name="words for customers"
                    ),
                ),
                ("expected_at", models.DateTimeField(null=True, verbose_name="works again by")),
                ("note", models.TextField(blank=True, verbose_name="note for colleagues")),
                ("is_told", models.BooleanField(default=False, verbose_name="customers are told")),
                ("at", models.DateTimeField(default=foundation.now.now, verbose_name="at")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "outage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="updates",
                        to="tickets.outage",
                        verbose_name="outage",
                    ),
                ),
            ],
            options={
                "verbose_name": "update of an outage",
                "verbose_name_plural": "updates of outages",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("stage__in", ["announced", "started"])),
                        fields=("outage", "stage"),
                        name="outage_begins_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OutageNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(choices=[("email", "E-mail")], max_length=8, verbose_name="channel")),
                ("address", models.EmailField(max_length=254, verbose_name="to")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="correspondence.message",
                        verbose_name="message",
                    ),
                ),
                (
                    "update",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="tickets.outageupdate",
                        verbose_name="update",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice of an outage",
                "verbose_name_plural": "notices of outages",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("update", "channel", "address"), name="each_person_is_told_once_a_stage_and_channel"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Reassignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=foundation.now.now, verbose_name="at")),
                ("undone_at", models.DateTimeField(null=True, verbose_name="undone")),
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
                    "division",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="undone by",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="of",
                    ),
                ),
            ],
            options={
                "verbose_name": "reassignment",
                "verbose_name_plural": "reassignments",
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="RoutingVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(editable=False, verbose_name="version")),
                (
                    "note",
                    models.CharField(
                        blank=True, help_text="For whoever looks back.", max_length=300, verbose_name="what is new"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="written"),
                ),
                ("in_force_from", models.DateTimeField(editable=False, null=True, verbose_name="in force from")),
                ("in_force_until", models.DateTimeField(editable=False, null=True, verbose_name="in force until")),
                (
                    "author",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="written by",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="It decides here and below, unless a division below has a procedure of its own.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "routing procedure",
                "verbose_name_plural": "routing procedures",
                "ordering": ["division", "-number"],
                "constraints": [
                    models.UniqueConstraint(fields=("division", "number"), name="one_routing_version_per_number"),
                    models.UniqueConstraint(
                        condition=models.Q(("in_force_from", None)),
                        fields=("division",),
                        name="one_routing_draft_per_division",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("in_force_from__isnull", False), ("in_force_until", None)),
                        fields=("division",),
                        name="one_routing_in_force_per_division",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("in_force_until", None),
                            ("in_force_until__gte", models.F("in_force_from")),
                            _connector="OR",
                        ),
                        name="routing_ends_after_it_begins",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RoutingRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=10,
                        help_text="The smaller comes first. The first rule that holds decides.",
                        verbose_name="order",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="In a few words: Business fibre, Spanish, the rest.",
                        max_length=80,
                        verbose_name="name",
                    ),
                ),
                (
                    "since",
                    models.DateField(
                        blank=True, help_text="First day. Empty: from the beginning.", null=True, verbose_name="from"
                    ),
                ),
                (
                    "until",
                    models.DateField(blank=True, help_text="Last day. Empty: for good.", null=True, verbose_name="to"),
                ),
                (
                    "types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("trouble", "Trouble"),
                                ("billing", "Question about a bill"),
                                ("complaint", "Complaint"),
                                ("request", "Request"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="types",
                    ),
                ),
                (
                    "priorities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("p1", "P1 – nothing works, many or much at stake"),
                                ("p2", "P2 – a service does not work"),
                                ("p3", "P3 – it works badly"),
                                ("p4", "P4 – when there is time"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="priorities",
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
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="product families",
                    ),
                ),
                (
                    "channels",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("web", "Website"),
                                ("phone", "Phone"),
                                ("mail", "E-mail"),
                                ("store", "Store"),
                                ("door", "At the door"),
                                ("system", "Our own systems"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="channels",
                    ),
                ),
                (
                    "customer_kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[("residential", "Residential"), ("business", "Business")], max_length=20
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="customers",
                    ),
                ),
                (
                    "languages",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20),
                        blank=True,
                        default=list,
                        help_text="Codes, separated by commas: es, en.",
                        size=None,
                        verbose_name="languages",
                    ),
                ),
                (
                    "symptoms",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        blank=True,
                        default=list,
                        help_text="Codes, separated by commas.",
                        size=None,
                        verbose_name="symptoms",
                    ),
                ),
                (
                    "zip_codes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20),
                        blank=True,
                        default=list,
                        help_text="Separated by commas. 100* stands for all that begin with 100.",
                        size=None,
                        verbose_name="ZIP codes",
                    ),
                ),
                ("answers", models.JSONField(blank=True, default=dict, verbose_name="answers")),
                (
                    "needs_language",
                    models.BooleanField(
                        default=True,
                        help_text="Only to people who speak it.",
                        verbose_name="in the customer's language",
                    ),
                ),
                (
                    "priority",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("p1", "P1 – nothing works, many or much at stake"),
                            ("p2", "P2 – a service does not work"),
                            ("p3", "P3 – it works badly"),
                            ("p4", "P4 – when there is time"),
                        ],
                        help_text="Empty: as it is.",
                        max_length=2,
                        verbose_name="priority",
                    ),
                ),
                (
                    "fallback_minutes",
                    models.PositiveSmallIntegerField(
                        default=15,
                        help_text="How long to wait for somebody of the first team. 0: not at all.",
                        validators=[django.core.validators.MaxValueValidator(10080)],
                        verbose_name="after minutes",
                    ),
                ),
                (
                    "divisions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="These and all below them.",
                        related_name="+",
                        to="divisions.division",
                        verbose_name="divisions",
                    ),
                ),
                (
                    "fallback_team",
                    models.ForeignKey(
                        blank=True,
                        help_text="If nobody of the team can take it for so long. Empty: the supervisors are told at once.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="worklist.team",
                        verbose_name="else to team",
                    ),
                ),
                (
                    "skills",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Whoever gets it must have them all.",
                        related_name="+",
                        to="worklist.skill",
                        verbose_name="skills",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="worklist.team",
                        verbose_name="team",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="tickets.routingversion",
                        verbose_name="routing procedure",
                    ),
                ),
            ],
            options={
                "verbose_name": "routing rule",
                "verbose_name_plural": "routing rules",
                "ordering": ["version", "position", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until", None), ("since", None), ("until__gte", models.F("since")), _connector="OR"
                        ),
                        name="routing_row_ends_after_it_begins",
                        violation_error_message="It ends before it begins.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("fallback_team", None),
                            models.Q(("fallback_team", models.F("team")), _negated=True),
                            _connector="OR",
                        ),
                        name="routing_falls_back_to_another_team",
                        violation_error_message="Choose another team to fall back to.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SlaPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.SlugField(
                        help_text="For reports. Kept for ever.", max_length=40, unique=True, verbose_name="code"
                    ),
                ),
                (
                    "names",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts,
                        help_text="As staff read it on a ticket.",
                        verbose_name="name",
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("trouble", "Trouble"),
                            ("billing", "Question about a bill"),
                            ("complaint", "Complaint"),
                            ("request", "Request"),
                        ],
                        help_text="Empty: any.",
                        max_length=10,
                        verbose_name="type of ticket",
                    ),
                ),
                (
                    "family",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("internet", "Internet"),
                            ("video", "TV"),
                            ("voice", "Phone"),
                            ("mobile", "Mobile"),
                            ("equipment", "Equipment"),
                            ("accessories", "Accessories"),
                            ("installation", "Installation"),
                        ],
                        help_text="Tickets about a service of this family. Empty: any, or none.",
                        max_length=20,
                        verbose_name="product family",
                    ),
                ),
                (
                    "pausing",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("customer", "the customer's answer"),
                                ("third_party", "somebody else's work"),
                                ("parts", "parts"),
                                ("appointment", "the appointment"),
                                ("outage", "an outage that is being repaired"),
                                ("credit", "a credit that is being posted"),
                            ],
                            max_length=12,
                        ),
                        blank=True,
                        default=tickets.models.sla.usual_pauses,
                        help_text="While a ticket waits for anything else, its clocks run on.",
                        size=None,
                        verbose_name="pauses while it waits for",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Open tickets keep what they were promised until they change.",
                        verbose_name="active",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="It holds here and below.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        db_column="product_code",
                        help_text="Tickets about a service that was ordered as this product: what its contract promises.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.product",
                        to_field="code",
                        verbose_name="product",
                    ),
                ),
            ],
            options={
                "verbose_name": "service level",
                "verbose_name_plural": "service levels",
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="LadderStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "share",
                    models.PositiveSmallIntegerField(
                        help_text="Of the target. 100 is the moment at which the promise is missed, 150 half the time again later.",
                        validators=[
                            django.core.validators.MinValueValidator(10),
                            django.core.validators.MaxValueValidator(500),
                        ],
                        verbose_name="at percent",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("response", "First answer"),
                            ("update", "Next word to the customer"),
                            ("restore", "Service works again"),
                            ("resolve", "Put right"),
                        ],
                        help_text="Empty: of any target.",
                        max_length=10,
                        verbose_name="of",
                    ),
                ),
                (
                    "level",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="0: nobody further up has to look at it yet. Every priority is raised, the highest too.",
                        validators=[django.core.validators.MaxValueValidator(9)],
                        verbose_name="raise to level",
                    ),
                ),
                (
                    "tell",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("owner", "whoever has the ticket"),
                                ("team", "its team"),
                                ("supervisor", "supervisors"),
                            ],
                            max_length=12,
                        ),
                        blank=True,
                        default=tickets.models.sla.supervisors_alone,
                        size=None,
                        verbose_name="tell",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("desk", "At the desk"), ("mail", "By e-mail")],
                        default="desk",
                        max_length=6,
                        verbose_name="by",
                    ),
                ),
                ("p1_at_any_hour", models.BooleanField(default=True, verbose_name="P1 at any hour")),
                (
                    "calendar",
                    models.ForeignKey(
                        blank=True,
                        help_text="Outside of them the message waits until they begin. Empty: at any hour.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clocks.calendar",
                        verbose_name="only in the hours of",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="tickets.slapolicy",
                        verbose_name="service level",
                    ),
                ),
            ],
            options={
                "verbose_name": "step of the ladder",
                "verbose_name_plural": "escalation ladder",
                "ordering": ["share", "channel", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["desk", "mail"])), name="ladder_channel_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("share__gte", 10), ("share__lte", 500)), name="ladder_share_in_bounds"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SlaTarget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("response", "First answer"),
                            ("update", "Next word to the customer"),
                            ("restore", "Service works again"),
                            ("resolve", "Put right"),
                        ],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
                (
                    "priority",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("p1", "P1 – nothing works, many or much at stake"),
                            ("p2", "P2 – a service does not work"),
                            ("p3", "P3 – it works badly"),
                            ("p4", "P4 – when there is time"),
                        ],
                        help_text="Empty: for the priorities without a row of their own.",
                        max_length=2,
                        verbose_name="priority",
                    ),
                ),
                (
                    "within",
                    models.DurationField(
                        help_text="Working time, as hours:minutes:seconds, for example 4:00:00.",
                        validators=[
                            django.core.validators.MinValueValidator(datetime.timedelta(seconds=60)),
                            django.core.validators.MaxValueValidator(datetime.timedelta(days=366)),
                        ],
                        verbose_name="within",
                    ),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        help_text="Only its hours count.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clocks.calendar",
                        verbose_name="counted by",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="targets",
                        to="tickets.slapolicy",
                        verbose_name="service level",
                    ),
                ),
            ],
            options={
                "verbose_name": "target",
                "verbose_name_plural": "targets",
                "ordering": ["kind", "priority"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("policy", "kind", "priority"), name="one_target_per_kind_and_priority"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("within__gt", datetime.timedelta(0))), name="target_gives_time"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Choice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                (
                    "code",
                    models.SlugField(
                        help_text="What is kept on the ticket. Of a reading: offline, weak, good or unknown.",
                        max_length=40,
                        verbose_name="code",
                    ),
                ),
                (
                    "texts",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts, verbose_name="answer"
                    ),
                ),
                (
                    "advice",
                    foundation.divisions.fields.TranslatedField(
                        blank=True,
                        default=foundation.divisions.fields.Texts,
                        help_text="What to say or to try, once this was answered.",
                        multiline=True,
                        verbose_name="advice",
                    ),
                ),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("remote", "work from here"),
                            ("visit", "a technician’s visit"),
                            ("fixed", "it works again"),
                        ],
                        help_text="Where nothing more is asked.",
                        max_length=10,
                        verbose_name="leads to",
                    ),
                ),
                (
                    "priority",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("p1", "P1 – nothing works, many or much at stake"),
                            ("p2", "P2 – a service does not work"),
                            ("p3", "P3 – it works badly"),
                            ("p4", "P4 – when there is time"),
                        ],
                        help_text="Empty: that of the symptom.",
                        max_length=2,
                        verbose_name="priority",
                    ),
                ),
                (
                    "next_step",
                    models.ForeignKey(
                        blank=True,
                        help_text="A later step of the same symptom. Empty: nothing more is asked.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="tickets.step",
                        verbose_name="next step",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="choices",
                        to="tickets.step",
                        verbose_name="step",
                    ),
                ),
            ],
            options={
                "verbose_name": "answer",
                "verbose_name_plural": "answers",
                "ordering": ["step", "position", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("step", "code"), name="one_answer_of_a_code"),
                    models.CheckConstraint(
                        condition=models.Q(("next_step", None), ("ending", ""), _connector="OR"),
                        name="an_answer_goes_on_or_ends",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Symptom",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.SlugField(
                        help_text="What tickets and routing rules call it. Never used again for anything else.",
                        max_length=60,
                        unique=True,
                        verbose_name="code",
                    ),
                ),
                (
                    "family",
                    models.CharField(
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
                        verbose_name="family",
                    ),
                ),
                (
                    "names",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts,
                        help_text="As customers would say it.",
                        verbose_name="name",
                    ),
                ),
                (
                    "priority",
                    models.CharField(
                        choices=[
                            ("p1", "P1 – nothing works, many or much at stake"),
                            ("p2", "P2 – a service does not work"),
                            ("p3", "P3 – it works badly"),
                            ("p4", "P4 – when there is time"),
                        ],
                        default="p3",
                        help_text="Of its tickets, unless an answer says otherwise.",
                        max_length=2,
                        verbose_name="priority",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="The lowest is listed first.", verbose_name="position"
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True, help_text="Switched off, it is not offered any more.", verbose_name="active"
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="Asked here and below.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        help_text="The wider symptom under which it is listed. Empty: at the top of its family.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="tickets.symptom",
                        verbose_name="below",
                    ),
                ),
            ],
            options={
                "verbose_name": "symptom",
                "verbose_name_plural": "symptoms",
                "ordering": ["family", "position", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "family__in",
                                ["internet", "video", "voice", "mobile", "equipment", "accessories", "installation"],
                            )
                        ),
                        name="symptom_family_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("priority__in", ["p1", "p2", "p3", "p4"])), name="symptom_priority_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("parent", models.F("pk")), _negated=True),
                        name="symptom_is_not_below_itself",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="step",
            name="symptom",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="steps",
                to="tickets.symptom",
                verbose_name="symptom",
            ),
        ),
        migrations.CreateModel(
            name="Ticket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("taken_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="taken")),
                ("lease_until", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="kept until")),
                ("due_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="due")),
                (
                    "number",
                    models.CharField(
                        default=tickets.models.ticket.new_number,
                        editable=False,
                        max_length=12,
                        unique=True,
                        verbose_name="number",
                    ),
                ),
                ("key", models.CharField(editable=False, max_length=120, unique=True)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("trouble", "Trouble"),
                            ("billing", "Question about a bill"),
                            ("complaint", "Complaint"),
                            ("request", "Request"),
                        ],
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("acknowledged", "New"),
                            ("in_progress", "In progress"),
                            ("pending", "Waiting"),
                            ("held", "On hold"),
                            ("resolved", "Resolved"),
                            ("closed", "Closed"),
                            ("rejected", "Declined"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="acknowledged",
                        editable=False,
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("customer", "the customer's answer"),
                            ("third_party", "somebody else's work"),
                            ("parts", "parts"),
                            ("appointment", "the appointment"),
                            ("outage", "an outage that is being repaired"),
                            ("credit", "a credit that is being posted"),
                        ],
                        editable=False,
                        max_length=12,
                        verbose_name="waits for",
                    ),
                ),
                (
                    "priority",
                    models.CharField(
                        choices=[
                            ("p1", "P1 – nothing works, many or much at stake"),
                            ("p2", "P2 – a service does not work"),
                            ("p3", "P3 – it works badly"),
                            ("p4", "P4 – when there is time"),
                        ],
                        default="p3",
                        max_length=2,
                        verbose_name="priority",
                    ),
                ),
                ("subject", models.CharField(max_length=200, verbose_name="subject")),
                ("requester_name", models.CharField(blank=True, max_length=120, verbose_name="name")),
                ("requester_email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                (
                    "requester_phone",
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
                            ("mail", "E-mail"),
                            ("store", "Store"),
                            ("door", "At the door"),
                            ("system", "Our own systems"),
                        ],
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                ("symptom", models.CharField(blank=True, max_length=60, verbose_name="symptom")),
                ("answers", models.JSONField(blank=True, default=dict, verbose_name="answers")),
                (
                    "escalation_level",
                    models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="escalation level"),
                ),
                (
                    "escalation_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("time", "a promise was or will be missed"),
                            ("skill", "it needs somebody who knows more"),
                            ("customer_asked", "the customer asked for it"),
                        ],
                        editable=False,
                        max_length=16,
                        verbose_name="escalated because",
                    ),
                ),
                (
                    "child_policy",
                    models.CharField(
                        choices=[
                            ("with_parent", "Its parts end with it"),
                            ("after_children", "It ends after its parts"),
                            ("alone", "Each ends by itself"),
                        ],
                        default="with_parent",
                        editable=False,
                        max_length=14,
                        verbose_name="with its parts",
                    ),
                ),
                (
                    "resolution",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("restored", "Repaired by us"),
                            ("restored_itself", "Worked again by itself"),
                            ("customer_side", "Put right at the customer's"),
                            ("replaced", "Equipment replaced"),
                            ("outage_ended", "The outage is over"),
                            ("explained", "Explained"),
                            ("credited", "Credited"),
                            ("apologised", "Apologised and put right"),
                            ("done", "Done as asked"),
                            ("not_found", "No fault found"),
                            ("no_answer", "The customer did not answer"),
                        ],
                        editable=False,
                        max_length=16,
                        verbose_name="resolution",
                    ),
                ),
                ("resolution_text", models.TextField(blank=True, editable=False, verbose_name="what was done")),
                ("version", models.PositiveIntegerField(default=0, editable=False)),
                ("opened_at", models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="opened")),
                ("first_answered_at", models.DateTimeField(editable=False, null=True, verbose_name="first answered")),
                ("answered_at", models.DateTimeField(editable=False, null=True, verbose_name="last answered")),
                (
                    "heard_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last heard from the customer"),
                ),
                ("resolved_at", models.DateTimeField(editable=False, null=True, verbose_name="resolved")),
                ("closed_at", models.DateTimeField(editable=False, null=True, verbose_name="closed")),
                ("reopened_at", models.DateTimeField(editable=False, null=True, verbose_name="last reopened")),
                (
                    "reopened_count",
                    models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="times reopened"),
                ),
                (
                    "search",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.contrib.postgres.search.SearchVector(
                            "number", "subject", "requester_name", "requester_email", config="simple"
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="accounts.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="accounts.customer",
                        verbose_name="customer",
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
                    "merged_into",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="tickets.ticket",
                        verbose_name="merged into",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="opened by",
                    ),
                ),
                (
                    "outage",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="tickets.outage",
                        verbose_name="outage",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="with",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="tickets.ticket",
                        verbose_name="part of",
                    ),
                ),
                (
                    "premises",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.premises",
                        verbose_name="premises",
                    ),
                ),
                (
                    "reported_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="reported by",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="orders.installedservice",
                        verbose_name="service",
                    ),
                ),
                (
                    "split_from",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="split_off",
                        to="tickets.article",
                        verbose_name="split off from",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="worklist.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "ticket",
                "verbose_name_plural": "tickets",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["division", "-id"], name="ticket_division"),
                    models.Index(
                        condition=models.Q(
                            ("merged_into", None), ("status__in", ["acknowledged", "held", "in_progress", "pending"])
                        ),
                        fields=["division", "-id"],
                        name="ticket_open",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("merged_into", None), ("status__in", ["acknowledged", "held", "in_progress", "pending"])
                        ),
                        fields=["owner", "-id"],
                        name="ticket_owner",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("merged_into", None), ("status__in", ["acknowledged", "held", "in_progress", "pending"])
                        ),
                        fields=["team", "-id"],
                        name="ticket_team",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("due_at__isnull", False),
                            ("merged_into", None),
                            ("status__in", ["acknowledged", "held", "in_progress", "pending"]),
                        ),
                        fields=["due_at"],
                        name="ticket_due",
                    ),
                    models.Index(
                        condition=models.Q(("status", "resolved")), fields=["resolved_at"], name="ticket_silent"
                    ),
                    models.Index(fields=["requester_email", "-id"], name="ticket_email"),
                    models.Index(fields=["requester_phone", "-id"], name="ticket_phone"),
                    django.contrib.postgres.indexes.GinIndex(fields=["search"], name="ticket_search"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "acknowledged",
                                    "in_progress",
                                    "pending",
                                    "held",
                                    "resolved",
                                    "closed",
                                    "rejected",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="ticket_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("type__in", ["trouble", "billing", "complaint", "request"])),
                        name="ticket_type_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("priority__in", ["p1", "p2", "p3", "p4"])), name="ticket_priority_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("reason__in", ["customer", "third_party", "parts", "appointment"]),
                                ("status", "pending"),
                            ),
                            models.Q(("reason__in", ["outage", "credit"]), ("status", "held")),
                            models.Q(models.Q(("status__in", ["held", "pending"]), _negated=True), ("reason", "")),
                            _connector="OR",
                        ),
                        name="tickets_that_stand_still_say_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "rejected"), _negated=True),
                            models.Q(("type__in", ["trouble", "complaint"]), _negated=True),
                            _connector="OR",
                        ),
                        name="trouble_is_never_declined",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "held"), _negated=True),
                            ("type__in", ["trouble", "billing"]),
                            _connector="OR",
                        ),
                        name="only_faults_and_money_are_held",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["acknowledged", "held", "in_progress", "pending"]),
                            ("resolved_at__isnull", False),
                            ("closed_at__isnull", False),
                            _connector="OR",
                        ),
                        name="ended_tickets_say_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status__in", ["resolved", "closed"]), _negated=True),
                            models.Q(("resolution", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="resolved_tickets_say_how",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("type__in", ["complaint"]), _negated=True),
                            models.Q(("status__in", ["resolved", "closed"]), _negated=True),
                            ("answered_at__isnull", False),
                            _connector="OR",
                        ),
                        name="complaints_end_answered",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("requester_email", django.db.models.functions.text.Lower("requester_email"))
                        ),
                        name="ticket_email_in_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("merged_into", models.F("pk")), _negated=True),
                        name="ticket_is_not_merged_into_itself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("parent", models.F("pk")), _negated=True),
                        name="ticket_is_not_its_own_parent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("escalation_level", 0), ("escalation_reason", "")),
                            models.Q(("escalation_level__gt", 0), models.Q(("escalation_reason", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="escalated_tickets_say_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReassignedTicket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("taken_before", models.DateTimeField(null=True)),
                (
                    "team",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="worklist.team"
                    ),
                ),
                (
                    "team_before",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="worklist.team"
                    ),
                ),
                (
                    "to",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="given to",
                    ),
                ),
                (
                    "reassignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tickets", to="tickets.reassignment"
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.ticket",
                        verbose_name="ticket",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("reassignment", "ticket"), name="reassigned_once_in_one_act")
                ],
            },
        ),
        migrations.CreateModel(
            name="Rating",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "score",
                    models.CharField(
                        choices=[("good", "Well"), ("fair", "So-so"), ("bad", "Badly")],
                        max_length=5,
                        verbose_name="it was handled",
                    ),
                ),
                ("words", models.TextField(blank=True, verbose_name="in their words")),
                ("at", models.DateTimeField(default=foundation.now.now, verbose_name="said")),
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rating",
                        to="tickets.ticket",
                        verbose_name="ticket",
                    ),
                ),
            ],
            options={
                "verbose_name": "rating",
                "verbose_name_plural": "ratings",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("score__in", ["good", "fair", "bad"])), name="score_is_known"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Probe",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(editable=False, max_length=80, unique=True)),
                ("intake_key", models.CharField(db_index=True, editable=False, max_length=60)),
                ("taken_at", models.DateTimeField(default=foundation.now.now, verbose_name="taken")),
                (
                    "finding",
                    models.CharField(
                        choices=[
                            ("offline", "Not connected"),
                            ("weak", "Connected, with a bad signal"),
                            ("good", "Connected, with a good signal"),
                            ("unknown", "Could not be read"),
                        ],
                        max_length=10,
                        verbose_name="found",
                    ),
                ),
                ("reading", models.JSONField(null=True, verbose_name="reading")),
                (
                    "trouble",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("away", "its system does not answer"),
                            ("stranger", "its system does not know the device"),
                            ("not_set_up", "no system reads equipment here"),
                        ],
                        max_length=12,
                        verbose_name="why it failed",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="probes",
                        to="tickets.equipment",
                        verbose_name="device",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="probes",
                        to="tickets.ticket",
                        verbose_name="ticket",
                    ),
                ),
            ],
            options={
                "verbose_name": "reading",
                "verbose_name_plural": "readings",
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("finding__in", ["offline", "weak", "good", "unknown"])),
                        name="finding_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finding", "unknown"),
                                ("reading", None),
                                ("trouble__in", ["away", "stranger", "not_set_up"]),
                            ),
                            models.Q(
                                models.Q(("finding", "unknown"), _negated=True),
                                ("reading__isnull", False),
                                ("trouble", ""),
                            ),
                            _connector="OR",
                        ),
                        name="a_reading_was_made_or_says_why_not",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Presence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "doing",
                    models.CharField(
                        choices=[("viewing", "reads it"), ("replying", "writes an answer")],
                        default="viewing",
                        max_length=10,
                        verbose_name="doing",
                    ),
                ),
                ("seen_at", models.DateTimeField(default=foundation.now.now, verbose_name="last seen")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="presences",
                        to="tickets.ticket",
                        verbose_name="ticket",
                    ),
                ),
            ],
            options={
                "verbose_name": "presence",
                "verbose_name_plural": "presences",
                "constraints": [
                    models.UniqueConstraint(fields=("ticket", "user"), name="one_presence_per_person_and_ticket")
                ],
            },
        ),
        migrations.CreateModel(
            name="Participant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="name")),
                ("is_copied", models.BooleanField(default=False, verbose_name="gets our answers")),
                ("since", models.DateTimeField(default=foundation.now.now, verbose_name="since")),
                (
                    "added_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="added by",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="participants",
                        to="tickets.ticket",
                        verbose_name="ticket",
                    ),
                ),
            ],
            options={
                "verbose_name": "participant",
                "verbose_name_plural": "participants",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("ticket", "email"), name="a_participant_takes_part_once"),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="participant_email_in_lower_case",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutageDetachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=foundation.now.now, verbose_name="at")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "outage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="detachments",
                        to="tickets.outage",
                        verbose_name="outage",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="detachments",
                        to="tickets.ticket",
                        verbose_name="ticket",
                    ),
                ),
            ],
            options={
                "verbose_name": "detachment from an outage",
                "verbose_name_plural": "detachments from outages",
                "constraints": [models.UniqueConstraint(fields=("outage", "ticket"), name="detached_once")],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=foundation.now.now, verbose_name="at")),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("opened", "When it was opened"),
                            ("reopened", "When it was reopened"),
                            ("waited", "When somebody became free"),
                            ("fell_back", "When it had waited too long"),
                            ("by_hand", "When somebody asked for it"),
                            ("reassigned", "When all of one person’s were given to others"),
                        ],
                        max_length=10,
                        verbose_name="when",
                    ),
                ),
                ("facts", models.JSONField(default=dict)),
                ("passed_over", models.JSONField(default=list)),
                (
                    "team",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="worklist.team",
                        verbose_name="team",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="given to",
                    ),
                ),
                (
                    "row",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.routingrow",
                        verbose_name="rule",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.routingversion",
                        verbose_name="procedure",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="tickets.ticket",
                        verbose_name="ticket",
                    ),
                ),
            ],
            options={
                "verbose_name": "assignment",
                "verbose_name_plural": "assignments",
                "ordering": ["-at", "-pk"],
                "indexes": [models.Index(fields=["ticket", "-at"], name="assignment_of")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("cause", "opened")), fields=("ticket",), name="routed_once_at_opening"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="article",
            name="ticket",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="articles",
                to="tickets.ticket",
                verbose_name="ticket",
            ),
        ),
        migrations.CreateModel(
            name="TicketClock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("running", "Running"), ("paused", "Paused"), ("stopped", "Stopped")],
                        default="stopped",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                ("zone", models.CharField(max_length=60, verbose_name="time zone")),
                ("target", models.DurationField(verbose_name="target")),
                (
                    "shares",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "moments",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateTimeField(null=True), default=list, size=None
                    ),
                ),
                ("passed", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True, verbose_name="next threshold")),
                ("due_at", models.DateTimeField(null=True, verbose_name="due")),
                ("hours_digest", models.CharField(max_length=16)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("response", "First answer"),
                            ("update", "Next word to the customer"),
                            ("restore", "Service works again"),
                            ("resolve", "Put right"),
                        ],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
                ("met_at", models.DateTimeField(null=True, verbose_name="met")),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clocks.calendar",
                        verbose_name="calendar",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.slapolicy",
                        verbose_name="service level",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="clocks",
                        to="tickets.ticket",
                        verbose_name="ticket",
                    ),
                ),
            ],
            options={
                "verbose_name": "clock",
                "verbose_name_plural": "clocks",
                "ordering": ["pk"],
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_at__isnull", False)), fields=["next_at"], name="ticketclock_next"
                    ),
                    models.Index(
                        condition=models.Q(("status", "running")),
                        fields=["calendar", "zone", "hours_digest"],
                        name="ticketclock_hours",
                    ),
                    models.Index(fields=["ticket", "kind"], name="ticketclock_ticket"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["running", "paused", "stopped"])),
                        name="ticketclock_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("target__gt", datetime.timedelta(0))), name="ticketclock_has_a_target"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("shares__contains", [100])), name="ticketclock_tells_of_a_breach"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["response", "update", "restore", "resolve"])),
                        name="clock_kind_is_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "stopped"), _negated=True),
                        fields=("ticket", "kind"),
                        name="one_clock_of_a_kind_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClockSegment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_running", models.BooleanField()),
                ("reason", models.CharField(blank=True, max_length=40, verbose_name="reason")),
                ("begun_at", models.DateTimeField(verbose_name="from")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="until")),
                ("at_percent", models.PositiveSmallIntegerField(default=0)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "clock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="segments",
                        to="tickets.ticketclock",
                        verbose_name="clock",
                    ),
                ),
            ],
            options={
                "verbose_name": "piece of a clock's time",
                "verbose_name_plural": "pieces of clocks' time",
                "ordering": ["begun_at", "pk"],
                "abstract": False,
                "indexes": [
                    models.Index(fields=["clock"], name="clocksegment_clock"),
                    models.Index(
                        condition=models.Q(("at_percent__gte", 90), ("at_percent__lt", 100), ("is_running", False)),
                        fields=["-begun_at"],
                        name="clocksegment_late",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at", None), ("ended_at__gte", models.F("begun_at")), _connector="OR"
                        ),
                        name="clocksegment_ends_after_it_begins",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_running", True), models.Q(("reason", ""), _negated=True), _connector="OR"
                        ),
                        name="clocksegment_pauses_for_a_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.CharField(
                        choices=[("desk", "At the desk"), ("mail", "By e-mail")], max_length=6, verbose_name="by"
                    ),
                ),
                ("share", models.PositiveSmallIntegerField(verbose_name="percent of the target")),
                ("moment", models.DateTimeField(verbose_name="reached")),
                ("leaves_at", models.DateTimeField(verbose_name="told from")),
                ("told_at", models.DateTimeField(null=True, verbose_name="told")),
                ("dropped_at", models.DateTimeField(null=True, verbose_name="not told any more")),
                ("seen_at", models.DateTimeField(null=True, verbose_name="seen")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="tickets.ticket",
                        verbose_name="ticket",
                    ),
                ),
                (
                    "clock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="tickets.ticketclock",
                        verbose_name="clock",
                    ),
                ),
            ],
            options={
                "verbose_name": "alert",
                "verbose_name_plural": "alerts",
                "ordering": ["-moment", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("dropped_at", None), ("told_at", None)),
                        fields=["leaves_at"],
                        name="alert_due",
                    ),
                    models.Index(
                        condition=models.Q(("seen_at", None)), fields=["user", "-moment"], name="alert_unseen"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("clock", "share", "moment", "user", "channel"), name="one_alert_per_person_and_moment"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["desk", "mail"])), name="alert_channel_is_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WaitingTicket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField(default=foundation.now.now, verbose_name="since")),
                ("falls_back_at", models.DateTimeField(null=True, verbose_name="to the other team")),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("no_procedure", "no routing procedure is in force here"),
                            ("no_rule", "no rule of the procedure holds for it"),
                            ("nobody", "nobody of the team can take it"),
                            ("no_team", "it belongs to no team"),
                        ],
                        max_length=14,
                        verbose_name="because",
                    ),
                ),
                ("passed_over", models.JSONField(default=list)),
                ("supervised_at", models.DateTimeField(null=True, verbose_name="before the supervisors since")),
                ("alarmed_at", models.DateTimeField(null=True, verbose_name="supervisors told")),
                (
                    "row",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.routingrow",
                        verbose_name="rule",
                    ),
                ),
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="waiting",
                        to="tickets.ticket",
                        verbose_name="ticket",
                    ),
                ),
            ],
            options={
                "verbose_name": "ticket for nobody yet",
                "verbose_name_plural": "tickets for nobody yet",
                "ordering": ["since", "pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("alarmed_at", None), ("supervised_at__isnull", False)),
                        fields=["supervised_at"],
                        name="waiting_unalarmed",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Departure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("leaves_at", models.DateTimeField(verbose_name="leaves")),
                ("left_at", models.DateTimeField(editable=False, null=True, verbose_name="left")),
                ("taken_back_at", models.DateTimeField(editable=False, null=True, verbose_name="taken back")),
                (
                    "article",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="departure",
                        to="tickets.article",
                        verbose_name="answer",
                    ),
                ),
            ],
            options={
                "verbose_name": "departure of an answer",
                "verbose_name_plural": "departures of answers",
                "indexes": [
                    models.Index(
                        condition=models.Q(("left_at", None), ("taken_back_at", None)),
                        fields=["leaves_at"],
                        name="departure_due",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("left_at", None), ("taken_back_at", None), _connector="OR"),
                        name="an_answer_leaves_or_is_taken_back",
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["question", "reading"])), name="step_kind_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.UniqueConstraint(fields=("symptom", "code"), name="one_step_of_a_code"),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.UniqueConstraint(fields=("symptom", "position"), name="one_step_at_a_position"),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(fields=["ticket", "at"], name="article_ticket"),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(("message_id", ""), _negated=True), fields=["message_id"], name="article_message"
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=django.contrib.postgres.indexes.GinIndex(fields=["search"], name="article_search"),
        ),
        migrations.AddConstraint(
            model_name="article",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["customer", "answer", "note", "phone", "system"])),
                name="article_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="article",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="article_says_something"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="attachment",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'What came with an article stays as it came.';",
                    hash="c9bce8232e7f225df43edfd9fb4e10feebaa6a57",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_d5144",
                    table="tickets_attachment",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="attachment",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'What came with an article stays as it came.';",
                    hash="a07ba3bca42fe428d245d215eeac38445fe35b01",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_8974c",
                    table="tickets_attachment",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="outage",
            trigger=pgtrigger.compiler.Trigger(
                name="status_goes_forwards",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (('planned', 'identified'), ('planned', 'withdrawn'), ('investigating', 'identified'), ('investigating', 'monitoring'), ('investigating', 'restored'), ('investigating', 'withdrawn'), ('identified', 'investigating'), ('identified', 'monitoring'), ('identified', 'restored'), ('identified', 'withdrawn'), ('monitoring', 'identified'), ('monitoring', 'investigating'), ('monitoring', 'restored'), ('monitoring', 'withdrawn'), ('restored', 'investigating')) THEN\n                RAISE EXCEPTION 'An outage moves only along its lifecycle.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="48726897e67a11e794c0327034f455efe64bae2a",
                    operation='UPDATE OF "status"',
                    pgid="pgtrigger_status_goes_forwards_5c800",
                    table="tickets_outage",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="outage",
            trigger=pgtrigger.compiler.Trigger(
                name="declared_once",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF (NEW.key, NEW.division_id, NEW.kind) IS DISTINCT FROM (OLD.key, OLD.division_id, OLD.kind) THEN\n                RAISE EXCEPTION 'What an outage was declared as never changes.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="6ee71c5d88ee4cf2ea23ea5311bca0c94899a80d",
                    operation='UPDATE OF "key", "division_id", "kind"',
                    pgid="pgtrigger_declared_once_6bdde",
                    table="tickets_outage",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="creditrun",
            trigger=pgtrigger.compiler.Trigger(
                name="status_goes_forwards",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (('requested', 'approved'), ('requested', 'discarded'), ('approved', 'posted'), ('posted', 'confirmed'), ('posted', 'partly_returned'), ('partly_returned', 'confirmed')) THEN\n                RAISE EXCEPTION 'Credits for an outage go forwards only.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="cd1f3bfec5d38047330456ae1cf3002660f26734",
                    operation='UPDATE OF "status"',
                    pgid="pgtrigger_status_goes_forwards_9d813",
                    table="tickets_creditrun",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="creditrun",
            trigger=pgtrigger.compiler.Trigger(
                name="asked_for_once",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF (NEW.outage_id, NEW.division_id, NEW.currency, NEW.counted_until, NEW.requested_by_id, NEW.requested_at) IS DISTINCT FROM (OLD.outage_id, OLD.division_id, OLD.currency, OLD.counted_until, OLD.requested_by_id, OLD.requested_at) THEN\n                RAISE EXCEPTION 'What was asked for does not change.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="94e840a5f38ca2327699696aebe7c08b9647f257",
                    operation='UPDATE OF "outage_id", "division_id", "currency", "counted_until", "requested_by_id", "requested_at"',
                    pgid="pgtrigger_asked_for_once_50398",
                    table="tickets_creditrun",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="creditrun",
            trigger=pgtrigger.compiler.Trigger(
                name="approved_once",
                sql=foundation.safeguards.SafeguardSql(
                    condition='WHEN (OLD."approved_at" IS NOT NULL)',
                    func="\n            IF (NEW.count, NEW.total, NEW.checksum, NEW.approved_by_id, NEW.approved_at) IS DISTINCT FROM (OLD.count, OLD.total, OLD.checksum, OLD.approved_by_id, OLD.approved_at) THEN\n                RAISE EXCEPTION 'Approved credits do not change.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="1b90dd824dfcc1d5ed08553e39efcf113fe40b4b",
                    operation='UPDATE OF "count", "total", "checksum", "approved_by_id", "approved_at"',
                    pgid="pgtrigger_approved_once_5612e",
                    table="tickets_creditrun",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="outagecredit",
            trigger=pgtrigger.compiler.Trigger(
                name="status_goes_forwards",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (('pending', 'discarded'), ('pending', 'sent'), ('sent', 'confirmed'), ('sent', 'returned'), ('returned', 'confirmed')) THEN\n                RAISE EXCEPTION 'A credit goes forwards only.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="5f44402340d6b440754b989b535b55447ae01e11",
                    operation='UPDATE OF "status"',
                    pgid="pgtrigger_status_goes_forwards_72dff",
                    table="tickets_outagecredit",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="outagecredit",
            trigger=pgtrigger.compiler.Trigger(
                name="credited_as_asked_for",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF (NEW.run_id, NEW.outage_id, NEW.account_id, NEW.division_id, NEW.minutes, NEW.monthly, NEW.due, NEW.credited_before, NEW.amount, NEW.currency, NEW.request_id) IS DISTINCT FROM (OLD.run_id, OLD.outage_id, OLD.account_id, OLD.division_id, OLD.minutes, OLD.monthly, OLD.due, OLD.credited_before, OLD.amount, OLD.currency, OLD.request_id) THEN\n                RAISE EXCEPTION 'A credit stays as it was asked for.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="bcca8cb87a7cd116f573fed2deac6062f9f2f765",
                    operation='UPDATE OF "run_id", "outage_id", "account_id", "division_id", "minutes", "monthly", "due", "credited_before", "amount", "currency", "request_id"',
                    pgid="pgtrigger_credited_as_asked_for_f4b39",
                    table="tickets_outagecredit",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="outagecredit",
            trigger=pgtrigger.compiler.Trigger(
                name="credits_are_kept",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'Credits for outages are kept.';",
                    hash="6155a964ba1260408526db4502afacf865a9ad13",
                    operation="DELETE",
                    pgid="pgtrigger_credits_are_kept_2fbb8",
                    table="tickets_outagecredit",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="outagecredit",
            trigger=pgtrigger.compiler.Trigger(
                name="approved_runs_gain_nothing",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n                    IF EXISTS (SELECT 1 FROM tickets_creditrun WHERE id = NEW.run_id AND approved_at IS NOT NULL) THEN\n                        RAISE EXCEPTION 'Approved credits do not change.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="8ac3a606132d1923d37b3c4e877520cbf4b37b91",
                    operation="INSERT",
                    pgid="pgtrigger_approved_runs_gain_nothing_bbc48",
                    table="tickets_outagecredit",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="outageupdate",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'What was said of an outage stands as it was said.';",
                    hash="c33aeedbbb63f45e493005799ab40c11fd19ed73",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_4c16d",
                    table="tickets_outageupdate",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="outageupdate",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'What was said of an outage stands as it was said.';",
                    hash="33f18c34f84b5925693bed1ae4eda2a66994e68f",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_bc373",
                    table="tickets_outageupdate",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="routingversion",
            trigger=pgtrigger.compiler.Trigger(
                name="routing_is_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."in_force_from" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="ee628c0d67944ba0fd7f992458550e94c085588a",
                    operation="DELETE",
                    pgid="pgtrigger_routing_is_kept_84d15",
                    table="tickets_routingversion",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="routingrow",
            trigger=pgtrigger.compiler.Trigger(
                name="routing_is_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE version bigint;",
                    func="\n                    version = CASE WHEN TG_OP = 'INSERT' THEN NEW.version_id ELSE OLD.version_id END;\n                    IF EXISTS (\n                        SELECT 1 FROM tickets_routingversion WHERE id = version AND in_force_from IS NOT NULL\n                    ) THEN\n                        RAISE EXCEPTION 'A routing procedure that was put in force does not change.';\n                    END IF;\n                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n                    RETURN NEW;\n                ",
                    hash="7abe8766a423f3d53e1e3a0df81fbbc0e8c22b4f",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_routing_is_frozen_e7900",
                    table="tickets_routingrow",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="slapolicy",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="3123f36373c44acad2e8279c8c08b05dee707f7e",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_cb241",
                    table="tickets_slapolicy",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ladderstep",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="d78077d7315c1759e0445e54927fb24945259822",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_1ab4a",
                    table="tickets_ladderstep",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="slatarget",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="3cbad09dc63371e6eba4caa79b700356d90dfd8d",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_8c8b4",
                    table="tickets_slatarget",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ticket",
            trigger=pgtrigger.compiler.Trigger(
                name="status_goes_forwards",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (('acknowledged', 'cancelled'), ('acknowledged', 'held'), ('acknowledged', 'in_progress'), ('acknowledged', 'pending'), ('acknowledged', 'rejected'), ('acknowledged', 'resolved'), ('in_progress', 'cancelled'), ('in_progress', 'held'), ('in_progress', 'pending'), ('in_progress', 'rejected'), ('in_progress', 'resolved'), ('pending', 'cancelled'), ('pending', 'held'), ('pending', 'in_progress'), ('pending', 'rejected'), ('pending', 'resolved'), ('held', 'cancelled'), ('held', 'in_progress'), ('held', 'pending'), ('held', 'resolved'), ('resolved', 'closed'), ('resolved', 'in_progress'), ('closed', 'in_progress')) THEN\n                RAISE EXCEPTION 'A ticket moves only along its lifecycle.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="f2b71e2311bfb69bb8837afb5b99caefb18d7d09",
                    operation='UPDATE OF "status"',
                    pgid="pgtrigger_status_goes_forwards_d9b83",
                    table="tickets_ticket",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ticket",
            trigger=pgtrigger.compiler.Trigger(
                name="opened_once",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF (NEW.number, NEW.key, NEW.opened_at) IS DISTINCT FROM (OLD.number, OLD.key, OLD.opened_at) THEN\n                RAISE EXCEPTION 'Under which number and when a ticket was opened never changes.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="8e47c681e95a7b6739ed106b0cdc408bcd5f24f5",
                    operation='UPDATE OF "number", "key", "opened_at"',
                    pgid="pgtrigger_opened_once_4b247",
                    table="tickets_ticket",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="rating",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'What a customer said of a ticket stands as it was said.';",
                    hash="ed435d1b1c4cbfd5dcb69ec99fa98994782fb280",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_1f8bd",
                    table="tickets_rating",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="rating",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'What a customer said of a ticket stands as it was said.';",
                    hash="d8e0531c6d571dbe3d82c53815ccb8ed1e14cacf",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_ef53f",
                    table="tickets_rating",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="probe",
            trigger=pgtrigger.compiler.Trigger(
                name="read_once",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF (NEW.equipment_id, NEW.finding, NEW.reading, NEW.trouble, NEW.taken_at) IS DISTINCT FROM (OLD.equipment_id, OLD.finding, OLD.reading, OLD.trouble, OLD.taken_at) THEN\n                RAISE EXCEPTION 'What a device said never changes: it is read again.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="dc790884fbd52ad15b9ad54bf85c01808932469d",
                    operation='UPDATE OF "equipment_id", "finding", "reading", "trouble", "taken_at"',
                    pgid="pgtrigger_read_once_cebe6",
                    table="tickets_probe",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="article",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'What was said on a ticket stands as it was said.';",
                    hash="37276d84d28d27e6bbe7621450a1d7ae50c86fb0",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_a689a",
                    table="tickets_article",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="article",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'What was said on a ticket stands as it was said.';",
                    hash="09e26e539721588c7368bfd2216ed3f74e4f94fc",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_86ef1",
                    table="tickets_article",
                    when="BEFORE",
                ),
            ),
        ),
    ]
