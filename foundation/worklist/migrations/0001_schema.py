import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import foundation.divisions.fields
import foundation.now


class Migration(migrations.Migration):
    replaces = [("worklist", "0001_initial")]

    initial = True

    dependencies = [
        ("divisions", "0001_schema"),
        ("people", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Skill",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.SlugField(
                        help_text="Short, for rules and reports. Kept for ever.", max_length=40, verbose_name="code"
                    ),
                ),
                (
                    "name",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts,
                        help_text="As people say it: Business fibre, Cable modems.",
                        verbose_name="name",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="Teams of this division and of all below it can have it.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "skill",
                "verbose_name_plural": "skills",
                "ordering": ["code"],
                "constraints": [models.UniqueConstraint(fields=("code",), name="one_skill_per_code")],
            },
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="As staff call it: First line, Business desk.", max_length=80, verbose_name="name"
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True, help_text="A team that is not active is given no new work.", verbose_name="active"
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="The team works for this division and for all below it.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "team",
                "verbose_name_plural": "teams",
                "ordering": ["name", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("division", "name"), name="one_team_of_a_name_per_division")
                ],
            },
        ),
        migrations.CreateModel(
            name="Rotation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField(default=0, editable=False)),
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rotation",
                        to="worklist.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "rotation",
                "verbose_name_plural": "rotations",
            },
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "capacity",
                    models.PositiveSmallIntegerField(
                        default=10,
                        help_text="How many open pieces of work they carry at most before they are passed over. 0: they are given none.",
                        verbose_name="capacity",
                    ),
                ),
                (
                    "languages",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10),
                        blank=True,
                        default=list,
                        help_text="In which they speak and write with customers.",
                        size=None,
                        verbose_name="languages",
                    ),
                ),
                (
                    "is_enabled",
                    models.BooleanField(
                        default=True,
                        help_text="Switched off, they are passed over and may still take work.",
                        verbose_name="is given work",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "skills",
                    models.ManyToManyField(
                        blank=True, related_name="members", to="worklist.skill", verbose_name="skills"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="worklist.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "member",
                "verbose_name_plural": "members",
                "ordering": ["pk"],
                "constraints": [models.UniqueConstraint(fields=("team", "user"), name="one_membership_per_team")],
            },
        ),
        migrations.CreateModel(
            name="Absence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField(default=foundation.now.now, verbose_name="from")),
                (
                    "ends_at",
                    models.DateTimeField(
                        blank=True, help_text="Empty: until further notice.", null=True, verbose_name="to"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("sick", "Sick"),
                            ("holiday", "Holiday"),
                            ("training", "Training"),
                            ("left", "Has left"),
                            ("other", "Other"),
                        ],
                        default="holiday",
                        max_length=12,
                        verbose_name="reason",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="Whose staff may see and change this. The person is absent everywhere.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
                (
                    "noted_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="noted by",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="absences",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "absence",
                "verbose_name_plural": "absences",
                "ordering": ["-starts_at", "-pk"],
                "indexes": [models.Index(fields=["user", "-starts_at"], name="absence_of")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at", None), ("ends_at__gt", models.F("starts_at")), _connector="OR"),
                        name="absence_ends_after_it_starts",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Shift",
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
                        verbose_name="weekday",
                    ),
                ),
                ("starts", models.TimeField(verbose_name="from")),
                ("ends", models.TimeField(help_text="Not after the beginning: on the day after.", verbose_name="to")),
                (
                    "zone",
                    models.CharField(
                        blank=True,
                        help_text="In which the hours are meant, such as America/Chicago. Empty: the time zone of the team's division.",
                        max_length=60,
                        verbose_name="time zone",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shifts",
                        to="worklist.member",
                        verbose_name="member",
                    ),
                ),
            ],
            options={
                "verbose_name": "shift",
                "verbose_name_plural": "shifts",
                "ordering": ["weekday", "starts"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("weekday__in", [0, 1, 2, 3, 4, 5, 6])), name="shift_weekday_is_known"
                    ),
                    models.UniqueConstraint(fields=("member", "weekday", "starts"), name="one_shift_per_beginning"),
                ],
            },
        ),
    ]
