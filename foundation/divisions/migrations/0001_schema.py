import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import foundation.divisions.fields
import foundation.divisions.models
import foundation.now


class Migration(migrations.Migration):
    replaces = [("divisions", "0001_initial")]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Configuration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "configuration version",
            },
        ),
        migrations.CreateModel(
            name="DivisionLevel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "depth",
                    models.PositiveSmallIntegerField(
                        help_text="0 is the top of the tree.", unique=True, verbose_name="depth"
                    ),
                ),
                (
                    "name",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts, verbose_name="name"
                    ),
                ),
            ],
            options={
                "verbose_name": "level name",
                "verbose_name_plural": "level names",
                "ordering": ["depth"],
            },
        ),
        migrations.CreateModel(
            name="Division",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.SlugField(
                        help_text="Short, for files and reports. Kept for ever.",
                        max_length=40,
                        unique=True,
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "lineage",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, editable=False, size=None
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True, help_text="An inactive market takes no new orders.", verbose_name="active"
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="divisions.division",
                        verbose_name="belongs to",
                    ),
                ),
            ],
            options={
                "verbose_name": "division",
                "verbose_name_plural": "divisions",
                "ordering": ["name"],
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["lineage"], name="division_lineage")],
            },
        ),
        migrations.CreateModel(
            name="Brand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "primary",
                    models.CharField(
                        default="#1f5f8b",
                        help_text="Buttons, links and the header's line. White text must be readable on it.",
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^#[0-9a-fA-F]{6}$", "Write a colour as # and six digits, for example #1d4ed8."
                            )
                        ],
                        verbose_name="brand colour",
                    ),
                ),
                (
                    "primary_dark",
                    models.CharField(
                        default="#8cc4ea",
                        help_text="The same in dark mode. It must be readable on near-black.",
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^#[0-9a-fA-F]{6}$", "Write a colour as # and six digits, for example #1d4ed8."
                            )
                        ],
                        verbose_name="brand colour on dark",
                    ),
                ),
                ("logo", models.BinaryField(blank=True, verbose_name="logo")),
                ("logo_type", models.CharField(blank=True, editable=False, max_length=40)),
                (
                    "phone",
                    models.CharField(
                        blank=True, help_text="Where a page says “call us”.", max_length=30, verbose_name="phone"
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        blank=True,
                        help_text="The sender of this brand's messages.",
                        max_length=254,
                        verbose_name="e-mail",
                    ),
                ),
                (
                    "address",
                    models.CharField(
                        blank=True,
                        help_text="At the foot of every message.",
                        max_length=200,
                        verbose_name="postal address",
                    ),
                ),
                ("changed_at", models.DateTimeField(default=foundation.now.now, editable=False)),
                (
                    "division",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="brands",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "brand",
                "verbose_name_plural": "brands",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="DivisionGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                (
                    "name",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts, verbose_name="name"
                    ),
                ),
                (
                    "divisions",
                    models.ManyToManyField(related_name="groups", to="divisions.division", verbose_name="divisions"),
                ),
            ],
            options={
                "verbose_name": "grouping",
                "verbose_name_plural": "groupings",
            },
        ),
        migrations.CreateModel(
            name="DivisionSetting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, verbose_name="setting")),
                ("value", models.JSONField(verbose_name="value")),
                (
                    "division",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="settings",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "setting",
                "verbose_name_plural": "settings",
                "constraints": [models.UniqueConstraint(fields=("division", "name"), name="one_value_per_division")],
            },
        ),
        migrations.CreateModel(
            name="Site",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                (
                    "host",
                    models.CharField(
                        default="*",
                        help_text="Without port. * stands for every host name.",
                        max_length=120,
                        verbose_name="host name",
                    ),
                ),
                (
                    "path_prefix",
                    models.CharField(
                        blank=True,
                        help_text="For a market below an existing site, for example /hollow. Empty for the whole host.",
                        max_length=60,
                        validators=[django.core.validators.RegexValidator("^(/[a-z0-9-]+)*$")],
                        verbose_name="path",
                    ),
                ),
                (
                    "languages",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10),
                        default=foundation.divisions.models._default_languages,
                        size=None,
                        verbose_name="languages",
                    ),
                ),
                ("default_language", models.CharField(default="en", max_length=10, verbose_name="default language")),
                (
                    "embed_hosts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        blank=True,
                        default=list,
                        help_text="Origins, such as https://www.example.com, that may show the address check in a frame.",
                        size=None,
                        verbose_name="hosts that may embed",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "brand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sites",
                        to="divisions.brand",
                        verbose_name="brand",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sites",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "site",
                "verbose_name_plural": "sites",
                "ordering": ["code"],
                "constraints": [models.UniqueConstraint(fields=("host", "path_prefix"), name="one_site_per_address")],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="division",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="599a0ca8079e53cf6ce17cc3e7a8cbffe8ebf4f0",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_06ee4",
                    table="divisions_division",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="brand",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="275a2f8423c069d5e385540c7b2baa0cfc9260be",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_0c9a0",
                    table="divisions_brand",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="divisionsetting",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="85087cb8f74028d92064693907a1557c57b9beef",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_441fa",
                    table="divisions_divisionsetting",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="site",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="3178d9921ad2ece32454300281ed817d8e88869a",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_6c7b0",
                    table="divisions_site",
                    when="AFTER",
                ),
            ),
        ),
    ]
