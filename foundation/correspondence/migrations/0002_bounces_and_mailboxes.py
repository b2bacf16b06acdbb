from typing import Any

from django.db import migrations, models

from foundation.correspondence.mailboxes import normalised_email


def fill_mailboxes(apps: Any, _schema_editor: Any) -> None:
    suppression = apps.get_model("correspondence", "Suppression")
    rows = list(suppression.objects.all())
    for row in rows:
        row.mailbox = normalised_email(row.email)
    suppression.objects.bulk_update(rows, ["mailbox"], batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [("correspondence", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="suppression",
            name="mailbox",
            field=models.CharField(db_index=True, default="", editable=False, max_length=254),
            preserve_default=False,
        ),
        migrations.RunPython(fill_mailboxes, migrations.RunPython.noop, elidable=True),
        migrations.RemoveConstraint(model_name="message", name="message_status_is_known"),
        migrations.AlterField(
            model_name="message",
            name="status",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("sending", "Sending"),
                    ("sent", "Sent"),
                    ("suppressed", "Not sent: the recipient asked for none"),
                    ("failed", "Failed"),
                    ("bounced", "Refused: the address does not work"),
                    ("withheld", "Not sent: no longer wanted"),
                ],
                default="queued",
                max_length=12,
                verbose_name="status",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["queued", "sending", "sent", "suppressed", "failed", "bounced", "withheld"])
                ),
                name="message_status_is_known",
            ),
        ),
    ]
