import django.core.serializers.json
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import foundation.divisions.fields
import foundation.money
import foundation.now
import orders.models


class Migration(migrations.Migration):
    replaces = [
        ("orders", "0001_initial"),
        ("orders", "0002_agreed_content"),
        ("orders", "0003_booked_windows_stay"),
        ("orders", "0004_find_by_work_order"),
        ("orders", "0005_facts_in_any_order"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_schema"),
        ("catalog", "0001_schema"),
        ("divisions", "0001_schema"),
        ("people", "__first__"),
        ("territory", "0001_schema"),
    ]

    operations = [
        migrations.CreateModel(
            name="AppointmentSlot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="to")),
                (
                    "capacity",
                    models.PositiveSmallIntegerField(help_text="How many visits fit into it.", verbose_name="capacity"),
                ),
                ("booked", models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="taken")),
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
                "verbose_name": "appointment slot",
                "verbose_name_plural": "appointment slots",
                "ordering": ["starts_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("booked__lte", models.F("capacity"))),
                        name="slot_is_not_overbooked",
                        violation_error_message="More visits than this are booked already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="slot_ends_after_it_starts",
                        violation_error_message="The slot ends before it starts.",
                    ),
                    models.UniqueConstraint(fields=("division", "starts_at", "ends_at"), name="one_slot_per_window"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "token",
                    models.CharField(default=orders.models.new_token, editable=False, max_length=40, unique=True),
                ),
                ("number", models.CharField(blank=True, editable=False, max_length=20, verbose_name="number")),
                ("start_key", models.CharField(editable=False, max_length=80, unique=True)),
                ("site_code", models.CharField(blank=True, max_length=40, verbose_name="site")),
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
                        max_length=20,
                        verbose_name="channel",
                    ),
                ),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("acknowledged", "Received"),
                            ("pending", "Accepted"),
                            ("in_progress", "In progress"),
                            ("held", "On hold"),
                            ("partial", "Partly ready"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("rejected", "Rejected"),
                            ("assessing_cancellation", "Cancellation to be decided"),
                            ("pending_cancellation", "Being cancelled"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=30,
                        verbose_name="status",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="started"),
                ),
                (
                    "touched_at",
                    models.DateTimeField(default=foundation.now.now, editable=False, verbose_name="last changed"),
                ),
                ("address", models.CharField(max_length=250, verbose_name="service address")),
                ("campaign", models.CharField(blank=True, max_length=60, verbose_name="campaign")),
                ("selection", models.JSONField(editable=False, null=True, verbose_name="chosen")),
                ("quote", models.JSONField(editable=False, null=True, verbose_name="as quoted")),
                ("currency", models.CharField(blank=True, editable=False, max_length=3, verbose_name="currency")),
                (
                    "due_today",
                    foundation.money.MoneyField(
                        decimal_places=2, editable=False, max_digits=12, null=True, verbose_name="due today"
                    ),
                ),
                (
                    "monthly",
                    foundation.money.MoneyField(
                        decimal_places=2, editable=False, max_digits=12, null=True, verbose_name="each month"
                    ),
                ),
                (
                    "monthly_after",
                    foundation.money.MoneyField(
                        decimal_places=2,
                        editable=False,
                        max_digits=12,
                        null=True,
                        verbose_name="each month after promotions",
                    ),
                ),
                (
                    "contact",
                    models.JSONField(
                        default=dict,
                        editable=False,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="details as typed",
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="note for the technician")),
                ("attribution", models.JSONField(default=list, editable=False)),
                ("terms_accepted_at", models.DateTimeField(editable=False, null=True, verbose_name="terms accepted")),
                ("terms_evidence", models.JSONField(default=dict, editable=False)),
                ("terms_digest", models.CharField(blank=True, editable=False, max_length=64)),
                ("submitted_at", models.DateTimeField(editable=False, null=True, verbose_name="submitted")),
                ("idempotency_key", models.CharField(editable=False, max_length=80, null=True, unique=True)),
                ("submitted_digest", models.CharField(blank=True, editable=False, max_length=64)),
                ("accepted_at", models.DateTimeField(editable=False, null=True, verbose_name="accepted")),
                ("work_order_request_id", models.CharField(blank=True, db_index=True, editable=False, max_length=100)),
                (
                    "work_order_id",
                    models.CharField(blank=True, editable=False, max_length=100, verbose_name="work order"),
                ),
                (
                    "work_order_stage",
                    models.CharField(
                        choices=[
                            ("none", "Not asked for"),
                            ("asked", "Asked for"),
                            ("unknown", "Unknown: being looked up"),
                            ("refused", "Refused"),
                            ("confirmed", "Confirmed"),
                            ("dispatched", "Technician on the way"),
                            ("partly", "Partly installed"),
                            ("installed", "Installed"),
                            ("failed", "Could not be installed"),
                        ],
                        default="none",
                        editable=False,
                        max_length=12,
                        verbose_name="work order",
                    ),
                ),
                ("work_order_at", models.DateTimeField(editable=False, null=True)),
                ("work_order_changes", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("completed_at", models.DateTimeField(editable=False, null=True, verbose_name="completed")),
                (
                    "hold_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("delinquent", "Bills of an earlier account are overdue"),
                            ("work_order_refused", "The billing system refused the work order"),
                            ("customer_asked", "The customer asked to wait"),
                            ("to_clarify", "Something has to be clarified"),
                        ],
                        editable=False,
                        max_length=30,
                        verbose_name="held because",
                    ),
                ),
                ("hold_note", models.TextField(blank=True, editable=False, verbose_name="note on the hold")),
                ("hold_reminder_at", models.DateTimeField(editable=False, null=True, verbose_name="look at it again")),
                (
                    "cancel_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("changed_mind", "Changed their mind"),
                            ("competitor", "Went to a competitor"),
                            ("moved", "Moves elsewhere"),
                            ("too_late", "Takes too long"),
                            ("mistake", "Ordered by mistake"),
                            ("not_accepted", "Not accepted by us"),
                            ("abandoned", "Never submitted"),
                            ("by_vendor", "Ended by the billing system"),
                            ("not_installed", "Could not be installed"),
                        ],
                        editable=False,
                        max_length=30,
                        verbose_name="cancelled because",
                    ),
                ),
                ("cancel_note", models.TextField(blank=True, editable=False, verbose_name="note on the cancellation")),
                ("problem", models.TextField(blank=True, editable=False, verbose_name="problem")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                (
                    "account",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="accounts.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
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
                    "hold_owner",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="looked after by",
                    ),
                ),
                (
                    "premises",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.premises",
                        verbose_name="premises",
                    ),
                ),
                (
                    "qualification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.qualification",
                        verbose_name="address check",
                    ),
                ),
                (
                    "sold_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="sold by",
                    ),
                ),
                (
                    "sold_for",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.partner",
                        verbose_name="sold for",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="ordered by",
                    ),
                ),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Appointment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("held", "Kept for a while"), ("booked", "Booked"), ("released", "Given back")],
                        default="held",
                        editable=False,
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("held_until", models.DateTimeField(editable=False, null=True, verbose_name="kept until")),
                (
                    "given_starts_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="from, as the billing system says"),
                ),
                (
                    "given_ends_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="to, as the billing system says"),
                ),
                ("given_at", models.DateTimeField(editable=False, null=True)),
                (
                    "slot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="orders.appointmentslot",
                        verbose_name="slot",
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="appointment",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "appointment",
                "verbose_name_plural": "appointments",
                "indexes": [
                    models.Index(condition=models.Q(("status", "held")), fields=["held_until"], name="appointment_held")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["held", "booked", "released"])),
                        name="appointment_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("held_until__isnull", False), ("status", "held")),
                            models.Q(models.Q(("status", "held"), _negated=True), ("held_until", None)),
                            _connector="OR",
                        ),
                        name="held_appointments_say_until_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("given_ends_at", None), ("given_starts_at", None)),
                            ("given_ends_at__gt", models.F("given_starts_at")),
                            _connector="OR",
                        ),
                        name="given_window_is_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                (
                    "names",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts, verbose_name="name"
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
                ("quantity", models.PositiveSmallIntegerField(default=1, verbose_name="quantity")),
                ("recurring", foundation.money.MoneyField(decimal_places=2, max_digits=12, verbose_name="each month")),
                (
                    "recurring_after",
                    foundation.money.MoneyField(
                        decimal_places=2, max_digits=12, verbose_name="each month after promotions"
                    ),
                ),
                ("promotion_months", models.PositiveSmallIntegerField(default=0, verbose_name="months of promotion")),
                ("one_time", foundation.money.MoneyField(decimal_places=2, max_digits=12, verbose_name="once")),
                ("relies_on", models.CharField(blank=True, max_length=60, verbose_name="relies on")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("acknowledged", "Received"),
                            ("pending", "Waits for another service"),
                            ("in_progress", "In progress"),
                            ("completed", "Ready"),
                            ("failed", "Could not be installed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="acknowledged",
                        editable=False,
                        max_length=20,
                        verbose_name="status",
                    ),
                ),
                ("installed_on", models.DateField(editable=False, null=True, verbose_name="installed")),
                ("problem", models.TextField(blank=True, editable=False, verbose_name="problem")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        db_column="product_code",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.product",
                        to_field="code",
                        verbose_name="product",
                    ),
                ),
            ],
            options={
                "verbose_name": "order line",
                "verbose_name_plural": "order lines",
                "ordering": ["order", "position"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["acknowledged", "pending", "in_progress", "completed", "failed", "cancelled"],
                            )
                        ),
                        name="line_status_is_known",
                    ),
                    models.UniqueConstraint(fields=("order", "position"), name="one_line_per_position"),
                    models.UniqueConstraint(fields=("order", "product"), name="one_line_per_product"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("one_time__gte", 0), ("recurring__gte", 0), ("recurring_after__gte", models.F("recurring"))
                        ),
                        name="line_amounts_are_not_negative",
                    ),
                    models.CheckConstraint(condition=models.Q(("quantity__gte", 1)), name="line_quantity_is_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("installed_on__isnull", False), ("status", "completed")),
                            models.Q(models.Q(("status", "completed"), _negated=True), ("installed_on", None)),
                            _connector="OR",
                        ),
                        name="ready_lines_say_since_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InstalledService",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.PositiveSmallIntegerField(default=1, verbose_name="quantity")),
                ("since", models.DateField(verbose_name="since")),
                ("until", models.DateField(blank=True, null=True, verbose_name="until")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="services",
                        to="accounts.account",
                        verbose_name="account",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="services",
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
                    "premises",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.premises",
                        verbose_name="premises",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        db_column="product_code",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.product",
                        to_field="code",
                        verbose_name="product",
                    ),
                ),
                (
                    "line",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="service",
                        to="orders.orderline",
                        verbose_name="order line",
                    ),
                ),
            ],
            options={
                "verbose_name": "active service",
                "verbose_name_plural": "active services",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["division", "-id"], name="service_division")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                        name="service_ends_after_it_starts",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TermsVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.CharField(help_text="Such as 2026-11.", max_length=40, verbose_name="version")),
                (
                    "titles",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts, verbose_name="title"
                    ),
                ),
                (
                    "texts",
                    foundation.divisions.fields.TranslatedField(
                        default=foundation.divisions.fields.Texts, multiline=True, verbose_name="text"
                    ),
                ),
                ("published_at", models.DateTimeField(default=foundation.now.now, verbose_name="in force from")),
                (
                    "division",
                    models.ForeignKey(
                        help_text="They hold here and below, except where a division below has its own.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="divisions.division",
                        verbose_name="division",
                    ),
                ),
            ],
            options={
                "verbose_name": "terms of service",
                "verbose_name_plural": "terms of service",
                "ordering": ["-published_at"],
                "constraints": [models.UniqueConstraint(fields=("division", "version"), name="one_text_per_version")],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="terms",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="orders.termsversion",
                verbose_name="terms",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["division", "-id"], name="order_division"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["customer", "-id"], name="order_customer"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["sold_for", "-id"], name="order_partner"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "acknowledged",
                            "assessing_cancellation",
                            "failed",
                            "held",
                            "in_progress",
                            "partial",
                            "pending",
                            "pending_cancellation",
                        ],
                    )
                ),
                fields=["division", "status", "-id"],
                name="order_open",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                django.db.models.functions.text.Upper("work_order_id"),
                condition=models.Q(("work_order_id", ""), _negated=True),
                name="order_work_order",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(condition=models.Q(("status", "draft")), fields=["touched_at"], name="order_draft_age"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "draft",
                            "acknowledged",
                            "pending",
                            "in_progress",
                            "held",
                            "partial",
                            "completed",
                            "failed",
                            "rejected",
                            "assessing_cancellation",
                            "pending_cancellation",
                            "cancelled",
                        ],
                    )
                ),
                name="order_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(("number", ""), _negated=True), fields=("number",), name="one_order_per_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("number", ""), ("status__in", ["draft", "cancelled"]), ("submitted_at", None)),
                    models.Q(
                        models.Q(("status", "draft"), _negated=True),
                        ("account__isnull", False),
                        ("customer__isnull", False),
                        ("due_today__isnull", False),
                        ("idempotency_key__isnull", False),
                        ("monthly__isnull", False),
                        ("monthly_after__isnull", False),
                        ("quote__isnull", False),
                        ("submitted_at__isnull", False),
                        ("terms__isnull", False),
                        ("terms_accepted_at__isnull", False),
                        models.Q(("number", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="submitted_orders_are_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "held"), _negated=True),
                    models.Q(("hold_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="held_orders_say_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "cancelled"), _negated=True),
                    models.Q(models.Q(("cancel_reason", ""), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="cancelled_orders_say_why_and_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "completed"), _negated=True), ("completed_at__isnull", False), _connector="OR"
                ),
                name="completed_orders_say_when",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="appointmentslot",
            trigger=pgtrigger.compiler.Trigger(
                name="booked_windows_stay",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."booked" > 0 AND (OLD."division_id" IS DISTINCT FROM (NEW."division_id") OR OLD."starts_at" IS DISTINCT FROM (NEW."starts_at") OR OLD."ends_at" IS DISTINCT FROM (NEW."ends_at")))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="08d9be8b3a96bff524aed955cb53a8d98ee83b94",
                    operation="UPDATE",
                    pgid="pgtrigger_booked_windows_stay_22c77",
                    table="orders_appointmentslot",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="termsversion",
            trigger=pgtrigger.compiler.Trigger(
                name="terms_never_change",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="3e35b62608d8d794dd2b9c4cb0266d427eb1b7cd",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_terms_never_change_cfec8",
                    table="orders_termsversion",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="termsversion",
            trigger=pgtrigger.compiler.Trigger(
                name="bumps_configuration",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO divisions_configuration (id, version) VALUES (1, nextval('divisions_configuration_version'))\n            ON CONFLICT (id) DO UPDATE SET version = excluded.version;\n            RETURN NULL;\n        ",
                    hash="ab2ff7bd0b27419c42edc700bbd1248bab3b1c6b",
                    level="STATEMENT",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_bumps_configuration_fa0d9",
                    table="orders_termsversion",
                    when="AFTER",
                ),
            ),
        ),
    ]
