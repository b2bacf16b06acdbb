import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import foundation.now


class Migration(migrations.Migration):
    replaces = [
        ("correspondence", "0001_initial"),
        ("correspondence", "0002_bounces_and_mailboxes"),
        ("correspondence", "0003_inbound_mail"),
    ]

    initial = True

    dependencies = [
        ("divisions", "0001_schema"),
    ]

    operations = [
        migrations.CreateModel(
            name="Suppression",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail")),
                ("mailbox", models.CharField(db_index=True, editable=False, max_length=254)),
                ("reason", models.CharField(max_length=120, verbose_name="reason")),
                ("since", models.DateTimeField(default=foundation.now.now, verbose_name="since")),
            ],
            options={
                "verbose_name": "suppressed address",
                "verbose_name_plural": "suppressed addresses",
            },
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject_type", models.CharField(max_length=80)),
                ("subject_id", models.BigIntegerField()),
                ("kind", models.CharField(max_length=60, verbose_name="kind")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("filename", models.CharField(max_length=120, verbose_name="file name")),
                ("content", models.BinaryField()),
                ("made_at", models.DateTimeField(default=foundation.now.now, verbose_name="made")),
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
                "verbose_name": "document",
                "verbose_name_plural": "documents",
                "constraints": [
                    models.UniqueConstraint(fields=("subject_type", "subject_id", "kind"), name="one_document_per_kind")
                ],
            },
        ),
        migrations.CreateModel(
            name="Mailbox",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        help_text="Lower-case letters, digits and _. It names the password in the environment. Kept for ever.",
                        max_length=20,
                        unique=True,
                        validators=[django.core.validators.RegexValidator("^[a-z][a-z0-9_]*$")],
                        verbose_name="code",
                    ),
                ),
                (
                    "address",
                    models.EmailField(help_text="What people write to.", max_length=254, verbose_name="address"),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Nothing is fetched from, and nothing taken for, an inactive mailbox.",
                        verbose_name="active",
                    ),
                ),
                (
                    "host",
                    models.CharField(
                        blank=True,
                        help_text="Empty: mail is posted to us and not fetched.",
                        max_length=200,
                        validators=[django.core.validators.RegexValidator("^[A-Za-z0-9.:_-]+$")],
                        verbose_name="IMAP server",
                    ),
                ),
                ("port", models.PositiveIntegerField(default=993, verbose_name="port")),
                (
                    "security",
                    models.CharField(
                        choices=[
                            ("tls", "TLS from the beginning (port 993)"),
                            ("starttls", "TLS after a greeting (STARTTLS, port 143)"),
                            ("plain", "None: only within one machine"),
                        ],
                        default="tls",
                        max_length=10,
                        verbose_name="security",
                    ),
                ),
                ("username", models.CharField(blank=True, max_length=200, verbose_name="user name")),
                (
                    "folder",
                    models.CharField(
                        default="INBOX",
                        max_length=100,
                        validators=[django.core.validators.RegexValidator("^[ -~]+$")],
                        verbose_name="folder",
                    ),
                ),
                (
                    "done_folder",
                    models.CharField(
                        blank=True,
                        default="Taken",
                        help_text="Messages are moved there once we have them. Empty: they stay where they are.",
                        max_length=100,
                        validators=[django.core.validators.RegexValidator("^[ -~]*$")],
                        verbose_name="folder for what was taken",
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
                "verbose_name": "mailbox",
                "verbose_name_plural": "mailboxes",
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="InboundMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("message_id", models.CharField(blank=True, max_length=250, verbose_name="Message-ID")),
                ("sender", models.CharField(blank=True, max_length=254, verbose_name="from")),
                ("subject_line", models.CharField(blank=True, max_length=500, verbose_name="subject")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("person", "A person"),
                            ("auto_reply", "An automatic answer or notice"),
                            ("bounce", "A mail server, about a message of ours"),
                            ("loop", "Our own message, come back"),
                            ("bulk", "A list or newsletter"),
                        ],
                        default="person",
                        max_length=12,
                        verbose_name="written by",
                    ),
                ),
                ("sign", models.CharField(blank=True, max_length=60, verbose_name="because of")),
                ("may_be_answered", models.BooleanField(default=True, verbose_name="may be answered by a machine")),
                ("size", models.PositiveIntegerField(verbose_name="bytes")),
                ("raw", models.BinaryField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting to be handled"),
                            ("handled", "Handled"),
                            ("set_aside", "Set aside: it needs a person"),
                        ],
                        default="waiting",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="why it is set aside")),
                ("outcome", models.CharField(blank=True, max_length=60, verbose_name="what became of it")),
                ("received_at", models.DateTimeField(default=foundation.now.now, verbose_name="received")),
                ("handled_at", models.DateTimeField(null=True, verbose_name="handled")),
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
                    "mailbox",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="correspondence.mailbox",
                        verbose_name="mailbox",
                    ),
                ),
            ],
            options={
                "verbose_name": "received message",
                "verbose_name_plural": "received messages",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["message_id"], name="mail_by_message_id"),
                    models.Index(
                        condition=models.Q(("status", "handled"), _negated=True),
                        fields=["division", "received_at"],
                        name="mail_open",
                    ),
                    models.Index(
                        condition=models.Q(("status", "handled"), models.Q(("raw", b""), _negated=True)),
                        fields=["handled_at"],
                        name="mail_to_empty",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("division", "digest"), name="a_mail_is_received_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["person", "auto_reply", "bounce", "loop", "bulk"])),
                        name="mail_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["waiting", "handled", "set_aside"])),
                        name="mail_status_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Fetching",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("validity", models.BigIntegerField(default=0, verbose_name="counting of the server")),
                ("last_uid", models.BigIntegerField(default=0, verbose_name="taken up to")),
                ("left", models.JSONField(blank=True, default=list, verbose_name="left for the next time")),
                ("busy_until", models.DateTimeField(null=True)),
                ("fetched_at", models.DateTimeField(null=True, verbose_name="last fetched")),
                ("error", models.CharField(blank=True, max_length=300, verbose_name="last error")),
                (
                    "mailbox",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fetching",
                        to="correspondence.mailbox",
                        verbose_name="mailbox",
                    ),
                ),
            ],
            options={
                "verbose_name": "fetching",
                "verbose_name_plural": "fetchings",
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=120, unique=True)),
                ("kind", models.CharField(max_length=60, verbose_name="kind")),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("service", "About what the recipient ordered or asked"),
                            ("marketing", "Advertising"),
                        ],
                        default="service",
                        max_length=10,
                        verbose_name="purpose",
                    ),
                ),
                ("subject_type", models.CharField(max_length=80)),
                ("subject_id", models.BigIntegerField()),
                ("to", models.EmailField(max_length=254, verbose_name="to")),
                ("sender", models.CharField(max_length=200, verbose_name="from")),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("subject_line", models.CharField(max_length=200, verbose_name="subject")),
                ("text", models.TextField(verbose_name="text")),
                ("html", models.TextField(blank=True, verbose_name="HTML")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("suppressed", "Not sent: the recipient asked for none"),
                            ("failed", "Failed"),
                            ("bounced", "Refused: the address does not work"),
                            ("withheld", "Not sent: no longer wanted"),
                        ],
                        default="queued",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("message_id", models.CharField(blank=True, max_length=250)),
                ("headers", models.JSONField(blank=True, default=dict)),
                ("queued_at", models.DateTimeField(default=foundation.now.now, verbose_name="queued")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                ("error", models.CharField(blank=True, max_length=300, verbose_name="last error")),
                (
                    "division",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
                ("documents", models.ManyToManyField(blank=True, related_name="+", to="correspondence.document")),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "ordering": ["-queued_at"],
                "indexes": [
                    models.Index(fields=["subject_type", "subject_id"], name="message_subject"),
                    models.Index(
                        condition=models.Q(("message_id", ""), _negated=True),
                        fields=["message_id"],
                        name="message_by_message_id",
                    ),
                    models.Index(fields=["to", "-queued_at"], name="message_to"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["queued", "sending", "sent", "suppressed", "failed", "bounced", "withheld"])
                        ),
                        name="message_status_is_known",
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="mailbox",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="3c63a0ecc34ef73584c11d386669ba72c941c56d",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_60a7e",
                    table="correspondence_mailbox",
                    when="AFTER",
                ),
            ),
        ),
    ]
