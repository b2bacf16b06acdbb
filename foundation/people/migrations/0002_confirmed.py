import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KNOWN = "UPDATE people_user SET confirmed_at = now() WHERE id IN (SELECT user_id FROM people_roleassignment)"
"""Who had a role before people were confirmed goes on as they were."""


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("people", "0001_schema"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="confirmed_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="confirmed at"),
        ),
        migrations.AddField(
            model_name="user",
            name="confirmed_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="confirmed by",
            ),
        ),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("confirmed_by", None), models.Q(("confirmed_by", models.F("pk")), _negated=True), _connector="OR"
                ),
                name="confirmed_by_another",
            ),
        ),
    ]
