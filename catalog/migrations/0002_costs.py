from decimal import Decimal

import django.contrib.postgres.constraints
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import catalog.models
import foundation.money


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0001_schema"),
        ("divisions", "0002_configuration_version"),
    ]

    operations = [
        migrations.CreateModel(
            name="Cost",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_on", models.DateField(help_text="The first day.", verbose_name="from")),
                (
                    "ends_on",
                    models.DateField(
                        blank=True,
                        help_text="The last day. Empty: until further notice.",
                        null=True,
                        verbose_name="until",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("recurring", "Every month"), ("one_time", "Once")],
                        max_length=10,
                        verbose_name="costs",
                    ),
                ),
                (
                    "amount",
                    foundation.money.MoneyField(
                        decimal_places=2,
                        max_digits=12,
                        validators=[django.core.validators.MinValueValidator(Decimal("0.00"))],
                        verbose_name="amount",
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        default="USD", help_text="ISO 4217, such as USD.", max_length=3, verbose_name="currency"
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="It holds here and below, unless a division below has its own.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="costs",
                        to="catalog.product",
                        verbose_name="product",
                    ),
                ),
            ],
            options={
                "verbose_name": "cost",
                "verbose_name_plural": "costs",
                "ordering": ["product", "kind", "-starts_on"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"),
                        name="cost_ends_after_it_starts",
                        violation_error_message="The last day lies before the first.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("product", "="), ("division", "="), ("kind", "="), (catalog.models.Days(), "&&")],
                        name="one_cost_at_once",
                        violation_error_message="Another one holds on some of these days. End it first, or choose other days.",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="cost_is_not_negative"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["recurring", "one_time"])), name="cost_kind_is_known"
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="cost",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="c3c8db8b56231a3d32ab97063df900853d6c6213",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_3679e",
                    table="catalog_cost",
                    when="AFTER",
                ),
            ),
        ),
    ]
