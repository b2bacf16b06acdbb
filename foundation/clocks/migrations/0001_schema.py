import datetime

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import foundation.divisions.fields


class Migration(migrations.Migration):
    replaces = [("clocks", "0001_initial")]

    initial = True

    dependencies = [
        ("divisions", "0001_schema"),
    ]

    operations = [
        migrations.CreateModel(
            name="Calendar",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.SlugField(
                        help_text="Short, for reports. Kept for ever.", max_length=40, verbose_name="code"
                    ),
                ),
                (
                    "names",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts, verbose_name="name"
                    ),
                ),
                (
                    "zone_of",
                    models.CharField(
                        choices=[
                            ("division", "The division that the calendar belongs to"),
                            ("customer", "The customer, where the service is"),
                        ],
                        default="division",
                        help_text="In whose time zone the hours below are meant: where your people work, or where the customer is.",
                        max_length=12,
                        verbose_name="time zone of",
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        blank=True,
                        help_text="Two letters, for example US: its public holidays are closed. Empty: holidays are like any day.",
                        max_length=2,
                        verbose_name="holidays of country",
                    ),
                ),
                (
                    "region",
                    models.CharField(
                        blank=True,
                        help_text="A state or province of that country, for example CA. Empty: the nation-wide holidays alone.",
                        max_length=6,
                        verbose_name="and of region",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calendars",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "calendar",
                "verbose_name_plural": "calendars",
                "ordering": ["code"],
                "constraints": [
                    models.UniqueConstraint(fields=("division", "code"), name="one_calendar_per_code"),
                    models.CheckConstraint(
                        condition=models.Q(("zone_of__in", ["division", "customer"])), name="calendar_zone_is_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarFrame",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "Monday"),
                            (1, "Tuesday"),
                            (2, "Wednesday"),
                            (3, "Thursday"),
                            (4, "Friday"),
                            (5, "Saturday"),
                            (6, "Sunday"),
                        ],
                        verbose_name="day",
                    ),
                ),
                ("opens", models.TimeField(verbose_name="opens")),
                (
                    "closes",
                    models.TimeField(help_text="0:00 is the midnight at the end of the day.", verbose_name="closes"),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="frames",
                        to="clocks.calendar",
                        verbose_name="calendar",
                    ),
                ),
            ],
            options={
                "verbose_name": "hours",
                "verbose_name_plural": "hours",
                "ordering": ["weekday", "opens"],
                "constraints": [
                    models.UniqueConstraint(fields=("calendar", "weekday", "opens"), name="one_frame_per_opening"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closes__gt", models.F("opens")), ("closes", datetime.time(0, 0)), _connector="OR"
                        ),
                        name="frame_closes_after_it_opens",
                        violation_error_message="Closing comes after opening; work over midnight takes two rows.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SpecialDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
                (
                    "opens",
                    models.TimeField(
                        blank=True, help_text="Both times empty: closed all day.", null=True, verbose_name="opens"
                    ),
                ),
                ("closes", models.TimeField(blank=True, null=True, verbose_name="closes")),
                ("note", models.CharField(blank=True, max_length=80, verbose_name="note")),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="special_days",
                        to="clocks.calendar",
                        verbose_name="calendar",
                    ),
                ),
            ],
            options={
                "verbose_name": "special day",
                "verbose_name_plural": "special days",
                "ordering": ["day", "opens"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("calendar", "day", "opens"), name="one_special_opening", nulls_distinct=False
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closes", None), ("opens", None)),
                            models.Q(
                                ("closes__isnull", False),
                                ("opens__isnull", False),
                                models.Q(
                                    ("closes__gt", models.F("opens")), ("closes", datetime.time(0, 0)), _connector="OR"
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="special_day_has_both_times_or_none",
                        violation_error_message="Give both times, closing after opening, or leave both empty.",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="calendar",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="170caeb8fbef69888b77f37939e79dfb921d9c43",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_33382",
                    table="clocks_calendar",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="calendarframe",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="373efb975fdfe1be8caf591b695d1eb7e3010e85",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_246fd",
                    table="clocks_calendarframe",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="specialday",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="5fa06a6f29957a030f5e07279b0de8ca71ae16c0",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_31257",
                    table="clocks_specialday",
                    when="AFTER",
                ),
            ),
        ),
    ]
