import django.core.serializers.json
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import foundation.now


class Migration(migrations.Migration):
    replaces = [("jobs", "0001_initial")]

    initial = True

    dependencies = [
        ("divisions", "0001_schema"),
        ("people", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=80, verbose_name="kind")),
                ("title", models.CharField(max_length=160, verbose_name="title")),
                ("params", models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("done", "Done"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                        ],
                        default="running",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("total", models.BigIntegerField(default=0, verbose_name="rows")),
                ("started_at", models.DateTimeField(default=foundation.now.now, verbose_name="started")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                ("problem", models.TextField(blank=True, verbose_name="problem")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="started by",
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
                "verbose_name": "job",
                "verbose_name_plural": "jobs",
                "ordering": ["-started_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["running", "done", "cancelled", "failed"])),
                        name="job_status_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="JobChunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.BigIntegerField()),
                ("last", models.BigIntegerField()),
                ("done", models.BigIntegerField(default=0)),
                ("wrong", models.BigIntegerField(default=0)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="chunks", to="jobs.job"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("finished_at", None)), fields=["job", "id"], name="chunk_waiting")
                ],
                "constraints": [models.UniqueConstraint(fields=("job", "first"), name="one_chunk_per_start")],
            },
        ),
        migrations.CreateModel(
            name="JobError",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row", models.BigIntegerField()),
                ("column", models.CharField(blank=True, max_length=60)),
                ("message", models.CharField(max_length=300)),
                ("raw", models.TextField(blank=True)),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="errors", to="jobs.job"
                    ),
                ),
            ],
            options={
                "ordering": ["row", "pk"],
                "indexes": [models.Index(fields=["job", "row"], name="job_error_row")],
            },
        ),
    ]
