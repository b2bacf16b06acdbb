import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import foundation.divisions.fields
import foundation.now
import foundation.safeguards
import referrals.models.programmes


class Migration(migrations.Migration):
    replaces = [
        ("referrals", "0001_initial"),
        ("referrals", "0002_signals_of_sellers_and_homes"),
        ("referrals", "0003_what_is_written_stays"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_schema"),
        ("divisions", "0001_schema"),
        ("orders", "0001_schema"),
        ("people", "__first__"),
        ("territory", "0001_schema"),
    ]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "token",
                    models.CharField(
                        default=referrals.models.programmes.new_token, editable=False, max_length=40, unique=True
                    ),
                ),
                ("friend_name", models.CharField(max_length=80, verbose_name="friend")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("email_key", models.CharField(db_index=True, editable=False, max_length=254)),
                ("note", models.CharField(blank=True, max_length=140, verbose_name="personal note")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("key", models.CharField(editable=False, max_length=100, unique=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "On its way"),
                            ("sent", "Sent"),
                            ("clicked", "Link opened"),
                            ("ordered", "Ordered"),
                            ("bounced", "Address does not work"),
                            ("suppressed", "Not sent: wants no such mail"),
                            ("opted_out", "Wants no more invitations"),
                            ("withdrawn", "Withdrawn"),
                            ("expired", "Expired"),
                        ],
                        default="queued",
                        editable=False,
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="invited"),
                ),
                ("written_at", models.DateTimeField(editable=False, null=True, verbose_name="written")),
                ("sent_at", models.DateTimeField(editable=False, null=True, verbose_name="sent")),
                ("clicked_at", models.DateTimeField(editable=False, null=True, verbose_name="opened")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                (
                    "corrects",
                    models.OneToOneField(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="correction",
                        to="referrals.invitation",
                        verbose_name="corrects",
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
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Programme",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.SlugField(
                        help_text="Short, for reports and addresses. Kept for ever.",
                        max_length=40,
                        unique=True,
                        verbose_name="code",
                    ),
                ),
                (
                    "names",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts, verbose_name="name"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("active", "Running"), ("paused", "Paused"), ("ended", "Ended")],
                        default="draft",
                        editable=False,
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="from")),
                (
                    "ends_on",
                    models.DateField(
                        blank=True, help_text="The last day. Empty: open-ended.", null=True, verbose_name="until"
                    ),
                ),
                (
                    "headlines",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts,
                        help_text="Over the page that a friend lands on.",
                        verbose_name="headline",
                    ),
                ),
                (
                    "landing_texts",
                    foundation.divisions.fields.TranslatedField(
                        blank=True,
                        default=foundation.divisions.fields.Texts,
                        multiline=True,
                        verbose_name="text of the page",
                    ),
                ),
                (
                    "subjects",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts, verbose_name="subject of the invitation"
                    ),
                ),
                (
                    "invitation_texts",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts,
                        help_text="May contain {referrer} (first name), {reward} and {brand}. The link and the way out are added.",
                        multiline=True,
                        verbose_name="text of the invitation",
                    ),
                ),
                (
                    "rewards_in_words",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts,
                        help_text="What a referrer gets and when, as it is promised.",
                        verbose_name="reward in words",
                    ),
                ),
                (
                    "friend_rewards_in_words",
                    foundation.divisions.fields.TranslatedField(
                        blank=True,
                        default=foundation.divisions.fields.Texts,
                        help_text="Empty: the friend gets nothing.",
                        verbose_name="the friend's reward in words",
                    ),
                ),
                ("terms_version", models.CharField(default="1", max_length=40, verbose_name="version of the terms")),
                (
                    "terms_texts",
                    foundation.divisions.fields.TranslatedField(
                        blank=True, default=foundation.divisions.fields.Texts, multiline=True, verbose_name="terms"
                    ),
                ),
                (
                    "window_days",
                    models.PositiveSmallIntegerField(
                        default=90,
                        help_text="A touch counts if the friend orders within so many times 24 hours after it.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(730),
                        ],
                        verbose_name="window in days",
                    ),
                ),
                (
                    "preference",
                    models.CharField(
                        choices=[("first", "The first"), ("last", "The last")],
                        default="first",
                        help_text="A code that is given always comes before a link that was opened.",
                        max_length=5,
                        verbose_name="of several links",
                    ),
                ),
                (
                    "new_after_months",
                    models.PositiveSmallIntegerField(
                        default=12,
                        help_text="A former customer counts as new when they have been gone for so long.",
                        verbose_name="new again after months",
                    ),
                ),
                (
                    "most_per_form",
                    models.PositiveSmallIntegerField(
                        default=5,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(20),
                        ],
                        verbose_name="invitations in one go",
                    ),
                ),
                (
                    "most_per_day",
                    models.PositiveSmallIntegerField(
                        default=20,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="invitations in 24 hours",
                    ),
                ),
                (
                    "most_ever",
                    models.PositiveSmallIntegerField(
                        default=200,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(5000),
                        ],
                        verbose_name="invitations in all",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="It holds here and below, except where a division below runs its own.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "referral program",
                "verbose_name_plural": "referral programs",
                "ordering": ["code"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["draft", "active", "paused", "ended"])),
                        name="programme_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"),
                        name="programme_ends_after_it_starts",
                        violation_error_message="The last day lies before the first.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Referrer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        default=referrals.models.programmes.new_code,
                        editable=False,
                        max_length=12,
                        unique=True,
                        verbose_name="code",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("suspended", "Suspended"), ("left", "Left")],
                        default="active",
                        editable=False,
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("enrolled_at", models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="since")),
                ("terms_version", models.CharField(max_length=40, verbose_name="accepted terms")),
                ("terms_text", models.TextField(blank=True, editable=False, verbose_name="terms as accepted")),
                (
                    "terms_accepted_at",
                    models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="accepted"),
                ),
                ("terms_evidence", models.JSONField(default=dict, editable=False)),
                ("status_reason", models.CharField(blank=True, editable=False, max_length=200, verbose_name="reason")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referrers",
                        to="accounts.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referrers",
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
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referrers",
                        to="referrals.programme",
                        verbose_name="program",
                    ),
                ),
            ],
            options={
                "verbose_name": "referrer",
                "verbose_name_plural": "referrers",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["division", "-id"], name="referrer_division")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "suspended", "left"])),
                        name="referrer_status_is_known",
                    ),
                    models.UniqueConstraint(fields=("programme", "account"), name="one_enrolment_per_account"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Referral",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "friend_label",
                    models.CharField(blank=True, max_length=80, verbose_name="friend, as the referrer knows them"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("ordered", "Ordered"), ("installed", "Installed"), ("disqualified", "Not eligible")],
                        default="ordered",
                        editable=False,
                        max_length=14,
                        verbose_name="status",
                    ),
                ),
                ("ordered_at", models.DateTimeField(editable=False, verbose_name="ordered")),
                ("installed_on", models.DateField(editable=False, null=True, verbose_name="installed")),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("order_cancelled", "The order was cancelled"),
                            ("order_failed", "The order could not be installed"),
                            ("fraud", "Found not to be genuine"),
                        ],
                        editable=False,
                        max_length=20,
                        verbose_name="not eligible because",
                    ),
                ),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
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
                    "friend",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.customer",
                        verbose_name="friend",
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
                    "invitation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referrals",
                        to="referrals.invitation",
                        verbose_name="invitation",
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referral",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referrals",
                        to="referrals.programme",
                        verbose_name="program",
                    ),
                ),
                (
                    "referrer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referrals",
                        to="referrals.referrer",
                        verbose_name="referrer",
                    ),
                ),
            ],
            options={
                "verbose_name": "referral",
                "verbose_name_plural": "referrals",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["division", "-id"], name="referral_division"),
                    models.Index(fields=["referrer", "-id"], name="referral_referrer"),
                    models.Index(fields=["status", "ordered_at"], name="referral_age"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["ordered", "installed", "disqualified"])),
                        name="referral_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "disqualified"), _negated=True),
                            models.Q(models.Q(("reason", ""), _negated=True), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="disqualified_referrals_say_why_and_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "installed"), _negated=True),
                            ("installed_on__isnull", False),
                            _connector="OR",
                        ),
                        name="installed_referrals_say_when",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "disqualified"), _negated=True),
                        fields=("friend",),
                        name="one_live_referral_per_friend",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InvitationBlock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email_key", models.CharField(max_length=254)),
                ("since", models.DateTimeField(default=foundation.now.now, verbose_name="since")),
                (
                    "referrer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="blocks",
                        to="referrals.referrer",
                        verbose_name="referrer",
                    ),
                ),
            ],
            options={
                "verbose_name": "blocked invitations",
                "verbose_name_plural": "blocked invitations",
                "constraints": [
                    models.UniqueConstraint(fields=("referrer", "email_key"), name="one_block_per_referrer_and_mailbox")
                ],
            },
        ),
        migrations.AddField(
            model_name="invitation",
            name="referrer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="invitations",
                to="referrals.referrer",
                verbose_name="referrer",
            ),
        ),
        migrations.CreateModel(
            name="Signal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("same_address", "Same address as the referrer"),
                            ("same_surname", "Same surname as the referrer"),
                            ("sold_by_referrer", "Sold by the referrer"),
                            ("served_address", "Somebody had service at this address lately"),
                            ("velocity", "Many referrals in a short time"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("detail", models.CharField(blank=True, max_length=200, verbose_name="detail")),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "To be looked at"), ("cleared", "Cleared"), ("confirmed", "Confirmed")],
                        default="open",
                        editable=False,
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("raised_at", models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="raised")),
                ("decided_at", models.DateTimeField(editable=False, null=True, verbose_name="decided")),
                ("decision_note", models.CharField(blank=True, editable=False, max_length=300, verbose_name="note")),
                (
                    "decided_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                (
                    "referral",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signals",
                        to="referrals.referral",
                        verbose_name="referral",
                    ),
                ),
            ],
            options={
                "verbose_name": "signal",
                "verbose_name_plural": "signals",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(condition=models.Q(("status", "open")), fields=["referral"], name="signal_open")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "cleared", "confirmed"])),
                        name="signal_status_is_known",
                    ),
                    models.UniqueConstraint(fields=("referral", "kind"), name="one_signal_per_kind"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Touch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "token",
                    models.CharField(
                        default=referrals.models.programmes.new_token, editable=False, max_length=40, unique=True
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("invitation", "Invitation opened"),
                            ("link", "Link opened"),
                            ("code", "Code given"),
                            ("invited_address", "Ordered with an invited e-mail address"),
                        ],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
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
                        default="web",
                        max_length=20,
                        verbose_name="channel",
                    ),
                ),
                ("at", models.DateTimeField(default=foundation.now.now, verbose_name="when")),
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
                    "invitation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="touches",
                        to="referrals.invitation",
                        verbose_name="invitation",
                    ),
                ),
                (
                    "referrer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="touches",
                        to="referrals.referrer",
                        verbose_name="referrer",
                    ),
                ),
            ],
            options={
                "verbose_name": "touch",
                "verbose_name_plural": "touches",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["referrer", "-at"], name="touch_referrer")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["invitation", "link", "code", "invited_address"])),
                        name="touch_kind_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ResolvedTouch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rank", models.PositiveSmallIntegerField(verbose_name="rank")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("won", "Credited"),
                            ("outranked", "Another touch comes first"),
                            ("outside_window", "Too long before the order"),
                            ("after_order", "After the order"),
                            ("referrer_inactive", "The referrer was not active"),
                            ("programme_inactive", "The program did not run"),
                            ("other_market", "The program is not for this market"),
                            ("bound_elsewhere", "The customer was referred before"),
                            ("self_referral", "One cannot refer oneself"),
                            ("not_new", "Was a customer before"),
                        ],
                        max_length=20,
                        verbose_name="outcome",
                    ),
                ),
                ("resolved_at", models.DateTimeField(default=foundation.now.now)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="resolved_touches",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "touch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="resolutions",
                        to="referrals.touch",
                        verbose_name="touch",
                    ),
                ),
            ],
            options={
                "verbose_name": "resolved touch",
                "verbose_name_plural": "resolved touches",
                "ordering": ["order", "rank"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "outcome__in",
                                [
                                    "won",
                                    "outranked",
                                    "outside_window",
                                    "after_order",
                                    "referrer_inactive",
                                    "programme_inactive",
                                    "other_market",
                                    "bound_elsewhere",
                                    "self_referral",
                                    "not_new",
                                ],
                            )
                        ),
                        name="touch_outcome_is_known",
                    ),
                    models.UniqueConstraint(fields=("order", "touch"), name="a_touch_is_resolved_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("outcome", "won")), fields=("order",), name="one_winning_touch_per_order"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(fields=["referrer", "-created_at"], name="invitation_referrer"),
        ),
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(fields=["division", "-id"], name="invitation_division"),
        ),
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(
                condition=models.Q(("status", "queued"), ("written_at", None)),
                fields=["id"],
                name="invitation_to_write",
            ),
        ),
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(
                condition=models.Q(("status__in", ["clicked", "queued", "sent"])),
                fields=["created_at"],
                name="invitation_age",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "queued",
                            "sent",
                            "clicked",
                            "ordered",
                            "bounced",
                            "suppressed",
                            "opted_out",
                            "withdrawn",
                            "expired",
                        ],
                    )
                ),
                name="invitation_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                name="invitation_email_in_lower_case",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["clicked", "queued", "sent"])),
                fields=("email_key",),
                name="one_live_invitation_per_mailbox",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="programme",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="34bebc42880859d4b1f5530a215f9f17672a1970",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_76005",
                    table="referrals_programme",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referral",
            trigger=pgtrigger.compiler.Trigger(
                name="who_is_credited_never_changes",
                sql=foundation.safeguards.SafeguardSql(
                    func="\n            IF (NEW.programme_id, NEW.referrer_id, NEW.division_id, NEW.order_id) IS DISTINCT FROM (OLD.programme_id, OLD.referrer_id, OLD.division_id, OLD.order_id) THEN\n                RAISE EXCEPTION 'Who is credited for an order does not change.';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="10d15a8139d4b726eefcff3d5aaaad1ed5a6860f",
                    operation='UPDATE OF "programme_id", "referrer_id", "division_id", "order_id"',
                    pgid="pgtrigger_who_is_credited_never_changes_240b4",
                    table="referrals_referral",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="touch",
            trigger=pgtrigger.compiler.Trigger(
                name="touches_never_change",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="af60fad61eb8580be7880b79b485de4da8078981",
                    operation="UPDATE",
                    pgid="pgtrigger_touches_never_change_0f88c",
                    table="referrals_touch",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="resolvedtouch",
            trigger=pgtrigger.compiler.Trigger(
                name="resolutions_never_change",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="384d60bfd9dba5401d7cc249cf0fdc4e4df47cdd",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_resolutions_never_change_fb610",
                    table="referrals_resolvedtouch",
                    when="BEFORE",
                ),
            ),
        ),
    ]
