import secrets

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import foundation.now


class Migration(migrations.Migration):
    replaces = [("territory", "0001_initial"), ("territory", "0003_nodes")]

    initial = True

    dependencies = [
        ("divisions", "0001_schema"),
        ("jobs", "0001_schema"),
        ("people", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Spelling",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "remainder", "name", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("remainder", models.CharField(max_length=10)),
                ("name", models.CharField(max_length=80)),
            ],
            options={
                "verbose_name": "spelling",
                "verbose_name_plural": "spellings",
            },
        ),
        migrations.CreateModel(
            name="ImportFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=160, verbose_name="file")),
                ("digest", models.CharField(db_index=True, editable=False, max_length=64)),
                ("delimiter", models.CharField(editable=False, max_length=1)),
                ("header", models.JSONField(default=list, editable=False)),
                ("rows", models.BigIntegerField(default=0, verbose_name="rows")),
                ("added", models.BigIntegerField(default=0, verbose_name="added")),
                ("changed", models.BigIntegerField(default=0, verbose_name="changed")),
                ("unchanged", models.BigIntegerField(default=0, verbose_name="unchanged")),
                ("at", models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="at")),
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
                        verbose_name="progress",
                    ),
                ),
            ],
            options={
                "verbose_name": "import of premises",
                "verbose_name_plural": "imports of premises",
                "ordering": ["-at"],
            },
        ),
        migrations.CreateModel(
            name="Street",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("zip_code", models.CharField(max_length=5)),
                ("city_key", models.CharField(max_length=60)),
                ("state", models.CharField(max_length=2)),
                ("before", models.CharField(blank=True, max_length=2)),
                ("suffix", models.CharField(blank=True, max_length=5)),
                ("after", models.CharField(blank=True, max_length=2)),
                ("city", models.CharField(max_length=60, verbose_name="town")),
                (
                    "division",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                    ),
                ),
            ],
            options={
                "verbose_name": "street",
                "verbose_name_plural": "streets",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name", "zip_code", "city_key", "state", "before", "suffix", "after", "division"),
                        name="street_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Premises",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source_id",
                    models.CharField(
                        blank=True,
                        help_text="Under which the import knows the address. Empty if it was added by hand.",
                        max_length=40,
                        null=True,
                        verbose_name="operator's number",
                    ),
                ),
                ("house_number", models.CharField(blank=True, editable=False, max_length=20)),
                ("unit_key", models.CharField(blank=True, editable=False, max_length=24)),
                ("street_line", models.CharField(max_length=100, verbose_name="street address")),
                ("unit", models.CharField(blank=True, max_length=30, verbose_name="unit")),
                ("city", models.CharField(max_length=60, verbose_name="town")),
                ("state", models.CharField(max_length=2, verbose_name="state")),
                ("zip_code", models.CharField(max_length=5, verbose_name="ZIP code")),
                (
                    "node",
                    models.CharField(
                        blank=True,
                        help_text="What of the network serves the address, as the import names it: a hub, a cabinet, a splitter.",
                        max_length=40,
                        verbose_name="network node",
                    ),
                ),
                (
                    "latitude",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(-90),
                            django.core.validators.MaxValueValidator(90),
                        ],
                        verbose_name="latitude",
                    ),
                ),
                (
                    "longitude",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(-180),
                            django.core.validators.MaxValueValidator(180),
                        ],
                        verbose_name="longitude",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
                (
                    "street",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="premises",
                        to="territory.street",
                    ),
                ),
            ],
            options={
                "verbose_name": "premises",
                "verbose_name_plural": "premises",
                "constraints": [
                    models.UniqueConstraint(fields=("division", "source_id"), name="premises_once_per_source"),
                    models.UniqueConstraint(
                        fields=("street", "house_number", "unit_key"), name="premises_once_per_address"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Override",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "technology",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("fibre", "Fiber"),
                            ("hfc", "Cable"),
                            ("fixed_wireless", "Fixed wireless"),
                            ("dsl", "DSL"),
                        ],
                        max_length=14,
                        verbose_name="technology",
                    ),
                ),
                ("down_mbps", models.PositiveIntegerField(blank=True, null=True, verbose_name="download, Mbps")),
                ("up_mbps", models.PositiveIntegerField(blank=True, null=True, verbose_name="upload, Mbps")),
                (
                    "available_from",
                    models.DateField(
                        blank=True,
                        help_text="For what is planned: when service starts.",
                        null=True,
                        verbose_name="available from",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="Shown to the customer.", max_length=160, verbose_name="reason"
                    ),
                ),
                ("house_number", models.CharField(blank=True, max_length=20, verbose_name="house number")),
                ("unit_key", models.CharField(blank=True, max_length=24, verbose_name="unit")),
                ("label", models.CharField(max_length=200, verbose_name="address")),
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
                        help_text="Empty: all families.",
                        max_length=12,
                        verbose_name="family",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("available", "Available"),
                            ("planned", "Planned"),
                            ("unserviceable", "Cannot be served"),
                            ("blocked", "Blocked"),
                        ],
                        max_length=14,
                        verbose_name="status",
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        help_text="For colleagues. Customers do not see it.", max_length=200, verbose_name="why"
                    ),
                ),
                (
                    "until",
                    models.DateTimeField(
                        blank=True, help_text="Empty: until somebody lifts it.", null=True, verbose_name="until"
                    ),
                ),
                ("made_at", models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="made")),
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
                    "street",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.street",
                    ),
                ),
            ],
            options={
                "verbose_name": "override",
                "verbose_name_plural": "overrides",
                "ordering": ["-made_at"],
                "indexes": [models.Index(fields=["street", "house_number", "unit_key"], name="override_address")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["available", "planned", "unserviceable", "blocked"])),
                        name="override_status_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AddressLookup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("typed", models.CharField(max_length=300, verbose_name="as typed")),
                ("channel", models.CharField(blank=True, max_length=20, verbose_name="channel")),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("exact", "One address"),
                            ("building", "A building, the unit to be told"),
                            ("candidates", "Suggestions"),
                            ("nothing", "Nothing"),
                        ],
                        max_length=12,
                        verbose_name="result",
                    ),
                ),
                ("suggestions", models.PositiveSmallIntegerField(default=0, verbose_name="suggestions")),
                ("at", models.DateTimeField(default=foundation.now.now, verbose_name="at")),
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
                "verbose_name": "address search",
                "verbose_name_plural": "address searches",
                "ordering": ["-at"],
                "indexes": [models.Index(fields=["division", "-at"], name="lookup_by_division")],
            },
        ),
        migrations.CreateModel(
            name="ImportBlock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.BigIntegerField()),
                ("content", models.BinaryField()),
                (
                    "file",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="blocks",
                        to="territory.importfile",
                    ),
                ),
            ],
            options={
                "verbose_name": "import block",
                "verbose_name_plural": "import blocks",
                "constraints": [models.UniqueConstraint(fields=("file", "first"), name="import_block_once")],
            },
        ),
        migrations.CreateModel(
            name="Occupancy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                        max_length=12,
                        verbose_name="family",
                    ),
                ),
                ("since", models.DateField(verbose_name="since")),
                ("until", models.DateField(blank=True, null=True, verbose_name="until")),
                (
                    "reference",
                    models.CharField(
                        help_text="Whose service: set by who recorded it.", max_length=60, verbose_name="reference"
                    ),
                ),
                (
                    "premises",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="occupancies",
                        to="territory.premises",
                        verbose_name="premises",
                    ),
                ),
            ],
            options={
                "verbose_name": "occupancy",
                "verbose_name_plural": "occupancies",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until", None)),
                        fields=("premises", "family"),
                        name="one_active_service_per_family",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                        name="occupancy_ends_after",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Availability",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "technology",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("fibre", "Fiber"),
                            ("hfc", "Cable"),
                            ("fixed_wireless", "Fixed wireless"),
                            ("dsl", "DSL"),
                        ],
                        max_length=14,
                        verbose_name="technology",
                    ),
                ),
                ("down_mbps", models.PositiveIntegerField(blank=True, null=True, verbose_name="download, Mbps")),
                ("up_mbps", models.PositiveIntegerField(blank=True, null=True, verbose_name="upload, Mbps")),
                (
                    "available_from",
                    models.DateField(
                        blank=True,
                        help_text="For what is planned: when service starts.",
                        null=True,
                        verbose_name="available from",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="Shown to the customer.", max_length=160, verbose_name="reason"
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
                        max_length=12,
                        verbose_name="family",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("available", "Available"),
                            ("planned", "Planned"),
                            ("unserviceable", "Cannot be served"),
                            ("blocked", "Blocked"),
                        ],
                        max_length=14,
                        verbose_name="status",
                    ),
                ),
                (
                    "alternate_technology",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("fibre", "Fiber"),
                            ("hfc", "Cable"),
                            ("fixed_wireless", "Fixed wireless"),
                            ("dsl", "DSL"),
                        ],
                        help_text="What this address can have today instead, such as fixed wireless where there is no fiber.",
                        max_length=14,
                        verbose_name="stand-in technology",
                    ),
                ),
                (
                    "alternate_down_mbps",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="stand-in download, Mbps"),
                ),
                (
                    "alternate_up_mbps",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="stand-in upload, Mbps"),
                ),
                (
                    "premises",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="availability",
                        to="territory.premises",
                    ),
                ),
            ],
            options={
                "verbose_name": "availability",
                "verbose_name_plural": "availability",
                "constraints": [
                    models.UniqueConstraint(fields=("premises", "family"), name="availability_once_per_family"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["available", "planned", "unserviceable", "blocked"])),
                        name="availability_status_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Qualification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(default=secrets.token_urlsafe, editable=False, max_length=48, unique=True)),
                ("typed", models.CharField(blank=True, max_length=300, verbose_name="as typed")),
                ("channel", models.CharField(blank=True, max_length=20, verbose_name="channel")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("qualified", "Available"),
                            ("alternate", "Available another way"),
                            ("planned", "Planned"),
                            ("unserviceable", "Cannot be served"),
                            ("unknown", "Not known"),
                            ("active_service", "Has service already"),
                            ("blocked", "Blocked"),
                        ],
                        max_length=14,
                        verbose_name="outcome",
                    ),
                ),
                ("results", models.JSONField(default=list)),
                ("checked_at", models.DateTimeField(default=foundation.now.now, verbose_name="checked")),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="qualifications",
                        to="territory.premises",
                        verbose_name="premises",
                    ),
                ),
            ],
            options={
                "verbose_name": "address check",
                "verbose_name_plural": "address checks",
                "ordering": ["-checked_at"],
                "indexes": [models.Index(fields=["division", "-checked_at"], name="qualification_by_division")],
            },
        ),
    ]
