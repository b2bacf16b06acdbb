from decimal import Decimal

import django.contrib.postgres.fields
import django.core.serializers.json
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import foundation.divisions.fields
import foundation.money
import foundation.now
import foundation.safeguards


class Migration(migrations.Migration):
    replaces = [
        ("commissions", "0001_initial"),
        ("commissions", "0002_payments_that_were_found_wrong"),
        ("commissions", "0003_what_is_written_stays"),
        ("commissions", "0004_less_is_remembered_of_rewards"),
        ("commissions", "0005_disputes_of_lines"),
        ("commissions", "0006_ends_of_claims"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_schema"),
        ("billing", "0001_schema"),
        ("divisions", "0001_schema"),
        ("jobs", "0001_schema"),
        ("people", "__first__"),
        ("referrals", "0001_schema"),
    ]

    operations = [
        migrations.CreateModel(
            name="RewardTerm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "side",
                    models.CharField(
                        choices=[("referrer", "Referrer"), ("friend", "Friend")],
                        default="referrer",
                        max_length=10,
                        verbose_name="for the",
                    ),
                ),
                (
                    "form",
                    models.CharField(
                        choices=[("bill_credit", "Bill credit"), ("free_month", "Free month")],
                        default="bill_credit",
                        max_length=12,
                        verbose_name="form",
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        choices=[
                            ("flat", "Fixed amount"),
                            ("percent_monthly", "Percent of the friend's monthly charges"),
                            ("percent_one_time", "Percent of the friend's one-time charges"),
                            ("percent_cash", "Percent of the cash paid on the friend's bills, before tax"),
                        ],
                        default="flat",
                        max_length=16,
                        verbose_name="reckoned as",
                    ),
                ),
                (
                    "amount",
                    foundation.money.MoneyField(
                        blank=True,
                        decimal_places=2,
                        help_text="Of a fixed amount.",
                        max_digits=12,
                        null=True,
                        verbose_name="amount",
                    ),
                ),
                (
                    "percent",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        max_digits=6,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.001")),
                            django.core.validators.MaxValueValidator(Decimal("1000")),
                        ],
                        verbose_name="percent",
                    ),
                ),
                (
                    "tiers",
                    models.JSONField(
                        blank=True,
                        default=list,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="steps by count",
                    ),
                ),
            ],
            options={
                "verbose_name": "reward",
                "verbose_name_plural": "rewards of a rule",
                "ordering": ["version", "side"],
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("building", "Being built"),
                            ("frozen", "Frozen, to be audited"),
                            ("approved", "Approved"),
                            ("submitted", "Sent to billing"),
                            ("confirmed", "Confirmed and reconciled"),
                            ("partly_returned", "Partly returned"),
                            ("discarded", "Discarded"),
                        ],
                        default="building",
                        editable=False,
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                ("built_at", models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="built")),
                ("frozen_at", models.DateTimeField(editable=False, null=True, verbose_name="frozen")),
                ("count", models.PositiveIntegerField(default=0, editable=False, verbose_name="payments")),
                (
                    "total",
                    foundation.money.MoneyField(
                        decimal_places=2, default=Decimal("0.00"), editable=False, max_digits=12, verbose_name="total"
                    ),
                ),
                ("checksum", models.CharField(blank=True, editable=False, max_length=64, verbose_name="checksum")),
                ("approved_at", models.DateTimeField(editable=False, null=True, verbose_name="approved")),
                ("submitted_at", models.DateTimeField(editable=False, null=True, verbose_name="sent")),
                ("confirmed_at", models.DateTimeField(editable=False, null=True, verbose_name="reconciled")),
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
                    "built_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="built by",
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
                    "frozen_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="frozen by",
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
            ],
            options={
                "verbose_name": "payout batch",
                "verbose_name_plural": "payout batches",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "building",
                                    "frozen",
                                    "approved",
                                    "submitted",
                                    "confirmed",
                                    "partly_returned",
                                    "discarded",
                                ],
                            )
                        ),
                        name="batch_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by", None),
                            ("built_by", None),
                            models.Q(("approved_by", models.F("built_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_approves_their_own_batch",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by", None),
                            ("frozen_by", None),
                            models.Q(("approved_by", models.F("frozen_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_approves_what_they_froze",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["building", "frozen", "discarded"]),
                            models.Q(("approved_at__isnull", False), ("approved_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="sent_batches_were_approved",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClosedPeriod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.DateField(help_text="The first day of the month.", verbose_name="period")),
                ("closed_at", models.DateTimeField(default=foundation.now.now, verbose_name="closed")),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="closed by",
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
                "verbose_name": "closed period",
                "verbose_name_plural": "closed periods",
                "ordering": ["-period"],
                "constraints": [
                    models.UniqueConstraint(fields=("division", "period"), name="a_period_is_closed_once"),
                    models.CheckConstraint(condition=models.Q(("period__day", 1)), name="a_period_is_a_month"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payee",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payee",
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
            ],
            options={
                "verbose_name": "payee",
                "verbose_name_plural": "payees",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=120, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("accrual", "Accrued"),
                            ("release", "Earned"),
                            ("forfeit", "Forfeited"),
                            ("reinstate", "Qualifying again"),
                            ("send", "Sent for payment"),
                            ("settle", "Paid"),
                            ("return", "Returned unpaid"),
                            ("hold", "Put on hold"),
                            ("clawback", "Taken back"),
                            ("recover", "Set off against what was taken back"),
                            ("correct", "Corrected in the payee’s favor"),
                            ("write_off", "Claim given up"),
                            ("charge", "Claim charged on the bill"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "debit",
                    models.CharField(
                        choices=[
                            ("expense", "Reward expense"),
                            ("held", "Held: not earned yet, or on hold"),
                            ("payable", "Payable: earned, not yet sent"),
                            ("in_transit", "In transit: sent, not yet confirmed"),
                            ("paid", "Paid"),
                            ("receivable", "Receivable: paid, and taken back"),
                        ],
                        max_length=10,
                        verbose_name="debit",
                    ),
                ),
                (
                    "credit",
                    models.CharField(
                        choices=[
                            ("expense", "Reward expense"),
                            ("held", "Held: not earned yet, or on hold"),
                            ("payable", "Payable: earned, not yet sent"),
                            ("in_transit", "In transit: sent, not yet confirmed"),
                            ("paid", "Paid"),
                            ("receivable", "Receivable: paid, and taken back"),
                        ],
                        max_length=10,
                        verbose_name="credit",
                    ),
                ),
                ("amount", foundation.money.MoneyField(decimal_places=2, max_digits=12, verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("calculation", models.CharField(blank=True, max_length=200, verbose_name="how it was reckoned")),
                ("inputs", models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ("effective_on", models.DateField(verbose_name="true on")),
                ("period", models.DateField(verbose_name="period")),
                ("posted_at", models.DateTimeField(default=foundation.now.now, verbose_name="posted")),
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
                    "payee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="commissions.payee",
                        verbose_name="payee",
                    ),
                ),
            ],
            options={
                "verbose_name": "ledger entry",
                "verbose_name_plural": "ledger",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("raised", "Being looked at"), ("upheld", "Corrected"), ("explained", "Explained")],
                        default="raised",
                        editable=False,
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("words", models.CharField(max_length=1000, verbose_name="what is wrong")),
                ("raised_at", models.DateTimeField(default=foundation.now.now, verbose_name="raised")),
                ("due_on", models.DateField(verbose_name="to be answered by")),
                ("answer", models.CharField(blank=True, max_length=1000, verbose_name="answer")),
                ("answered_at", models.DateTimeField(null=True, verbose_name="answered")),
                (
                    "amount",
                    foundation.money.MoneyField(decimal_places=2, max_digits=12, null=True, verbose_name="correction"),
                ),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="answered by",
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
                    "raised_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="raised by",
                    ),
                ),
                (
                    "correction",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrects",
                        to="commissions.ledgerentry",
                        verbose_name="entry of the correction",
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dispute",
                        to="commissions.ledgerentry",
                        verbose_name="line",
                    ),
                ),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="commissions.payee",
                        verbose_name="payee",
                    ),
                ),
            ],
            options={
                "verbose_name": "dispute",
                "verbose_name_plural": "disputes",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["division", "status", "due_on"], name="dispute_division")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["raised", "upheld", "explained"])),
                        name="dispute_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("answer", ""), ("answered_at", None), ("answered_by", None), ("status", "raised")
                            ),
                            models.Q(
                                models.Q(("status", "raised"), _negated=True),
                                models.Q(("answer", ""), _negated=True),
                                ("answered_at__isnull", False),
                                ("answered_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="answered_disputes_say_what_and_who",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount__gt", 0), ("correction__isnull", False), ("status", "upheld")),
                            models.Q(
                                models.Q(("status", "upheld"), _negated=True), ("amount", None), ("correction", None)
                            ),
                            _connector="OR",
                        ),
                        name="upheld_disputes_are_corrected",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("answered_by", None),
                            models.Q(("answered_by", models.F("raised_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_answers_themselves",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PeriodRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("qualify", "Nightly qualification"), ("build_batch", "Payout batch")],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("period", models.DateField(verbose_name="for")),
                ("started_at", models.DateTimeField(default=foundation.now.now, verbose_name="started")),
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="jobs.job",
                        verbose_name="work",
                    ),
                ),
            ],
            options={
                "verbose_name": "scheduled run",
                "verbose_name_plural": "scheduled runs",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["qualify", "build_batch"])), name="run_kind_is_known"
                    ),
                    models.UniqueConstraint(fields=("kind", "division", "period"), name="each_period_is_run_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reward",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "side",
                    models.CharField(
                        choices=[("referrer", "Referrer"), ("friend", "Friend")], max_length=10, verbose_name="for the"
                    ),
                ),
                ("ordinal", models.PositiveIntegerField(verbose_name="the payee's nth reward")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("accrued", "Qualifying"),
                            ("held", "Earned, on hold"),
                            ("payable", "Earned"),
                            ("batched", "Being paid"),
                            ("settled", "Credited"),
                            ("cap_limited", "Limit reached"),
                            ("forfeited", "Not eligible"),
                            ("reversed", "Taken back"),
                        ],
                        default="accrued",
                        editable=False,
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                (
                    "amount",
                    foundation.money.MoneyField(
                        decimal_places=2, editable=False, max_digits=12, null=True, verbose_name="amount"
                    ),
                ),
                (
                    "rate",
                    models.DecimalField(
                        decimal_places=3, editable=False, max_digits=6, null=True, verbose_name="percent"
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("calculation", models.CharField(blank=True, max_length=200, verbose_name="how it was reckoned")),
                ("inputs", models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ("installed_on", models.DateField(verbose_name="installed")),
                ("earliest_on", models.DateField(verbose_name="earliest")),
                ("latest_on", models.DateField(verbose_name="latest")),
                ("watched_until", models.DateField(verbose_name="may be taken back until")),
                ("moves", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("accrued_at", models.DateTimeField(default=foundation.now.now, verbose_name="accrued")),
                ("qualified_on", models.DateField(editable=False, null=True, verbose_name="earned")),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("paid_late", "A bill was not paid in time"),
                            ("left_early", "Service ended too early"),
                            ("receipt_taken_back", "A payment was taken back"),
                            ("too_few_bills", "Too few bills within the time allowed"),
                            ("disqualified", "The referral is not eligible"),
                            ("fraud", "Found not to be genuine"),
                            ("no_cash", "Nothing was paid in cash"),
                        ],
                        editable=False,
                        max_length=20,
                        verbose_name="because",
                    ),
                ),
                ("reason_on", models.DateField(editable=False, null=True, verbose_name="since")),
                (
                    "holds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("signal", "Something about the referral is being looked at"),
                                ("credit_refused", "The billing system refused the credit"),
                                ("payee_closed", "The account to be credited is closed"),
                                ("audit", "An auditor has set it aside"),
                            ],
                            max_length=20,
                        ),
                        default=list,
                        size=None,
                        verbose_name="held because",
                    ),
                ),
                (
                    "clawed_back",
                    foundation.money.MoneyField(
                        decimal_places=2,
                        default=Decimal("0.00"),
                        editable=False,
                        max_digits=12,
                        verbose_name="taken back",
                    ),
                ),
                ("settled_on", models.DateField(editable=False, null=True, verbose_name="credited")),
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
                    "friend_account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.account",
                        verbose_name="friend's account",
                    ),
                ),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rewards",
                        to="commissions.payee",
                        verbose_name="payee",
                    ),
                ),
                (
                    "referral",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rewards",
                        to="referrals.referral",
                        verbose_name="referral",
                    ),
                ),
                (
                    "term",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="commissions.rewardterm",
                        verbose_name="as promised",
                    ),
                ),
            ],
            options={
                "verbose_name": "reward",
                "verbose_name_plural": "rewards",
                "ordering": ["-pk"],
            },
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="reward",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="commissions.reward",
                verbose_name="reward",
            ),
        ),
        migrations.CreateModel(
            name="ClaimEnd",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "way",
                    models.CharField(
                        choices=[("write_off", "Give it up"), ("charge", "Charge it on the bill")],
                        max_length=10,
                        verbose_name="what is done",
                    ),
                ),
                ("amount", foundation.money.MoneyField(decimal_places=2, max_digits=12, verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("reason", models.CharField(max_length=300, verbose_name="why")),
                (
                    "status",
                    models.CharField(
                        choices=[("asked", "Waits for another person"), ("approved", "Done"), ("refused", "Refused")],
                        default="asked",
                        editable=False,
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("asked_at", models.DateTimeField(default=foundation.now.now, verbose_name="asked")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                (
                    "reference",
                    models.CharField(
                        blank=True, max_length=100, verbose_name="number of the charge in the billing system"
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked by",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
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
                    "entry",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claim_end",
                        to="commissions.ledgerentry",
                        verbose_name="entry",
                    ),
                ),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claim_ends",
                        to="commissions.payee",
                        verbose_name="payee",
                    ),
                ),
                (
                    "reward",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="commissions.reward",
                        verbose_name="reward",
                    ),
                ),
            ],
            options={
                "verbose_name": "end of a claim",
                "verbose_name_plural": "ends of claims",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["asked", "approved", "refused"])),
                        name="claim_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("way__in", ["write_off", "charge"])), name="claim_way_is_known"
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="a_claim_is_something"),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "asked")), fields=("payee",), name="one_open_question_per_claim"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("decided_by", None), ("status", "asked")),
                            models.Q(
                                models.Q(("status", "asked"), _negated=True),
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="decided_claims_say_who",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_decides_what_they_asked",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("entry__isnull", False), ("status", "approved")),
                            models.Q(models.Q(("status", "approved"), _negated=True), ("entry", None)),
                            _connector="OR",
                        ),
                        name="approved_ends_are_posted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "approved"), ("way", "charge"), _negated=True),
                            models.Q(("reference", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="charges_name_their_number",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BatchLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount", foundation.money.MoneyField(decimal_places=2, max_digits=12, verbose_name="amount")),
                (
                    "set_off",
                    foundation.money.MoneyField(
                        decimal_places=2, default=Decimal("0.00"), max_digits=12, verbose_name="set off"
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("request_id", models.CharField(max_length=100, verbose_name="request id")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Not sent yet"),
                            ("sent", "Sent, no answer yet"),
                            ("confirmed", "Credited"),
                            ("returned", "Returned"),
                            ("removed", "Taken out"),
                        ],
                        default="pending",
                        editable=False,
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "flags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("signal", "Something about the referral looked odd"),
                                ("large", "A large amount"),
                                ("first", "The payee's first reward"),
                                ("same_address", "Referrer and friend live at one address"),
                                ("returned", "Was returned before"),
                                ("found_wrong", "An auditor found it wrong before"),
                                ("correction", "A correction after the payee has disputed a line"),
                            ],
                            max_length=20,
                        ),
                        default=list,
                        size=None,
                        verbose_name="flagged because",
                    ),
                ),
                ("is_sampled", models.BooleanField(default=False, verbose_name="in the sample")),
                (
                    "verdict",
                    models.CharField(
                        choices=[("unread", "Not read yet"), ("correct", "Correct"), ("wrong", "Wrong: taken out")],
                        default="unread",
                        max_length=8,
                        verbose_name="audit",
                    ),
                ),
                ("read_at", models.DateTimeField(null=True, verbose_name="read")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                ("problem", models.CharField(blank=True, max_length=300, verbose_name="problem")),
                ("credit_id", models.CharField(blank=True, max_length=100, verbose_name="vendor's credit")),
                (
                    "reconciliation",
                    models.CharField(
                        choices=[("open", "Not seen there yet"), ("matched", "Matches"), ("differs", "Differs")],
                        default="open",
                        max_length=8,
                        verbose_name="reconciliation",
                    ),
                ),
                ("confirmed_at", models.DateTimeField(null=True, verbose_name="credited")),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="commissions.batch",
                        verbose_name="batch",
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
                    "read_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="read by",
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
                (
                    "dispute",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="commissions.dispute",
                        verbose_name="correction after",
                    ),
                ),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="commissions.payee",
                        verbose_name="payee",
                    ),
                ),
                (
                    "reward",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="commissions.reward",
                        verbose_name="reward",
                    ),
                ),
            ],
            options={
                "verbose_name": "payment",
                "verbose_name_plural": "payments",
                "ordering": ["batch", "pk"],
                "indexes": [
                    models.Index(fields=["batch", "status", "id"], name="line_batch"),
                    models.Index(
                        condition=models.Q(("reconciliation", "open"), ("status__in", ["sent", "confirmed"])),
                        fields=["sent_at"],
                        name="line_to_reconcile",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "sent", "confirmed", "returned", "removed"])),
                        name="payment_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 0), ("set_off__gte", 0)), name="payment_is_not_negative"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("dispute", None), ("status__in", ["pending", "sent", "confirmed"])),
                        fields=("reward",),
                        name="a_reward_is_paid_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["pending", "sent", "confirmed"])),
                        fields=("dispute",),
                        name="a_correction_is_paid_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "removed"), _negated=True),
                        fields=("request_id",),
                        name="a_payment_has_its_request_id",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("read_at", None), ("read_by", None), ("verdict", "unread")),
                            models.Q(
                                models.Q(("verdict", "unread"), _negated=True),
                                ("read_at__isnull", False),
                                ("read_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="verdicts_say_whose",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("verdict", "wrong"), _negated=True), ("status", "removed"), _connector="OR"
                        ),
                        name="what_is_wrong_is_not_paid",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Rule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.SlugField(
                        help_text="Short, for reports. Kept for ever.", max_length=40, unique=True, verbose_name="code"
                    ),
                ),
                (
                    "names",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts, verbose_name="name"
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        default=100,
                        help_text="Of several rules of one division the smallest number is tried first.",
                        verbose_name="priority",
                    ),
                ),
                (
                    "granted",
                    foundation.money.MoneyField(
                        decimal_places=2,
                        default=Decimal("0.00"),
                        editable=False,
                        max_digits=12,
                        verbose_name="granted so far",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="It holds here and below, except where a division below has a rule of its own.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
                (
                    "programme",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: for the referrals of every program of these divisions.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rules",
                        to="referrals.programme",
                        verbose_name="program",
                    ),
                ),
            ],
            options={
                "verbose_name": "commission rule",
                "verbose_name_plural": "commission rules",
                "ordering": ["division", "priority", "code"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("granted__gte", 0)), name="granted_is_not_negative")
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(editable=False, verbose_name="version")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("in_review", "In review"),
                            ("approved", "Approved, not yet in force"),
                            ("in_force", "In force"),
                            ("superseded", "Superseded"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("effective_from", models.DateTimeField(blank=True, null=True, verbose_name="in force from")),
                ("effective_until", models.DateTimeField(blank=True, null=True, verbose_name="in force until")),
                ("approved_at", models.DateTimeField(editable=False, null=True, verbose_name="approved")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason for the change")),
                (
                    "writers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, editable=False, size=None
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="written"),
                ),
                (
                    "conditions",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        help_text="Empty: for every referred order.",
                        verbose_name="conditions",
                    ),
                ),
                (
                    "wait_count",
                    models.PositiveSmallIntegerField(
                        default=3,
                        validators=[django.core.validators.MaxValueValidator(1000)],
                        verbose_name="wait after installation",
                    ),
                ),
                (
                    "wait_unit",
                    models.CharField(
                        choices=[("days", "Days"), ("months", "Months")],
                        default="months",
                        max_length=6,
                        verbose_name="counted in",
                    ),
                ),
                (
                    "bills_needed",
                    models.PositiveSmallIntegerField(
                        default=3,
                        help_text="How many of the friend's bills must be paid in full. 0: none.",
                        validators=[django.core.validators.MaxValueValidator(36)],
                        verbose_name="bills paid",
                    ),
                ),
                (
                    "days_late_allowed",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        default=5,
                        help_text="A bill may be paid so many days after it is due. Empty: however late.",
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(365)],
                        verbose_name="days late allowed",
                    ),
                ),
                (
                    "weekend_moves_due_date",
                    models.BooleanField(
                        default=True, verbose_name="a due date on a weekend counts as the Monday after"
                    ),
                ),
                ("must_be_active", models.BooleanField(default=True, verbose_name="the friend must still be served")),
                (
                    "months_to_qualify",
                    models.PositiveSmallIntegerField(
                        default=12,
                        help_text="Counted from installation. What is not earned by then is forfeited.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ],
                        verbose_name="at the latest after months",
                    ),
                ),
                (
                    "clawback_full_days",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="If the friend leaves within so many days of installation. 0: never.",
                        verbose_name="taken back whole until day",
                    ),
                ),
                (
                    "clawback_none_days",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="From this day on nothing is taken back.",
                        verbose_name="then less each day, until day",
                    ),
                ),
                (
                    "budget",
                    foundation.money.MoneyField(
                        blank=True,
                        decimal_places=2,
                        help_text="Of the rule, over all payees. Empty: without limit.",
                        max_digits=12,
                        null=True,
                        verbose_name="budget",
                    ),
                ),
                (
                    "most_per_month",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="rewards a month"),
                ),
                (
                    "most_per_year",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="rewards a year"),
                ),
                ("most_ever", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="rewards in all")),
                (
                    "approver",
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
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="commissions.rule",
                        verbose_name="rule",
                    ),
                ),
            ],
            options={
                "verbose_name": "version of a rule",
                "verbose_name_plural": "versions of rules",
                "ordering": ["rule", "-number"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["draft", "in_review", "approved", "in_force", "superseded", "withdrawn"])
                        ),
                        name="version_status_is_known",
                    ),
                    models.UniqueConstraint(fields=("rule", "number"), name="one_version_per_number"),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["draft", "in_review"])),
                        fields=("rule",),
                        name="one_open_version_per_rule",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "in_force")),
                        fields=("rule",),
                        name="one_version_in_force_per_rule",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["draft", "in_review", "withdrawn"]), _negated=True),
                        fields=("rule", "effective_from"),
                        name="one_version_per_moment",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_until", None),
                            ("effective_until__gt", models.F("effective_from")),
                            _connector="OR",
                        ),
                        name="version_ends_after_it_starts",
                        violation_error_message="It ends before it starts.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approver", None),
                            models.Q(("approver", models.F("author")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_approves_their_own_version",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status__in", ["approved", "in_force", "superseded"]), _negated=True),
                            models.Q(("approved_at__isnull", False), ("effective_from__isnull", False)),
                            _connector="OR",
                        ),
                        name="approved_versions_say_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("clawback_none_days__gte", models.F("clawback_full_days"))),
                        name="clawback_gets_less",
                        violation_error_message="The second day lies before the first.",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="rewardterm",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="terms",
                to="commissions.ruleversion",
                verbose_name="version",
            ),
        ),
        migrations.AddField(
            model_name="reward",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rewards",
                to="commissions.ruleversion",
                verbose_name="rule",
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="commissions.ruleversion",
                verbose_name="rule",
            ),
        ),
        migrations.AddConstraint(
            model_name="rewardterm",
            constraint=models.UniqueConstraint(fields=("version", "side"), name="one_term_per_side"),
        ),
        migrations.AddConstraint(
            model_name="rewardterm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount", None), ("form", "free_month"), ("percent", None)),
                    models.Q(("amount__gt", 0), ("basis", "flat"), ("form", "bill_credit"), ("percent", None)),
                    models.Q(
                        ("amount", None),
                        ("form", "bill_credit"),
                        ("percent__gt", 0),
                        models.Q(("basis", "flat"), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="term_says_how_much",
                violation_error_message="Enter an amount or a percentage, as the reckoning asks.",
            ),
        ),
        migrations.AddIndex(
            model_name="reward",
            index=models.Index(fields=["payee", "-id"], name="reward_payee"),
        ),
        migrations.AddIndex(
            model_name="reward",
            index=models.Index(fields=["friend_account"], name="reward_friend_account"),
        ),
        migrations.AddIndex(
            model_name="reward",
            index=models.Index(fields=["division", "status", "-id"], name="reward_division"),
        ),
        migrations.AddIndex(
            model_name="reward",
            index=models.Index(
                condition=models.Q(("status__in", ["accrued", "held", "payable", "settled", "forfeited"])),
                fields=["id"],
                name="reward_undecided",
            ),
        ),
        migrations.AddConstraint(
            model_name="reward",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        ["accrued", "held", "payable", "batched", "settled", "cap_limited", "forfeited", "reversed"],
                    )
                ),
                name="reward_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reward",
            constraint=models.UniqueConstraint(fields=("referral", "side"), name="one_reward_per_side"),
        ),
        migrations.AddConstraint(
            model_name="reward",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount", None), ("amount__gte", 0), _connector="OR"), name="reward_is_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="reward",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("clawed_back__gte", 0),
                    models.Q(("clawed_back", 0), ("clawed_back__lte", models.F("amount")), _connector="OR"),
                ),
                name="no_more_is_taken_back_than_was_given",
            ),
        ),
        migrations.AddConstraint(
            model_name="reward",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["held", "payable", "batched", "settled", "reversed"]), _negated=True),
                    models.Q(("amount__isnull", False), ("qualified_on__isnull", False)),
                    _connector="OR",
                ),
                name="earned_rewards_say_what_and_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="reward",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["payable", "batched", "settled"]), _negated=True),
                    ("holds", []),
                    _connector="OR",
                ),
                name="released_only_when_nothing_holds",
            ),
        ),
        migrations.AddConstraint(
            model_name="reward",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "held"), _negated=True), models.Q(("holds", []), _negated=True), _connector="OR"
                ),
                name="held_rewards_say_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="reward",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["forfeited", "reversed"]), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="refused_rewards_say_why",
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["payee", "id"], name="entry_payee"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["reward"], name="entry_reward"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["division", "period"], name="entry_period"),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="an_entry_moves_something"),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("credit", "held"), ("debit", "expense"), ("kind", "accrual")),
                    models.Q(("credit", "payable"), ("debit", "held"), ("kind", "release")),
                    models.Q(("credit", "expense"), ("debit", "held"), ("kind", "forfeit")),
                    models.Q(("credit", "held"), ("debit", "expense"), ("kind", "reinstate")),
                    models.Q(("credit", "in_transit"), ("debit", "payable"), ("kind", "send")),
                    models.Q(("credit", "paid"), ("debit", "in_transit"), ("kind", "settle")),
                    models.Q(("credit", "payable"), ("debit", "in_transit"), ("kind", "return")),
                    models.Q(("credit", "held"), ("debit", "payable"), ("kind", "hold")),
                    models.Q(("credit", "expense"), ("debit", "held"), ("kind", "clawback")),
                    models.Q(("credit", "expense"), ("debit", "payable"), ("kind", "clawback")),
                    models.Q(("credit", "expense"), ("debit", "receivable"), ("kind", "clawback")),
                    models.Q(("credit", "receivable"), ("debit", "payable"), ("kind", "recover")),
                    models.Q(("credit", "payable"), ("debit", "expense"), ("kind", "correct")),
                    models.Q(("credit", "receivable"), ("debit", "expense"), ("kind", "write_off")),
                    models.Q(("credit", "receivable"), ("debit", "paid"), ("kind", "charge")),
                    _connector="OR",
                ),
                name="an_entry_moves_between_its_accounts",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("period__day", 1)), name="an_entrys_period_is_a_month"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="batch",
            trigger=pgtrigger.compiler.Trigger(
                name="approved_batches_never_change",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."approved_at" IS NOT NULL AND (OLD."count" IS DISTINCT FROM (NEW."count") OR OLD."total" IS DISTINCT FROM (NEW."total") OR OLD."checksum" IS DISTINCT FROM (NEW."checksum") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."division_id" IS DISTINCT FROM (NEW."division_id") OR OLD."built_by_id" IS DISTINCT FROM (NEW."built_by_id") OR OLD."frozen_by_id" IS DISTINCT FROM (NEW."frozen_by_id") OR OLD."approved_by_id" IS DISTINCT FROM (NEW."approved_by_id") OR OLD."approved_at" IS DISTINCT FROM (NEW."approved_at")))',
                    func="RAISE EXCEPTION 'An approved batch does not change.';",
                    hash="30d29f670d14bbabe5f9ac02af2b19207fd78dc4",
                    operation="UPDATE",
                    pgid="pgtrigger_approved_batches_never_change_a2aea",
                    table="commissions_batch",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="batch",
            trigger=pgtrigger.compiler.Trigger(
                name="status_goes_forwards",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (('building', 'discarded'), ('building', 'frozen'), ('frozen', 'approved'), ('frozen', 'discarded'), ('approved', 'submitted'), ('submitted', 'confirmed'), ('submitted', 'partly_returned')) THEN\n                RAISE EXCEPTION 'A batch goes forwards only.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="734ce78003f51af2c575382b70df3c4cff0f0afa",
                    operation='UPDATE OF "status"',
                    pgid="pgtrigger_status_goes_forwards_ce333",
                    table="commissions_batch",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="closedperiod",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'A month that is closed stays closed.';",
                    hash="48698569dec59163c64952d113219abd88914bb2",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_455dc",
                    table="commissions_closedperiod",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="closedperiod",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'A month that is closed stays closed.';",
                    hash="7841f9c7e0454c977e8aea56d1612d4a02bec9b9",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_26eab",
                    table="commissions_closedperiod",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="dispute",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_asked_stays",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF (NEW.entry_id, NEW.payee_id, NEW.division_id, NEW.words, NEW.raised_at, NEW.raised_by_id, NEW.due_on) IS DISTINCT FROM (OLD.entry_id, OLD.payee_id, OLD.division_id, OLD.words, OLD.raised_at, OLD.raised_by_id, OLD.due_on) THEN\n                RAISE EXCEPTION 'What a payee has said does not change.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="8f5271fe84c473a363f58ce9b7f4ef26669b60ea",
                    operation='UPDATE OF "entry_id", "payee_id", "division_id", "words", "raised_at", "raised_by_id", "due_on"',
                    pgid="pgtrigger_what_was_asked_stays_93d90",
                    table="commissions_dispute",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="dispute",
            trigger=pgtrigger.compiler.Trigger(
                name="status_goes_forwards",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (('raised', 'explained'), ('raised', 'upheld')) THEN\n                RAISE EXCEPTION 'A dispute is answered once.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="311e6be6174c927fa95b011d5686d457db9eab5e",
                    operation='UPDATE OF "status"',
                    pgid="pgtrigger_status_goes_forwards_7ac18",
                    table="commissions_dispute",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="dispute",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_answered_stays",
                sql=foundation.safeguards.SafeguardSql(
                    condition="WHEN (OLD.\"status\" IN ('explained', 'upheld'))",
                    func="\n            IF (NEW.answer, NEW.answered_at, NEW.answered_by_id, NEW.amount, NEW.correction_id) IS DISTINCT FROM (OLD.answer, OLD.answered_at, OLD.answered_by_id, OLD.amount, OLD.correction_id) THEN\n                RAISE EXCEPTION 'An answer does not change.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="e8db7c88979cc8c1a5687486a6a90aa63c4e2323",
                    operation='UPDATE OF "answer", "answered_at", "answered_by_id", "amount", "correction_id"',
                    pgid="pgtrigger_what_was_answered_stays_4671a",
                    table="commissions_dispute",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="dispute",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'A dispute is kept.';",
                    hash="50b7ebe568e5e6c07c9d49c98f1b6bfaa56d7f08",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_ecf3e",
                    table="commissions_dispute",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="dispute",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'A dispute is kept.';",
                    hash="d2728e137e55be763a9fa8df8daabe38607ad252",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_da790",
                    table="commissions_dispute",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="claimend",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_asked_stays",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF (NEW.payee_id, NEW.reward_id, NEW.division_id, NEW.way, NEW.amount, NEW.currency, NEW.reason, NEW.asked_at, NEW.asked_by_id) IS DISTINCT FROM (OLD.payee_id, OLD.reward_id, OLD.division_id, OLD.way, OLD.amount, OLD.currency, OLD.reason, OLD.asked_at, OLD.asked_by_id) THEN\n                RAISE EXCEPTION 'What was asked about a claim does not change.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="dbcfcd6570433c103dabba3adde19bdf51d92949",
                    operation='UPDATE OF "payee_id", "reward_id", "division_id", "way", "amount", "currency", "reason", "asked_at", "asked_by_id"',
                    pgid="pgtrigger_what_was_asked_stays_d2fa6",
                    table="commissions_claimend",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="claimend",
            trigger=pgtrigger.compiler.Trigger(
                name="what_was_decided_stays",
                sql=foundation.safeguards.SafeguardSql(
                    condition="WHEN (OLD.\"status\" IN ('approved', 'refused'))",
                    func="\n            IF (NEW.decided_at, NEW.decided_by_id, NEW.reference, NEW.entry_id) IS DISTINCT FROM (OLD.decided_at, OLD.decided_by_id, OLD.reference, OLD.entry_id) THEN\n                RAISE EXCEPTION 'What was decided about a claim does not change.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="28caf5d30e8513cfd2b73fdb710ebedbbe840eb7",
                    operation='UPDATE OF "decided_at", "decided_by_id", "reference", "entry_id"',
                    pgid="pgtrigger_what_was_decided_stays_66281",
                    table="commissions_claimend",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="claimend",
            trigger=pgtrigger.compiler.Trigger(
                name="status_goes_forwards",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (('asked', 'approved'), ('asked', 'refused')) THEN\n                RAISE EXCEPTION 'A claim is decided about once.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="79db506bdae8f31c3d0c07cdf9412802ebb64350",
                    operation='UPDATE OF "status"',
                    pgid="pgtrigger_status_goes_forwards_171fb",
                    table="commissions_claimend",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="claimend",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'What was asked about a claim is kept.';",
                    hash="1c932d055313e3fd78835b1e59e30449c7efe22c",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_2c592",
                    table="commissions_claimend",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="claimend",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'What was asked about a claim is kept.';",
                    hash="f86c7a0f692246089fab479cadf2a0f69817d5eb",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_1494c",
                    table="commissions_claimend",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="batchline",
            trigger=pgtrigger.compiler.Trigger(
                name="approved_payments_never_change",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."amount" IS DISTINCT FROM (NEW."amount") OR OLD."set_off" IS DISTINCT FROM (NEW."set_off") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."reward_id" IS DISTINCT FROM (NEW."reward_id") OR OLD."dispute_id" IS DISTINCT FROM (NEW."dispute_id") OR OLD."payee_id" IS DISTINCT FROM (NEW."payee_id") OR OLD."batch_id" IS DISTINCT FROM (NEW."batch_id") OR OLD."division_id" IS DISTINCT FROM (NEW."division_id") OR OLD."request_id" IS DISTINCT FROM (NEW."request_id"))',
                    func="\n        IF EXISTS (SELECT 1 FROM commissions_batch WHERE id = OLD.batch_id AND approved_at IS NOT NULL) THEN\n            RAISE EXCEPTION 'The payments of an approved batch do not change.';\n        END IF;\n        RETURN NEW;\n    ",
                    hash="8ffed21df47af9d1a57a260461c28016b284bd13",
                    operation="UPDATE",
                    pgid="pgtrigger_approved_payments_never_change_6fa2c",
                    table="commissions_batchline",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="batchline",
            trigger=pgtrigger.compiler.Trigger(
                name="approved_batches_lose_nothing",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF EXISTS (SELECT 1 FROM commissions_batch WHERE id = OLD.batch_id AND approved_at IS NOT NULL) THEN\n            RAISE EXCEPTION 'The payments of an approved batch do not change.';\n        END IF;\n        RETURN OLD;\n    ",
                    hash="4d6600dd14b71f35ad8af6068809ed28f2a3d1c0",
                    operation="DELETE",
                    pgid="pgtrigger_approved_batches_lose_nothing_ef9c8",
                    table="commissions_batchline",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="batchline",
            trigger=pgtrigger.compiler.Trigger(
                name="approved_batches_gain_nothing",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF EXISTS (SELECT 1 FROM commissions_batch WHERE id = NEW.batch_id AND approved_at IS NOT NULL) THEN\n            RAISE EXCEPTION 'The payments of an approved batch do not change.';\n        END IF;\n        RETURN NEW;\n    ",
                    hash="626e9aa5f929036b616f0bfc7c41b4cfc79d43c4",
                    operation="INSERT",
                    pgid="pgtrigger_approved_batches_gain_nothing_6e964",
                    table="commissions_batchline",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="batchline",
            trigger=pgtrigger.compiler.Trigger(
                name="status_goes_forwards",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN (('pending', 'confirmed'), ('pending', 'removed'), ('pending', 'sent'), ('sent', 'confirmed'), ('sent', 'returned')) THEN\n                RAISE EXCEPTION 'A payment goes forwards only.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="435c12142188cfe670156184b4652843d4121052",
                    operation='UPDATE OF "status"',
                    pgid="pgtrigger_status_goes_forwards_145da",
                    table="commissions_batchline",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="rule",
            trigger=pgtrigger.compiler.Trigger(
                name="place_never_changes",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n                    IF (NEW.code, NEW.division_id, NEW.programme_id, NEW.priority) IS DISTINCT FROM (OLD.code, OLD.division_id, OLD.programme_id, OLD.priority) AND EXISTS (\n                        SELECT 1 FROM commissions_ruleversion\n                        WHERE rule_id = OLD.id AND status NOT IN ('draft', 'withdrawn')\n                    ) THEN\n                        RAISE EXCEPTION 'A rule stays where it is once a version of it was sent to review.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="cb7665de128907945f13a7af653fd422b183124b",
                    operation="UPDATE",
                    pgid="pgtrigger_place_never_changes_84a60",
                    table="commissions_rule",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ruleversion",
            trigger=pgtrigger.compiler.Trigger(
                name="wording_is_frozen",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n                    IF OLD.status NOT IN ('draft', 'in_review') AND NEW.status IN ('draft', 'in_review') THEN\n                        RAISE EXCEPTION 'A version that was approved or withdrawn is no draft again.';\n                    END IF;\n                    IF OLD.status <> 'draft' AND (NEW.rule_id, NEW.number, NEW.author_id, NEW.writers, NEW.created_at, NEW.reason, NEW.conditions, NEW.wait_count, NEW.wait_unit, NEW.bills_needed, NEW.days_late_allowed, NEW.weekend_moves_due_date, NEW.must_be_active, NEW.months_to_qualify, NEW.clawback_full_days, NEW.clawback_none_days, NEW.budget, NEW.most_per_month, NEW.most_per_year, NEW.most_ever) IS DISTINCT FROM (OLD.rule_id, OLD.number, OLD.author_id, OLD.writers, OLD.created_at, OLD.reason, OLD.conditions, OLD.wait_count, OLD.wait_unit, OLD.bills_needed, OLD.days_late_allowed, OLD.weekend_moves_due_date, OLD.must_be_active, OLD.months_to_qualify, OLD.clawback_full_days, OLD.clawback_none_days, OLD.budget, OLD.most_per_month, OLD.most_per_year, OLD.most_ever) THEN\n                        RAISE EXCEPTION 'A version of a rule that is no draft does not change.';\n                    END IF;\n                    IF OLD.status NOT IN ('draft', 'in_review') AND (NEW.effective_from, NEW.approver_id, NEW.approved_at) IS DISTINCT FROM (OLD.effective_from, OLD.approver_id, OLD.approved_at) THEN\n                        RAISE EXCEPTION 'The approval of a version does not change.';\n                    END IF;\n                    IF OLD.status IN ('superseded', 'withdrawn') AND (NEW.status, NEW.effective_until) IS DISTINCT FROM (OLD.status, OLD.effective_until) THEN\n                        RAISE EXCEPTION 'A version that has ended does not change.';\n                    END IF;\n                    IF OLD.effective_until < coalesce(NEW.effective_until, 'infinity')\n                        AND OLD.status NOT IN ('draft', 'in_review')\n                    THEN\n                        RAISE EXCEPTION 'The end of a version is not put off.';\n                    END IF;\n                    IF NEW.approver_id = ANY (NEW.writers) THEN\n                        RAISE EXCEPTION 'Nobody approves what they have written.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="b7acc20943213003ff1cd9fc0b72ce36b205c859",
                    operation="UPDATE",
                    pgid="pgtrigger_wording_is_frozen_0fbe4",
                    table="commissions_ruleversion",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ruleversion",
            trigger=pgtrigger.compiler.Trigger(
                name="versions_are_kept",
                sql=foundation.safeguards.SafeguardSql(
                    condition="WHEN (NOT (OLD.\"status\" = 'draft'))",
                    func="RAISE EXCEPTION 'A version of a rule that is no draft is kept.';",
                    hash="8c198089701683571590d1dcd49a5bf44857dd2d",
                    operation="DELETE",
                    pgid="pgtrigger_versions_are_kept_1f7ad",
                    table="commissions_ruleversion",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="rewardterm",
            trigger=pgtrigger.compiler.Trigger(
                name="terms_are_frozen",
                sql=foundation.safeguards.SafeguardSql(
                    declare="DECLARE term RECORD;",
                    func="\n                    IF TG_OP = 'INSERT' THEN\n                        term = NEW;\n                    ELSE\n                        term = OLD;\n                    END IF;\n                    IF EXISTS (SELECT 1 FROM commissions_ruleversion WHERE id = term.version_id AND status <> 'draft')\n                        OR TG_OP = 'UPDATE' AND NEW.version_id <> OLD.version_id\n                    THEN\n                        RAISE EXCEPTION 'What a version promises does not change once it is no draft.';\n                    END IF;\n                    IF TG_OP = 'DELETE' THEN\n                        RETURN OLD;\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="88b9e594fe23eefeac23d5bcfd34ecd0cb6014b6",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_terms_are_frozen_01a48",
                    table="commissions_rewardterm",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="reward",
            trigger=pgtrigger.compiler.Trigger(
                name="promise_never_changes",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF (NEW.referral_id, NEW.side, NEW.payee_id, NEW.friend_account_id, NEW.version_id, NEW.term_id, NEW.currency) IS DISTINCT FROM (OLD.referral_id, OLD.side, OLD.payee_id, OLD.friend_account_id, OLD.version_id, OLD.term_id, OLD.currency) THEN\n                RAISE EXCEPTION 'Who gets a reward for what, and under which rule, does not change.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="4d72cf7fa9c027bb60e802857b778a4f03e8e9b9",
                    operation='UPDATE OF "referral_id", "side", "payee_id", "friend_account_id", "version_id", "term_id", "currency"',
                    pgid="pgtrigger_promise_never_changes_d9684",
                    table="commissions_reward",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="reward",
            trigger=pgtrigger.compiler.Trigger(
                name="amount_stays_once_paid",
                sql=foundation.safeguards.SafeguardSql(
                    condition="WHEN (OLD.\"status\" IN ('batched', 'settled', 'reversed'))",
                    func="\n            IF (NEW.amount) IS DISTINCT FROM (OLD.amount) THEN\n                RAISE EXCEPTION 'What is being paid or was paid does not change.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="c19f47ea2279591602cea1427551522f772b4b18",
                    operation='UPDATE OF "amount"',
                    pgid="pgtrigger_amount_stays_once_paid_19a40",
                    table="commissions_reward",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ledgerentry",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'The ledger is append-only.';",
                    hash="f2d24f42002d9afdf8f9b87e1807db33b8d9ba94",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_1b9ce",
                    table="commissions_ledgerentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ledgerentry",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'The ledger is append-only.';",
                    hash="8a27f9d55f2c81e65ecdc0d502c5f46d4ff071e5",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_9c8c7",
                    table="commissions_ledgerentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ledgerentry",
            trigger=pgtrigger.compiler.Trigger(
                name="closed_months_stay_closed",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n                    IF EXISTS (\n                        SELECT 1 FROM (SELECT DISTINCT division_id, period FROM written) entry\n                        JOIN divisions_division division ON division.id = entry.division_id\n                        JOIN commissions_closedperiod closed ON closed.division_id = ANY(division.lineage)\n                        WHERE closed.period >= entry.period\n                    ) THEN\n                        RAISE EXCEPTION 'A month that is closed takes no more entries.';\n                    END IF;\n                    RETURN NULL;\n                ",
                    hash="f40937b9b0a761a9cc0e87c464f8c07241e9c2f5",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_closed_months_stay_closed_0abe1",
                    referencing="REFERENCING NEW TABLE AS written ",
                    table="commissions_ledgerentry",
                    when="AFTER",
                ),
            ),
        ),
    ]
