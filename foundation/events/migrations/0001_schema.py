import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.serializers.json
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import foundation.now
import foundation.safeguards


class Migration(migrations.Migration):
    replaces = [
        ("events", "0001_initial"),
        ("events", "0002_facts_have_one_actor"),
        ("events", "0003_what_no_session_switches_off"),
    ]

    initial = True

    dependencies = [
        ("divisions", "0001_schema"),
        ("people", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, verbose_name="fact")),
                (
                    "payload",
                    models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name="content"),
                ),
                ("subject_type", models.CharField(max_length=80, verbose_name="subject")),
                ("subject_id", models.BigIntegerField(verbose_name="subject id")),
                (
                    "about",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), default=list, size=None, verbose_name="about"
                    ),
                ),
                ("channel", models.CharField(blank=True, max_length=20, verbose_name="channel")),
                ("actor_role", models.CharField(blank=True, max_length=20, verbose_name="in the role")),
                ("at", models.DateTimeField(default=foundation.now.now, verbose_name="happened")),
                ("recorded_at", models.DateTimeField(default=foundation.now.now, verbose_name="recorded")),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "fact",
                "verbose_name_plural": "facts",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(fields=["about"], name="event_about"),
                    models.Index(fields=["subject_type", "subject_id", "at"], name="event_subject"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("handler", models.CharField(max_length=160, verbose_name="listener")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("due_at", models.DateTimeField(default=foundation.now.now, verbose_name="next attempt")),
                ("done_at", models.DateTimeField(null=True, verbose_name="done")),
                ("failed_at", models.DateTimeField(null=True, verbose_name="set aside")),
                ("error", models.TextField(blank=True, verbose_name="last error")),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="events.event",
                        verbose_name="fact",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("done_at", None), ("failed_at", None)),
                        fields=["due_at"],
                        name="delivery_due",
                    ),
                    models.Index(
                        condition=models.Q(("failed_at__isnull", False)),
                        fields=["failed_at"],
                        name="delivery_set_aside",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("event", "handler"), name="one_delivery_per_listener")],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'Facts are append-only.';",
                    hash="8ac620f8079a38272ea5bbab63e69ee6aa3813db",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_affb7",
                    table="events_event",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=foundation.safeguards.SafeguardSql(
                    func="RAISE EXCEPTION 'Facts are append-only.';",
                    hash="ccff57c1258517d4ee7be64c6fb58b0bdd3e8dc8",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_28693",
                    table="events_event",
                    when="BEFORE",
                ),
            ),
        ),
    ]
