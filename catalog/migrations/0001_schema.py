from decimal import Decimal

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import catalog.models
import foundation.divisions.fields
import foundation.money


class Migration(migrations.Migration):
    replaces = [("catalog", "0001_initial")]

    initial = True

    dependencies = [
        ("catalog", "0000_btree_gist"),
        ("divisions", "0001_schema"),
    ]

    operations = [
        migrations.CreateModel(
            name="Campaign",
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
                    "code",
                    models.SlugField(
                        help_text="Never used again for anything else.", max_length=60, unique=True, verbose_name="code"
                    ),
                ),
                (
                    "names",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts,
                        help_text="As staff and customers read it.",
                        verbose_name="name",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("inactive", "Inactive"), ("active", "Active")],
                        default="inactive",
                        editable=False,
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "is_dummy",
                    models.BooleanField(
                        default=False,
                        help_text="Has no packages: an order starts in it until enough is known to choose a real campaign.",
                        verbose_name="dummy campaign",
                    ),
                ),
                (
                    "customer_classes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[("residential", "Residential"), ("business", "Business")], max_length=20
                        ),
                        default=catalog.models.every_class,
                        help_text="Who may have it.",
                        size=None,
                        verbose_name="customer classes",
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        default=100,
                        help_text="Of several that apply, the one with the highest number comes first.",
                        verbose_name="priority",
                    ),
                ),
                (
                    "eligible_otherwise",
                    models.BooleanField(
                        default=True,
                        help_text="What counts when every eligibility group says “check the next group”, or there is none.",
                        verbose_name="eligible when no group concludes",
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
            ],
            options={
                "verbose_name": "campaign",
                "verbose_name_plural": "campaigns",
                "ordering": ["-priority", "code"],
            },
        ),
        migrations.CreateModel(
            name="EligibilityGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "position",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Groups are checked in this order.", verbose_name="order"
                    ),
                ),
                (
                    "name",
                    models.CharField(help_text="For staff: what this group asks.", max_length=80, verbose_name="name"),
                ),
                (
                    "if_true",
                    models.CharField(
                        choices=[("next", "Check the next group"), ("holds", "Eligible"), ("fails", "Not eligible")],
                        default="next",
                        max_length=10,
                        verbose_name="if true",
                    ),
                ),
                (
                    "if_false",
                    models.CharField(
                        choices=[("next", "Check the next group"), ("holds", "Eligible"), ("fails", "Not eligible")],
                        default="fails",
                        max_length=10,
                        verbose_name="if false",
                    ),
                ),
                (
                    "true_otherwise",
                    models.BooleanField(
                        default=True,
                        help_text="What the group is when every criterion says “check the next criterion”.",
                        verbose_name="true when no criterion decides",
                    ),
                ),
                (
                    "refusals",
                    foundation.divisions.fields.TranslatedField(
                        blank=True,
                        default=foundation.divisions.fields.Texts,
                        help_text="Why this group refuses, such as “For new customers; you already have service.”",
                        verbose_name="what a refused customer reads",
                    ),
                ),
                (
                    "remedies",
                    foundation.divisions.fields.TranslatedField(
                        blank=True,
                        default=foundation.divisions.fields.Texts,
                        help_text="Where the customer can go from here, if anywhere.",
                        verbose_name="what would change it",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="eligibility",
                        to="catalog.campaign",
                        verbose_name="campaign",
                    ),
                ),
            ],
            options={
                "verbose_name": "eligibility group",
                "verbose_name_plural": "eligibility groups",
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="EligibilityCriterion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="order")),
                (
                    "fact",
                    models.CharField(
                        help_text="What is compared. An answer is written as answer. and its question's code.",
                        max_length=80,
                        verbose_name="fact",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[("text", "Text"), ("number", "Number"), ("flag", "Yes or no"), ("date", "Date")],
                        help_text="Only for answers. Empty: as text.",
                        max_length=10,
                        verbose_name="compared as",
                    ),
                ),
                (
                    "comparison",
                    models.CharField(
                        choices=[
                            ("=", "is"),
                            ("!=", "is not"),
                            (">", "is more than"),
                            ("<", "is less than"),
                            (">=", "is at least"),
                            ("<=", "is at most"),
                            ("between", "is between"),
                            ("in", "is one of"),
                            ("not_in", "is none of"),
                            ("contains", "contains"),
                            ("present", "is known"),
                        ],
                        max_length=10,
                        verbose_name="comparison",
                    ),
                ),
                (
                    "values",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        blank=True,
                        default=list,
                        help_text="Several are separated by commas: the two ends of “is between”, the members of “is one of”.",
                        size=None,
                        verbose_name="values",
                    ),
                ),
                (
                    "if_true",
                    models.CharField(
                        choices=[
                            ("next", "Check the next criterion"),
                            ("group_true", "The group is true"),
                            ("group_false", "The group is false"),
                        ],
                        default="next",
                        max_length=12,
                        verbose_name="if true",
                    ),
                ),
                (
                    "if_false",
                    models.CharField(
                        choices=[
                            ("next", "Check the next criterion"),
                            ("group_true", "The group is true"),
                            ("group_false", "The group is false"),
                        ],
                        default="group_false",
                        max_length=12,
                        verbose_name="if false",
                    ),
                ),
                (
                    "if_insufficient",
                    models.CharField(
                        choices=[
                            ("next", "Check the next criterion"),
                            ("group_true", "The group is true"),
                            ("group_false", "The group is false"),
                        ],
                        default="group_false",
                        help_text="Where it leads when the fact is missing or cannot be read.",
                        max_length=12,
                        verbose_name="if not known",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="criteria",
                        to="catalog.eligibilitygroup",
                        verbose_name="eligibility group",
                    ),
                ),
            ],
            options={
                "verbose_name": "criterion",
                "verbose_name_plural": "criteria",
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Package",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.SlugField(
                        help_text="Never used again for anything else.", max_length=60, unique=True, verbose_name="code"
                    ),
                ),
                (
                    "names",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts,
                        help_text="The title of the package's card.",
                        verbose_name="name",
                    ),
                ),
                (
                    "descriptions",
                    foundation.divisions.fields.TranslatedField(
                        blank=True,
                        default=foundation.divisions.fields.Texts,
                        help_text="One or two sentences below the title.",
                        multiline=True,
                        verbose_name="description",
                    ),
                ),
                (
                    "is_on_sale",
                    models.BooleanField(
                        default=True,
                        help_text="Take the tick away to stop selling it; what was ordered stays.",
                        verbose_name="on sale",
                    ),
                ),
                (
                    "eligible_otherwise",
                    models.BooleanField(
                        default=True,
                        help_text="What counts when every eligibility group says “check the next group”, or there is none.",
                        verbose_name="eligible when no group concludes",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="Sold here and below.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "package",
                "verbose_name_plural": "packages",
                "ordering": ["code"],
            },
        ),
        migrations.AddField(
            model_name="eligibilitygroup",
            name="package",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="eligibility",
                to="catalog.package",
                verbose_name="package",
            ),
        ),
        migrations.CreateModel(
            name="CampaignPackage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="order")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="catalog.campaign",
                        verbose_name="campaign",
                    ),
                ),
                (
                    "package",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="catalog.package",
                        verbose_name="package",
                    ),
                ),
            ],
            options={
                "verbose_name": "package of a campaign",
                "verbose_name_plural": "packages of a campaign",
                "ordering": ["position", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "package"), name="package_once_in_a_campaign")
                ],
            },
        ),
        migrations.AddField(
            model_name="campaign",
            name="packages",
            field=models.ManyToManyField(
                related_name="campaigns",
                through="catalog.CampaignPackage",
                to="catalog.package",
                verbose_name="packages",
            ),
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.SlugField(
                        help_text="What billing systems and reports call it. Never used again for anything else.",
                        max_length=60,
                        unique=True,
                        verbose_name="code",
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
                        max_length=20,
                        verbose_name="family",
                    ),
                ),
                (
                    "names",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts,
                        help_text="As customers read it.",
                        verbose_name="name",
                    ),
                ),
                (
                    "descriptions",
                    foundation.divisions.fields.TranslatedField(
                        blank=True,
                        default=foundation.divisions.fields.Texts,
                        help_text="One sentence that helps a customer choose.",
                        verbose_name="description",
                    ),
                ),
                (
                    "technologies",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("fibre", "Fiber"),
                                ("hfc", "Cable"),
                                ("fixed_wireless", "Fixed wireless"),
                                ("dsl", "DSL"),
                            ],
                            max_length=14,
                        ),
                        blank=True,
                        default=list,
                        help_text="Any one of these will do. None: whatever the address has.",
                        size=None,
                        verbose_name="technologies needed",
                    ),
                ),
                (
                    "minimum_down_mbps",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Mbps that the address must reach. Empty: any speed will do.",
                        null=True,
                        verbose_name="download speed needed",
                    ),
                ),
                (
                    "minimum_up_mbps",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Mbps that the address must reach. Empty: any speed will do.",
                        null=True,
                        verbose_name="upload speed needed",
                    ),
                ),
                (
                    "down_mbps",
                    models.PositiveIntegerField(
                        blank=True, help_text="Mbps, as advertised.", null=True, verbose_name="download speed sold"
                    ),
                ),
                (
                    "up_mbps",
                    models.PositiveIntegerField(
                        blank=True, help_text="Mbps, as advertised.", null=True, verbose_name="upload speed sold"
                    ),
                ),
                (
                    "data_allowance_gb",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Gigabytes a month. Empty: unlimited, or no data.",
                        null=True,
                        verbose_name="data allowance",
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        help_text="Sold here and below.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "product",
                "verbose_name_plural": "products",
                "ordering": ["family", "code"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "family__in",
                                ["internet", "video", "voice", "mobile", "equipment", "accessories", "installation"],
                            )
                        ),
                        name="product_family_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Price",
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
                        choices=[("recurring", "Every month"), ("one_time", "Once")], max_length=10, verbose_name="paid"
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
                        related_name="prices",
                        to="catalog.product",
                        verbose_name="product",
                    ),
                ),
            ],
            options={
                "verbose_name": "price",
                "verbose_name_plural": "prices",
                "ordering": ["product", "kind", "-starts_on"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"),
                        name="price_ends_after_it_starts",
                        violation_error_message="The last day lies before the first.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("product", "="), ("division", "="), ("kind", "="), (catalog.models.Days(), "&&")],
                        name="one_price_at_once",
                        violation_error_message="Another one holds on some of these days. End it first, or choose other days.",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="price_is_not_negative"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["recurring", "one_time"])), name="price_kind_is_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PackageItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="order")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("included", "Always included"),
                            ("choice", "One of a group, the customer chooses"),
                            ("add_on", "Optional add-on"),
                        ],
                        default="included",
                        max_length=10,
                        verbose_name="part",
                    ),
                ),
                (
                    "choice_group",
                    models.SlugField(
                        blank=True,
                        help_text="Only for a choice: the customer takes one product of each group. The first one is preselected.",
                        max_length=40,
                        verbose_name="group to choose from",
                    ),
                ),
                (
                    "minimum",
                    models.PositiveSmallIntegerField(
                        default=1, help_text="How many come with the package. 0 for an add-on.", verbose_name="at least"
                    ),
                ),
                (
                    "maximum",
                    models.PositiveSmallIntegerField(
                        default=1, help_text="How many can be had.", verbose_name="at most"
                    ),
                ),
                (
                    "package",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="catalog.package",
                        verbose_name="package",
                    ),
                ),
                (
                    "relies_on",
                    models.ForeignKey(
                        blank=True,
                        help_text="A part of this package that must be there first, such as the internet that TV runs over.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="dependents",
                        to="catalog.packageitem",
                        verbose_name="relies on",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.product",
                        verbose_name="product",
                    ),
                ),
            ],
            options={
                "verbose_name": "part of a package",
                "verbose_name_plural": "parts of a package",
                "ordering": ["position", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("package", "product"), name="product_once_in_a_package"),
                    models.CheckConstraint(
                        condition=models.Q(("maximum__gte", models.F("minimum")), ("maximum__gte", 1)),
                        name="item_quantities_in_order",
                        violation_error_message="“At most” must be 1 or more, and not below “at least”.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", "choice"), models.Q(("choice_group", ""), _negated=True)),
                            models.Q(models.Q(("role", "choice"), _negated=True), ("choice_group", "")),
                            _connector="OR",
                        ),
                        name="choices_and_only_they_have_a_group",
                        violation_error_message="A choice needs a group to choose from; other parts have none.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role", "add_on"), ("minimum__gte", 1), _connector="OR"),
                        name="what_comes_with_it_comes_at_least_once",
                        violation_error_message="Only an add-on can be left out.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Promotion",
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
                ("code", models.SlugField(max_length=60, unique=True, verbose_name="code")),
                (
                    "names",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts,
                        help_text="As customers read it beside the price.",
                        verbose_name="name",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("recurring", "Every month"), ("one_time", "Once")],
                        default="recurring",
                        help_text="Off the price of every month, or off what is paid once.",
                        max_length=10,
                        verbose_name="taken off",
                    ),
                ),
                (
                    "amount",
                    foundation.money.MoneyField(
                        blank=True,
                        decimal_places=2,
                        help_text="Or percent.",
                        max_digits=12,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(Decimal("0.00"))],
                        verbose_name="amount off",
                    ),
                ),
                (
                    "percent",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="Or an amount.",
                        max_digits=5,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="percent off",
                    ),
                ),
                (
                    "months",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="For how many months, counted from the first bill. Then the price without it. Empty if paid once.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="months",
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
                    "package",
                    models.ForeignKey(
                        blank=True,
                        help_text="Taken off what comes with the package, add-ons excepted. Or choose a product.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promotions",
                        to="catalog.package",
                        verbose_name="package",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        help_text="Taken off this product in whatever package. Or choose a package.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promotions",
                        to="catalog.product",
                        verbose_name="product",
                    ),
                ),
            ],
            options={
                "verbose_name": "promotion",
                "verbose_name_plural": "promotions",
                "ordering": ["code"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"),
                        name="promotion_ends_after_it_starts",
                        violation_error_message="The last day lies before the first.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("package", None), ("product__isnull", False)),
                            models.Q(("package__isnull", False), ("product", None)),
                            _connector="OR",
                        ),
                        name="promotion_of_a_package_or_a_product",
                        violation_error_message="Choose a package or a product, one of the two.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount", None), ("percent__gte", 0), ("percent__isnull", False), ("percent__lte", 100)
                            ),
                            models.Q(("amount__gte", 0), ("amount__isnull", False), ("percent", None)),
                            _connector="OR",
                        ),
                        name="promotion_by_amount_or_percent",
                        violation_error_message="Give an amount or a percentage, one of the two.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "recurring"), ("months__gte", 1), ("months__isnull", False)),
                            models.Q(("kind", "one_time"), ("months", None)),
                            _connector="OR",
                        ),
                        name="promotion_months_if_recurring",
                        violation_error_message="Say for how many months, if and only if it is taken off every month.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("package", None)),
                        expressions=[("product", "="), ("division", "="), ("kind", "="), (catalog.models.Days(), "&&")],
                        name="one_product_promotion",
                        violation_error_message="Another one holds on some of these days. End it first, or choose other days.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("product", None)),
                        expressions=[("package", "="), ("division", "="), ("kind", "="), (catalog.models.Days(), "&&")],
                        name="one_package_promotion",
                        violation_error_message="Another one holds on some of these days. End it first, or choose other days.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Charge",
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
                    "code",
                    models.SlugField(
                        help_text="The same code in a division below replaces this charge there.",
                        max_length=60,
                        verbose_name="code",
                    ),
                ),
                (
                    "names",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts,
                        help_text="As customers read it in the quote.",
                        verbose_name="name",
                    ),
                ),
                (
                    "nature",
                    models.CharField(
                        choices=[("tax", "Tax"), ("fee", "Fee")], default="tax", max_length=10, verbose_name="nature"
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        choices=[
                            ("percent", "Percent of the amounts that it is due on"),
                            ("per_line", "Fixed amount for each unit of each product that it is due on"),
                            ("per_order", "Fixed amount, once for the order"),
                        ],
                        max_length=10,
                        verbose_name="reckoned as",
                    ),
                ),
                (
                    "rate",
                    models.DecimalField(
                        decimal_places=4,
                        help_text="Percent, such as 6.25, or an amount of money in whole cents, such as 1.50. 0 ends it here.",
                        max_digits=9,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="rate",
                    ),
                ),
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
                        help_text="The family that it is due on. Empty: on everything.",
                        max_length=20,
                        verbose_name="only on",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("recurring", "Every month"), ("one_time", "Once")],
                        default="recurring",
                        help_text="On what is paid every month, or on what is paid once. For both, make two charges.",
                        max_length=10,
                        verbose_name="due on",
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
            ],
            options={
                "verbose_name": "tax or fee",
                "verbose_name_plural": "taxes and fees",
                "ordering": ["code", "-starts_on"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"),
                        name="charge_ends_after_it_starts",
                        violation_error_message="The last day lies before the first.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("code", "="), ("division", "="), (catalog.models.Days(), "&&")],
                        name="one_charge_at_once",
                        violation_error_message="Another one holds on some of these days. End it first, or choose other days.",
                    ),
                    models.CheckConstraint(condition=models.Q(("rate__gte", 0)), name="charge_is_not_negative"),
                    models.CheckConstraint(
                        condition=models.Q(("basis__in", ["percent", "per_line", "per_order"])),
                        name="charge_basis_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["recurring", "one_time"])), name="charge_kind_is_known"
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="eligibilitygroup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("campaign__isnull", False), ("package", None)),
                    models.Q(("campaign", None), ("package__isnull", False)),
                    _connector="OR",
                ),
                name="eligibility_of_a_package_or_a_campaign",
                violation_error_message="Choose a package or a campaign, one of the two.",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on", None), ("ends_on__gte", models.F("starts_on")), _connector="OR"),
                name="campaign_ends_after_it_starts",
                violation_error_message="The last day lies before the first.",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["inactive", "active"])), name="campaign_status_is_known"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="charge",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="f3fee8213a8c6d0d41c3567b747db63eb20b30d9",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_d87fb",
                    table="catalog_charge",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="eligibilitycriterion",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="f55003457e2a804b91a3cdba51132d00da18e3fb",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_c2dd8",
                    table="catalog_eligibilitycriterion",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="package",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="069a4f060d57fe088475b252938ef091af67dd3d",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_c1583",
                    table="catalog_package",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="eligibilitygroup",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="17c980e4fa10421d524319cbfbbcfaa40371c76a",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_c2b5e",
                    table="catalog_eligibilitygroup",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="campaignpackage",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="529d3f3722ed89dfd89afc39c0c037bd850694f4",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_28a25",
                    table="catalog_campaignpackage",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="campaign",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="42edd9f28e747431bfdc5873ea7f1f1d7cf770cc",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_acc01",
                    table="catalog_campaign",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="campaign",
            trigger=pgtrigger.compiler.Trigger(
                name="the_default_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF TG_OP = 'UPDATE' AND NEW.code = OLD.code AND NEW.status = 'active' THEN\n                        RETURN NEW;\n                    END IF;\n                    IF EXISTS (\n                        SELECT FROM divisions_divisionsetting\n                        WHERE name = 'catalog.default_campaign' AND value = to_jsonb(OLD.code)\n                    ) THEN\n                        RAISE EXCEPTION 'campaign % is the default of a division', OLD.code\n                            USING ERRCODE = 'restrict_violation';\n                    END IF;\n                    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;\n                ",
                    hash="8bb1ee748666d2bef8df89633598be88c3bd617c",
                    operation='UPDATE OF "status", "code" OR DELETE',
                    pgid="pgtrigger_the_default_stays_f1f9f",
                    table="catalog_campaign",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="product",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="5ced782ace5953b354f611ae71d4cb4e5caf823e",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_908c2",
                    table="catalog_product",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="price",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="87d21f8100fbd442ddd219c63dfa6de4863cdd62",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_6ad00",
                    table="catalog_price",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="packageitem",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="74b187ee3218263a8f0cd7e03240ed765539eb7f",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_7a982",
                    table="catalog_packageitem",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="promotion",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="a179cacadef8a62b5a5cb9b6f872f2eec5a6c28c",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_98658",
                    table="catalog_promotion",
                    when="AFTER",
                ),
            ),
        ),
    ]
