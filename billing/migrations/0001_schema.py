import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import foundation.money
import foundation.now
import foundation.safeguards


class Migration(migrations.Migration):
    replaces = [
        ("billing", "0001_initial"),
        ("billing", "0002_account_facts"),
        ("billing", "0003_what_is_told_of_accounts"),
        ("billing", "0004_days_of_service_statuses"),
        ("billing", "0005_what_is_written_stays"),
        ("billing", "0006_what_no_session_switches_off"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_schema"),
        ("divisions", "0001_schema"),
        ("people", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="BillingSystem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        help_text="Lower-case letters, digits and _. It names the token in the environment. Kept for ever.",
                        max_length=20,
                        unique=True,
                        validators=[django.core.validators.RegexValidator("^[a-z][a-z0-9_]*$")],
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "adapter",
                    models.CharField(help_text="How this vendor is spoken to.", max_length=40, verbose_name="adapter"),
                ),
                (
                    "base_url",
                    models.CharField(
                        help_text="Without the last part of the path, for example https://billing.example.com/api",
                        max_length=200,
                        validators=[django.core.validators.URLValidator(schemes=["https", "http"])],
                        verbose_name="address",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Nothing is sent to, and nothing asked of, an inactive system.",
                        verbose_name="active",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="Who runs it. Which divisions use it is the setting “Billing system”.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "billing system",
                "verbose_name_plural": "billing systems",
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Polling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cursor", models.CharField(blank=True, max_length=100, verbose_name="read up to")),
                ("polled_at", models.DateTimeField(null=True, verbose_name="last read")),
                ("error", models.TextField(blank=True, verbose_name="last error")),
                (
                    "billing_system",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="polling",
                        to="billing.billingsystem",
                        verbose_name="billing system",
                    ),
                ),
            ],
            options={
                "verbose_name": "polling",
                "verbose_name_plural": "pollings",
            },
        ),
        migrations.CreateModel(
            name="Allocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_number", models.CharField(max_length=40, verbose_name="account number")),
                ("occurred_at", models.DateTimeField(verbose_name="happened")),
                ("received_at", models.DateTimeField(default=foundation.now.now, verbose_name="received")),
                (
                    "source",
                    models.CharField(
                        choices=[("receipt", "Receipt"), ("credit_note", "Credit note")],
                        max_length=12,
                        verbose_name="from",
                    ),
                ),
                ("is_reversal", models.BooleanField(default=False, verbose_name="taken back")),
                ("allocation_id", models.CharField(max_length=100, verbose_name="allocation")),
                ("source_id", models.CharField(blank=True, max_length=100, verbose_name="receipt or credit note")),
                ("invoice_id", models.CharField(max_length=100, verbose_name="invoice")),
                ("amount", foundation.money.MoneyField(decimal_places=2, max_digits=12, verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("effective_on", models.DateField(verbose_name="on")),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
                    "billing_system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.billingsystem",
                        verbose_name="billing system",
                    ),
                ),
            ],
            options={
                "verbose_name": "payment of a bill",
                "verbose_name_plural": "payments of bills",
                "ordering": ["-effective_on"],
                "indexes": [
                    models.Index(fields=["account", "invoice_id"], name="allocation_account"),
                    models.Index(fields=["invoice_id", "billing_system"], name="allocation_invoice"),
                    models.Index(fields=["account_number"], name="allocation_account_number"),
                    models.Index(fields=["division", "-id"], name="allocation_division"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("allocation_id", "billing_system", "source", "is_reversal"),
                        name="an_allocation_is_kept_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount__gt", 0), ("is_reversal", False)),
                            models.Q(("amount__lt", 0), ("is_reversal", True)),
                            _connector="OR",
                        ),
                        name="allocation_has_its_sign",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source__in", ["receipt", "credit_note"])), name="allocation_source"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AgedBalance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_number", models.CharField(max_length=40, verbose_name="account number")),
                ("occurred_at", models.DateTimeField(verbose_name="happened")),
                ("received_at", models.DateTimeField(default=foundation.now.now, verbose_name="received")),
                ("event_id", models.CharField(max_length=100, verbose_name="vendor's event id")),
                ("past_due", foundation.money.MoneyField(decimal_places=2, max_digits=12, verbose_name="past due")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("oldest_due_on", models.DateField(null=True, verbose_name="oldest unpaid bill due")),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
                    "billing_system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.billingsystem",
                        verbose_name="billing system",
                    ),
                ),
            ],
            options={
                "verbose_name": "aged balance",
                "verbose_name_plural": "aged balances",
                "ordering": ["pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("past_due__gt", 0)),
                        fields=["division", "oldest_due_on"],
                        name="aged_balance_past_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account_number", "billing_system"), name="one_aged_balance_per_account"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("past_due", 0),
                            models.Q(("oldest_due_on__isnull", False), ("past_due__gt", 0)),
                            _connector="OR",
                        ),
                        name="past_due_says_since_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InboundFact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.CharField(max_length=100, verbose_name="vendor's event id")),
                ("kind", models.CharField(max_length=80, verbose_name="kind")),
                ("request_id", models.CharField(blank=True, db_index=True, max_length=100, verbose_name="request id")),
                ("payload", models.JSONField(verbose_name="as received")),
                ("report", models.JSONField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("applied", "Applied"),
                            ("superseded", "Older than what we knew"),
                            ("waiting", "Waiting for its submission"),
                            ("kept", "Kept, of no use to us"),
                            ("unreadable", "Kept, cannot be read"),
                        ],
                        max_length=10,
                        verbose_name="outcome",
                    ),
                ),
                ("trouble", models.TextField(blank=True, verbose_name="why it cannot be read")),
                ("occurred_at", models.DateTimeField(verbose_name="happened")),
                ("received_at", models.DateTimeField(default=foundation.now.now, verbose_name="received")),
                ("applied_at", models.DateTimeField(null=True, verbose_name="applied")),
                (
                    "billing_system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="facts",
                        to="billing.billingsystem",
                        verbose_name="billing system",
                    ),
                ),
            ],
            options={
                "verbose_name": "fact from a billing system",
                "verbose_name_plural": "facts from billing systems",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("outcome", "waiting")),
                        fields=["billing_system", "request_id"],
                        name="fact_waiting",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("billing_system", "event_id"), name="a_fact_is_told_once"),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["applied", "superseded", "waiting", "kept", "unreadable"])),
                        name="fact_outcome",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_number", models.CharField(max_length=40, verbose_name="account number")),
                ("occurred_at", models.DateTimeField(verbose_name="happened")),
                ("received_at", models.DateTimeField(default=foundation.now.now, verbose_name="received")),
                ("invoice_id", models.CharField(max_length=100, verbose_name="invoice")),
                ("amount", foundation.money.MoneyField(decimal_places=2, max_digits=12, verbose_name="amount")),
                (
                    "tax",
                    foundation.money.MoneyField(decimal_places=2, default=0, max_digits=12, verbose_name="of it tax"),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("issued_on", models.DateField(verbose_name="issued")),
                ("due_on", models.DateField(verbose_name="due")),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "billing_system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.billingsystem",
                        verbose_name="billing system",
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
                "verbose_name": "bill",
                "verbose_name_plural": "bills",
                "ordering": ["-due_on"],
                "indexes": [
                    models.Index(fields=["account", "due_on"], name="invoice_account"),
                    models.Index(fields=["account_number"], name="invoice_account_number"),
                    models.Index(fields=["division", "-id"], name="invoice_division"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("invoice_id", "billing_system"), name="an_invoice_is_kept_once"),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0), ("tax__gte", 0), ("tax__lte", models.F("amount"))),
                        name="invoice_amounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PostedCredit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_number", models.CharField(max_length=40, verbose_name="account number")),
                ("occurred_at", models.DateTimeField(verbose_name="happened")),
                ("received_at", models.DateTimeField(default=foundation.now.now, verbose_name="received")),
                ("credit_id", models.CharField(max_length=100, verbose_name="vendor's id")),
                ("request_id", models.CharField(blank=True, db_index=True, max_length=100, verbose_name="request id")),
                ("amount", foundation.money.MoneyField(decimal_places=2, max_digits=12, verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("posted_on", models.DateField(verbose_name="posted")),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "billing_system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.billingsystem",
                        verbose_name="billing system",
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
                "verbose_name": "posted credit",
                "verbose_name_plural": "posted credits",
                "ordering": ["-posted_on"],
                "indexes": [
                    models.Index(fields=["account_number"], name="posted_credit_account_number"),
                    models.Index(fields=["division", "-id"], name="posted_credit_division"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("credit_id", "billing_system"), name="a_posted_credit_is_kept_once"
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="posted_credit_is_above_zero"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ServiceStatusReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_number", models.CharField(max_length=40, verbose_name="account number")),
                ("occurred_at", models.DateTimeField(verbose_name="happened")),
                ("received_at", models.DateTimeField(default=foundation.now.now, verbose_name="received")),
                ("event_id", models.CharField(max_length=100, verbose_name="vendor's event id")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("suspended", "Suspended"),
                            ("disconnected", "Disconnected"),
                            ("closed", "Account closed"),
                        ],
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("effective_on", models.DateField(verbose_name="from")),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "billing_system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.billingsystem",
                        verbose_name="billing system",
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
                "verbose_name": "service status",
                "verbose_name_plural": "service statuses",
                "ordering": ["-effective_on"],
                "indexes": [
                    models.Index(fields=["account", "effective_on"], name="service_status_account"),
                    models.Index(fields=["effective_on"], name="service_status_day"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("billing_system", "event_id"), name="a_service_status_is_kept_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "suspended", "disconnected", "closed"])),
                        name="service_status_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Submission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("request_id", models.CharField(max_length=100, unique=True, verbose_name="request id")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("work_order", "Work order"),
                            ("work_order_change", "Change of a work order"),
                            ("work_order_cancellation", "Cancellation of a work order"),
                            ("credit", "Credit"),
                        ],
                        max_length=30,
                        verbose_name="kind",
                    ),
                ),
                ("subject_type", models.CharField(max_length=80)),
                ("subject_id", models.BigIntegerField()),
                (
                    "about",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), default=list, size=None
                    ),
                ),
                ("payload", models.JSONField(verbose_name="what is asked")),
                ("digest", models.CharField(max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting to be sent"),
                            ("sending", "Being sent"),
                            ("confirmed", "Confirmed"),
                            ("refused", "Refused"),
                            ("unknown", "Outcome unknown"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("due_at", models.DateTimeField(default=foundation.now.now, verbose_name="next look-up")),
                ("set_aside_at", models.DateTimeField(null=True, verbose_name="set aside")),
                ("external_id", models.CharField(blank=True, max_length=100, verbose_name="vendor's id")),
                ("last_error", models.TextField(blank=True, verbose_name="last error")),
                ("created_at", models.DateTimeField(default=foundation.now.now, verbose_name="asked")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="last sent")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("let_rest_at", models.DateTimeField(null=True, verbose_name="no longer wanted")),
                ("settled_reason", models.TextField(blank=True, verbose_name="reason given")),
                ("report", models.JSONField(null=True, verbose_name="last report")),
                ("report_version", models.PositiveIntegerField(default=0)),
                (
                    "billing_system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="submissions",
                        to="billing.billingsystem",
                        verbose_name="billing system",
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
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked by",
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by hand",
                    ),
                ),
                (
                    "work_order",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="billing.submission",
                        verbose_name="work order",
                    ),
                ),
            ],
            options={
                "verbose_name": "submission",
                "verbose_name_plural": "submissions",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["subject_type", "subject_id"], name="submission_subject"),
                    models.Index(fields=["division", "-id"], name="submission_division"),
                    models.Index(
                        condition=models.Q(("set_aside_at", None), ("status__in", ["sending", "unknown"])),
                        fields=["due_at"],
                        name="submission_to_look_up",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "sending", "confirmed", "refused", "unknown"])),
                        name="submission_status",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["work_order", "work_order_change", "work_order_cancellation", "credit"])
                        ),
                        name="submission_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind__in", ["work_order_change", "work_order_cancellation"]),
                                ("work_order__isnull", False),
                            ),
                            models.Q(("kind__in", ["work_order", "credit"]), ("work_order", None)),
                            _connector="OR",
                        ),
                        name="submission_about_a_work_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("let_rest_at", None), ("status", "refused"), _connector="OR"),
                        name="only_the_refused_is_let_rest",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "confirmed"), _negated=True),
                            models.Q(("external_id", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="confirmed_under_an_id",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("billing_system", "kind", "external_id"),
                        name="one_submission_per_external_id",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="billingsystem",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="8587e5fd799410b0301f0020b81908ec9d2bdb47",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_e9d1c",
                    table="billing_billingsystem",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="allocation",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_paid_never_changes",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF (NEW.billing_system_id, NEW.source, NEW.is_reversal, NEW.amount, NEW.currency, NEW.effective_on) IS DISTINCT FROM (OLD.billing_system_id, OLD.source, OLD.is_reversal, OLD.amount, OLD.currency, OLD.effective_on) THEN\n                RAISE EXCEPTION 'What a billing system said was paid does not change: it is taken back by another row.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="9f75f388d2b8c9a18e708b4cb1ad1cf54a5faee4",
                    operation='UPDATE OF "billing_system_id", "source", "is_reversal", "amount", "currency", "effective_on"',
                    pgid="pgtrigger_what_was_paid_never_changes_8a3d2",
                    table="billing_allocation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="allocation",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'What a billing system said was paid is kept.';",
                    hash="d2db16840bfba8ea53825b74725df8ad60b3a826",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_8916f",
                    table="billing_allocation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="allocation",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'What a billing system said was paid is kept.';",
                    hash="e80b345ef28302395c6ca0e20dfbd5d5d392facd",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_079c2",
                    table="billing_allocation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="submission",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_asked_is_frozen",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF (NEW.request_id, NEW.kind, NEW.billing_system_id, NEW.work_order_id, NEW.payload, NEW.digest) IS DISTINCT FROM (OLD.request_id, OLD.kind, OLD.billing_system_id, OLD.work_order_id, OLD.payload, OLD.digest) THEN\n                RAISE EXCEPTION 'What was asked of a billing system does not change.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="41e8f6b9afd48804d53a4437f895e6baa798d15c",
                    operation='UPDATE OF "request_id", "kind", "billing_system_id", "work_order_id", "payload", "digest"',
                    pgid="pgtrigger_what_was_asked_is_frozen_4d67b",
                    table="billing_submission",
                    when="BEFORE",
                ),
            ),
        ),
    ]
